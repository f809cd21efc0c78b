"""Numbers with their nouns."""

import pytest
from userprofiles.jobs.counted import counted


@pytest.mark.parametrize(("number", "text"), [(0, "0 rows"), (1, "1 row"), (2_000, "2,000 rows")])
def test_noun_is_in_the_singular_for_one_only(number, text):
    assert counted(number, "row") == text
