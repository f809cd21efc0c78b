import pytest
from userprofiles import phone_number


@pytest.mark.parametrize(
    ("number", "parts"),
    [
        ("+14155550123", ("1", "4155550123")),
        ("+79161234567", ("7", "9161234567")),
        ("+442012345678", ("44", "2012345678")),
        ("+919812345678", ("91", "9812345678")),
        ("+35312345678", ("353", "12345678")),
        ("+8801712345678", ("880", "1712345678")),
        ("4155550123", ("", "")),
        ("+0123456", ("", "")),
        ("+1234567890123456", ("", "")),
        ("+\u0664\u0664123", ("", "")),
        ("+", ("", "")),
        ("", ("", "")),
    ],
)
def test_number_is_split_after_the_country_code(number: str, parts: tuple[str, str]) -> None:
    assert phone_number.split(number) == parts
