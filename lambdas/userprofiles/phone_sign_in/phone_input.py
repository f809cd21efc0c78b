"""Phone numbers as users type them, in one form: E.164.

The rules come from libphonenumber (https://github.com/google/libphonenumber), in its Python port. It is
imported when the first number is checked, which takes 20 ms, so that no other function waits for it.
"""

import re
import unicodedata
from collections.abc import Collection
from enum import StrEnum

DEFAULT_COUNTRY_CODE = "1"

_MAX_INPUT = 64
_COUNTRY_CODE = re.compile(r"[1-9][0-9]{0,2}")
# What people write between digits. Letters are refused: libphonenumber reads "1-800-FLOWERS" as a number.
_PUNCTUATION = frozenset("+./·*")
_PUNCTUATION_CATEGORIES = frozenset({"Nd", "Zs", "Pd", "Ps", "Pe"})
# The prefix of international calls in most countries. libphonenumber accepts it for those countries only.
_INTERNATIONAL_PREFIX = "00"


class PhoneNumberProblem(StrEnum):
    """Why a phone number is not accepted."""

    MISSING = "MISSING"
    COUNTRY_CODE = "COUNTRY_CODE"
    INVALID = "INVALID"
    PREMIUM = "PREMIUM"
    NOT_MOBILE = "NOT_MOBILE"
    COUNTRY_NOT_ALLOWED = "COUNTRY_NOT_ALLOWED"


_MESSAGES = {
    PhoneNumberProblem.MISSING: "Enter a phone number.",
    PhoneNumberProblem.COUNTRY_CODE: (
        "The country code must be the 1 to 3 digits of a country, such as 1 or 44."
    ),
    PhoneNumberProblem.INVALID: (
        "This is not a valid phone number of its country. Enter the number with its area code, or in "
        "international format, such as +14155550123."
    ),
    PhoneNumberProblem.PREMIUM: (
        "Codes are not sent to premium-rate and shared-cost numbers. Enter a mobile number."
    ),
    PhoneNumberProblem.NOT_MOBILE: "This number cannot receive text messages. Enter a mobile number.",
    PhoneNumberProblem.COUNTRY_NOT_ALLOWED: "Codes are not sent to phone numbers of this country.",
}


class PhoneNumberError(ValueError):
    """A phone number is not accepted. The message is for the user and repeats nothing of the input.

    Attributes:
        reason: Why it is not accepted.
        message: The text for the user.
    """

    def __init__(self, reason: PhoneNumberProblem) -> None:
        self.reason = reason
        self.message = _MESSAGES[reason]
        super().__init__(self.message)


def normalize(
    phone_number: object,
    country_code: object = None,
    *,
    default_country_code: str = DEFAULT_COUNTRY_CODE,
    allowed_countries: Collection[str] = (),
) -> str:
    """Return a phone number in E.164 form. All forms of one number have the same result.

    Mobile numbers are accepted, and numbers of countries where mobile and fixed lines have the same form,
    such as the USA. Fixed lines are not: most of them can't receive text messages.

    Args:
        phone_number: The number in national or international form, with or without punctuation.
        country_code: The calling code of a number in national form, such as `44`; None for the default.
        default_country_code: The calling code of numbers without one.
        allowed_countries: ISO codes of the allowed countries, such as `US`; empty to allow all.

    Raises:
        PhoneNumberError: The number is not accepted.
    """
    import phonenumbers  # noqa: PLC0415  (see the docstring of this module)

    digits = _clean(phone_number)
    region = _find_region(country_code, default_country_code)
    try:
        number = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        raise PhoneNumberError(PhoneNumberProblem.INVALID) from None
    if not phonenumbers.is_valid_number(number):
        raise PhoneNumberError(PhoneNumberProblem.INVALID)
    _check_type(phonenumbers.number_type(number))
    if allowed_countries and phonenumbers.region_code_for_number(number) not in allowed_countries:
        raise PhoneNumberError(PhoneNumberProblem.COUNTRY_NOT_ALLOWED)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _clean(phone_number: object) -> str:
    """Return the number without invisible characters, and with a plus sign instead of the prefix 00."""
    if not isinstance(phone_number, str) or len(phone_number) > _MAX_INPUT:
        raise PhoneNumberError(
            PhoneNumberProblem.MISSING if phone_number is None else PhoneNumberProblem.INVALID
        )
    # Address books surround copied numbers with direction marks (category Cf).
    text = "".join(
        character
        for character in unicodedata.normalize("NFKC", phone_number)
        if unicodedata.category(character) != "Cf"
    ).strip()
    if not text:
        raise PhoneNumberError(PhoneNumberProblem.MISSING)
    for character in text:
        is_punctuation = unicodedata.category(character) in _PUNCTUATION_CATEGORIES
        if character not in _PUNCTUATION and not is_punctuation:
            raise PhoneNumberError(PhoneNumberProblem.INVALID)
    digits = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else "+" * (c == "+") for c in text)
    return f"+{digits[2:]}" if digits.startswith(_INTERNATIONAL_PREFIX) else digits


def _find_region(country_code: object, default_country_code: str) -> str:
    """Return the ISO code of the main country of a calling code."""
    import phonenumbers  # noqa: PLC0415  (see the docstring of this module)

    is_missing = country_code is None or country_code == ""
    code = default_country_code if is_missing else country_code
    text = str(code).strip().removeprefix("+") if isinstance(code, str | int) else ""
    region = phonenumbers.region_code_for_country_code(int(text)) if _COUNTRY_CODE.fullmatch(text) else None
    if region not in phonenumbers.SUPPORTED_REGIONS:
        raise PhoneNumberError(PhoneNumberProblem.COUNTRY_CODE)
    return str(region)


def _check_type(number_type: int) -> None:
    """Refuse numbers that cost more than others, and numbers that can't receive text messages."""
    from phonenumbers import PhoneNumberType  # noqa: PLC0415  (see the docstring of this module)

    if number_type in {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}:
        return
    if number_type in {PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST}:
        raise PhoneNumberError(PhoneNumberProblem.PREMIUM)
    raise PhoneNumberError(PhoneNumberProblem.NOT_MOBILE)
