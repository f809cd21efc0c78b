"""Splits a phone number into the country calling code and the national number."""

import re

_E164 = re.compile(r"\+[1-9][0-9]{1,14}")

# Country codes are prefix-free: those below have one or two digits, all others have three (ITU-T, "List of
# Recommendation ITU-T E.164 assigned country codes").
_ONE_DIGIT = frozenset("17")
_TWO_DIGITS = re.compile(
    "2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]",
)


def split(number: str) -> tuple[str, str]:
    """Split a number in E.164 form, such as `+14155550123`, into `1` and `4155550123`.

    Returns:
        Two empty texts if the number is not in E.164 form.
    """
    if not _E164.fullmatch(number):
        return "", ""
    digits = number[1:]
    length = 1 if digits[0] in _ONE_DIGIT else 2 if _TWO_DIGITS.match(digits) else 3
    return digits[:length], digits[length:]
