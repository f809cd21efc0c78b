"""How many failed users a run accepts."""

import pytest
from userprofiles.jobs.tolerance import parse_tolerance


@pytest.mark.parametrize(
    ("text", "limit"), [("0", 0), ("100", 100), ("0.5%", 50), ("100%", 10_000), (" 1% ", 100), ("0.001%", 0)]
)
def test_limit(text, limit):
    assert parse_tolerance(text).limit(10_000) == limit


@pytest.mark.parametrize("text", ["", "-1", "1.5", "101%", "%", "1e3", "ten", "1 %", "5%%"])
def test_wrong_text_says_what_is_allowed(text):
    with pytest.raises(ValueError, match=r"allowed is a number of failed users, such as 100, or a share"):
        parse_tolerance(text)
