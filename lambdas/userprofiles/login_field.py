"""The address with which a user of the template `social` signs in."""

from collections.abc import Mapping
from typing import Any

_DEFAULT_COUNTRY_CODE = "1"


def get_login_field(account: Mapping[str, Any]) -> str:
    """Return the e-mail address of an account if it has one, else the phone number in E.164 form.

    An imported account has an e-mail address only if the old application has verified it, so the result is
    always an address that Cognito knows.

    Args:
        account: The fields of an account of the template `social`: `email`, `country_code` and
            `phone_number`, which has no country code.

    Returns:
        An empty text if the account has neither.
    """
    if account.get("email"):
        return str(account["email"])
    number = account.get("phone_number")
    return f"+{account.get('country_code') or _DEFAULT_COUNTRY_CODE}{number}" if number else ""
