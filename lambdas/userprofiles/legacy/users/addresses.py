"""The addresses of an old user that the old application has verified. Pure functions."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field

from userprofiles.legacy.mapping.records import LegacyUser
from userprofiles.phone_sign_in.phone_input import (
    DEFAULT_COUNTRY_CODE,
    PhoneNumberError,
    PhoneNumberProblem,
    normalize,
)

PHONE_NOT_VERIFIED = "the old application has not verified the phone number"

_PHONE_PROBLEMS = {
    PhoneNumberProblem.MISSING: "the user has no phone number",
    PhoneNumberProblem.COUNTRY_CODE: "the country code of the phone number is not valid",
    PhoneNumberProblem.INVALID: "the phone number is not valid",
    PhoneNumberProblem.PREMIUM: "the phone number has premium rates",
    PhoneNumberProblem.NOT_MOBILE: "the phone number can't receive text messages",
    PhoneNumberProblem.COUNTRY_NOT_ALLOWED: "the phone number is of a country that is not allowed",
}


@dataclass(frozen=True)
class Addresses:
    """The addresses with which a user can sign in.

    Attributes:
        phone: The phone number in E.164 form; empty if it can't be used.
        email: The e-mail address in lower case if the old application has verified it, else empty.
        unverified_email: The e-mail address in lower case if the old application has not verified it.
        problem: Why the user needs a decision, without any value; empty if the phone number can be used.
    """

    phone: str = field(repr=False)
    email: str = field(repr=False)
    unverified_email: str = field(repr=False)
    problem: str = ""

    @property
    def main(self) -> str:
        """The address that becomes the user name in Cognito; empty if the user can't be imported."""
        return self.phone or self.email


def read_addresses(user: LegacyUser, default_country_code: str = DEFAULT_COUNTRY_CODE) -> Addresses:
    """Return the addresses of a user.

    Args:
        user: The user.
        default_country_code: The calling code of phone numbers without one.
    """
    email = user.email.strip().lower()
    is_email_verified = bool(email) and user.is_email_verified
    phone, problem = "", ""
    try:
        phone = normalize(
            user.phone_number or None, user.country_code, default_country_code=default_country_code
        )
    except PhoneNumberError as error:
        problem = _PHONE_PROBLEMS[error.reason]
    if phone and not user.is_phone_verified:
        problem = PHONE_NOT_VERIFIED
    return Addresses(
        phone=phone,
        email=email if is_email_verified else "",
        unverified_email="" if is_email_verified else email,
        problem=problem,
    )


def create_salt() -> str:
    """Return a new random salt for `address_hash`."""
    return secrets.token_hex(16)


def address_hash(source: str, salt: str, address: str) -> str:
    """Return the hash of an address for a claim. The same address has another hash in each claim.

    Args:
        source: The name of the old application.
        salt: The salt of the claim.
        address: The address.
    """
    return hmac.new(salt.encode(), f"{source}|{address}".encode(), hashlib.sha256).hexdigest()
