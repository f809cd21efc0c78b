"""Settings of the functions that create and check codes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from userprofiles import settings
from userprofiles.phone_sign_in.phone_input import DEFAULT_COUNTRY_CODE
from userprofiles.settings import SettingsError
from userprofiles.text_messages.code_message import VALID_SECONDS

_COUNTRY_CODE = re.compile(r"[1-9][0-9]{0,2}")


@dataclass(frozen=True)
class CodeLimits:
    """How long codes are valid, and how many of them a phone number gets.

    Attributes:
        digits: Number of digits of a code.
        valid_seconds: How long a code is valid.
        resend_seconds: How long a phone number waits for another code.
        codes_per_hour: Codes for one phone number in an hour.
        codes_per_day: Codes for one phone number in a day.
        tries_per_code: Wrong answers after which a code is invalid, in all sessions together.
        failures_before_lock: Wrong answers after which a phone number is locked, in all sessions together.
        lock_seconds: How long it is locked after the last of them.
        approval_seconds: How long a code that an endpoint has approved can be used.
    """

    digits: int = 6
    valid_seconds: int = VALID_SECONDS
    resend_seconds: int = 30
    codes_per_hour: int = 5
    codes_per_day: int = 30
    tries_per_code: int = 3
    failures_before_lock: int = 10
    lock_seconds: int = 3600
    approval_seconds: int = 60


@dataclass(frozen=True)
class CodeSettings:
    """Where codes are stored, and for which phone numbers there are any.

    Attributes:
        codes_table: Name of the table of codes.
        code_key_id: The KMS key that computes MACs.
        default_country_code: Calling code of phone numbers without one.
        allowed_countries: ISO codes of the countries whose phone numbers get codes; empty for all.
        limits: Limits of codes.
    """

    codes_table: str
    code_key_id: str
    default_country_code: str
    allowed_countries: tuple[str, ...]
    limits: CodeLimits

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "CodeSettings":
        """Read the settings from a function's environment.

        Args:
            environment: CODES_TABLE and CODE_KEY_ID, which are required, and DEFAULT_COUNTRY_CODE,
                ALLOWED_COUNTRIES, CODE_DIGITS, RESEND_SECONDS, CODES_PER_HOUR and CODES_PER_DAY.

        Raises:
            userprofiles.settings.SettingsError: A variable is missing or wrong.
        """
        defaults = CodeLimits()
        return cls(
            codes_table=settings.required(environment, "CODES_TABLE"),
            code_key_id=settings.required(environment, "CODE_KEY_ID"),
            default_country_code=_country_code(environment),
            allowed_countries=settings.countries(environment, "ALLOWED_COUNTRIES"),
            limits=CodeLimits(
                digits=settings.whole_number(environment, "CODE_DIGITS", defaults.digits, least=6, most=8),
                resend_seconds=settings.whole_number(
                    environment, "RESEND_SECONDS", defaults.resend_seconds, least=30, most=120
                ),
                codes_per_hour=settings.whole_number(
                    environment, "CODES_PER_HOUR", defaults.codes_per_hour, least=1, most=20
                ),
                codes_per_day=settings.whole_number(
                    environment, "CODES_PER_DAY", defaults.codes_per_day, least=1, most=100
                ),
            ),
        )


def _country_code(environment: Mapping[str, str]) -> str:
    code = environment.get("DEFAULT_COUNTRY_CODE", "").strip() or DEFAULT_COUNTRY_CODE
    if not _COUNTRY_CODE.fullmatch(code):
        raise SettingsError(f"DEFAULT_COUNTRY_CODE must have 1 to 3 digits, such as 1 or 44, got {code!r}.")
    return code
