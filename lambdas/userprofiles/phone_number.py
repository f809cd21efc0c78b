"""Splits a phone number into the country calling code and the national number."""

# Country codes are prefix-free: those below have one or two digits, all others have three (ITU-T, "List of
# Recommendation ITU-T E.164 assigned country codes").
_ONE_DIGIT = frozenset("17")
# The second digits of the codes with two digits, by their first digit.
_SECOND_DIGITS = {
    "2": "07",
    "3": "0123469",
    "4": "013456789",
    "5": "12345678",
    "6": "0123456",
    "8": "1246",
    "9": "0123458",
}
_MAX_DIGITS = 15  # of an E.164 number


def split(number: str) -> tuple[str, str]:
    """Split a number in E.164 form, such as `+14155550123`, into `1` and `4155550123`.

    Returns:
        Two empty texts if the number is not in E.164 form.
    """
    digits = number[1:]
    is_digits = digits.isascii() and digits.isdecimal() and len(digits) <= _MAX_DIGITS
    if not number.startswith("+") or not is_digits or digits.startswith("0"):
        return "", ""
    if digits[0] in _ONE_DIGIT:
        return digits[:1], digits[1:]
    length = 2 if digits[1:2] in _SECOND_DIGITS.get(digits[0], "") else 3
    return digits[:length], digits[length:]
