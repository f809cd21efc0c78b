"""The country of a phone number that may get text messages.

The sender checks this for each message, because Cognito's own sign-up and reset codes go to numbers that no
function of ours has checked.
"""

import re

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
# The types that phone sign-in accepts. Premium-rate, shared-cost and personal numbers cost more; most others
# cannot get text messages. Some countries do not separate fixed lines from mobile numbers.
_ALLOWED_TYPES = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})


def find_country(phone: str) -> str | None:
    """Return the ISO 3166-1 code of a number's country, or None if the number must not get messages.

    A number with a trunk prefix, such as `+4407911123456`, is refused: it would have limits of its own.
    """
    if not _E164.fullmatch(phone):
        return None
    try:
        number = phonenumbers.parse(phone)
    except phonenumbers.NumberParseException:
        return None
    is_only_form = phonenumbers.format_number(number, PhoneNumberFormat.E164) == phone
    if not is_only_form or phonenumbers.number_type(number) not in _ALLOWED_TYPES:
        return None
    return phonenumbers.region_code_for_number(number)
