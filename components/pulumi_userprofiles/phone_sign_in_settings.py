"""Checked settings of phone sign-in. This module creates no resources."""

import re
from collections.abc import Mapping
from typing import Any

from pulumi_userprofiles.identifiers import SECRET_ARN, SECURE_STRING_ARN, matches_form
from pulumi_userprofiles.nested_settings import nested_settings
from pulumi_userprofiles.phone_sign_in_arguments import PhoneSignInSettings, TextMessageProvider
from pulumi_userprofiles.validation import (
    InvalidArgumentError,
    boolean,
    check_known_arguments,
    enum_member,
    integer,
    plain_value,
    string_list,
)

_NORTH_AMERICA = ("CA", "US")
_COUNTRY = re.compile(r"[A-Z]{2}")
_COUNTRY_CODE = re.compile(r"[1-9][0-9]{0,2}")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_SENDER_ID = re.compile(r"(?=[0-9A-Za-z]*[A-Za-z])[0-9A-Za-z]{1,11}")
_SERVICE_SID = re.compile(r"MG[0-9a-fA-F]{32}")
_TEXT_LIMIT = 140  # with a code of eight digits still one text message of the GSM alphabet
_DEFAULT_TEXT = "{code} is your code. It is valid for 3 minutes."
_SNS_ONLY = ("sender_id", "origination_number", "spend_alarm_usd")
_TWILIO_ONLY = ("twilio_secret_arn", "twilio_from", "twilio_messaging_service_sid")


class CheckedPhoneSignIn:
    """The settings of phone sign-in, checked, as values and as environment variables of its functions."""

    def __init__(self, where: str, all_args: Mapping[str, Any], key: str = "settings") -> None:
        """Check the settings.

        Args:
            where: The component, as error messages show it.
            all_args: The component's arguments.
            key: The argument with the settings.

        Raises:
            InvalidArgumentError: The argument is not a dict, or a setting is not valid.
        """
        self._where = where
        try:
            settings = nested_settings(where, all_args, key, PhoneSignInSettings.__annotations__)
            check_known_arguments(where, settings, PhoneSignInSettings.__annotations__)
            self._read(settings)
        except InvalidArgumentError as error:
            raise _with_field_names(where, key, error) from None

    def _read(self, args: Mapping[str, Any]) -> None:
        self.twilio_secret_arn: Any = args.get("twilio_secret_arn")
        self.provider = enum_member(self._where, args, "provider", TextMessageProvider.SNS)
        self._read_numbers(args)
        self._read_countries(args)
        self._read_text(args)
        self._read_provider(args)

    @property
    def uses_twilio(self) -> bool:
        """Whether Twilio sends the messages, instead of Amazon SNS."""
        return self.provider is TextMessageProvider.TWILIO

    def _read_numbers(self, args: Mapping[str, Any]) -> None:
        where = self._where
        self.limits = {
            "CODE_DIGITS": integer(where, args, "code_digits", 6, at_least=6, at_most=8),
            "RESEND_SECONDS": integer(where, args, "resend_seconds", 30, at_least=30, at_most=120),
            "CODES_PER_HOUR": integer(where, args, "codes_per_hour", 5, at_least=1, at_most=20),
            "CODES_PER_DAY": integer(where, args, "codes_per_day", 30, at_least=1, at_most=100),
        }
        self.message_limits = {
            "MESSAGES_PER_COUNTRY_HOUR": integer(
                where, args, "messages_per_country_hour", 1000, at_least=10, at_most=1_000_000
            ),
            "MESSAGES_PER_PREFIX_HOUR": integer(
                where, args, "messages_per_prefix_hour", 50, at_least=8, at_most=10_000
            ),
        }
        self.source_limits = {
            "REGISTERS_PER_HOUR": integer(where, args, "registers_per_hour", 20, at_least=1, at_most=100_000),
            "VERIFIES_PER_HOUR": integer(where, args, "verifies_per_hour", 60, at_least=1, at_most=100_000),
        }
        self.spend_alarm_usd = integer(where, args, "spend_alarm_usd", 50, at_least=1, at_most=100_000)
        if self.limits["CODES_PER_DAY"] < self.limits["CODES_PER_HOUR"]:
            raise InvalidArgumentError(
                where,
                "'codes_per_day' is less than 'codes_per_hour'",
                got=self.limits["CODES_PER_DAY"],
                allowed=f"{self.limits['CODES_PER_HOUR']} to 100",
                fix="Raise it, or lower 'codes_per_hour'.",
                argument="codes_per_day",
            )

    def _read_countries(self, args: Mapping[str, Any]) -> None:
        where = self._where
        self.default_country_code = self._matching(
            args, "default_country_code", "1", _COUNTRY_CODE, "one to three digits, such as 1 or 44"
        )
        default = _NORTH_AMERICA if self.default_country_code == "1" else ()
        self.allowed_countries = string_list(where, args, "allowed_countries", default)
        unknown = [country for country in self.allowed_countries if not _COUNTRY.fullmatch(country)]
        if unknown or not self.allowed_countries:
            raise InvalidArgumentError(
                where,
                "'allowed_countries' must name the countries whose numbers get codes",
                got=unknown[0] if unknown else self.allowed_countries,
                allowed="ISO 3166-1 codes of two capital letters, such as US",
                fix="List the countries of your users: messages to any other country cost you money for "
                "nothing.",
                argument="allowed_countries",
            )

    def _read_text(self, args: Mapping[str, Any]) -> None:
        text = plain_value(self._where, "code_text", args.get("code_text"))
        self.code_text = _DEFAULT_TEXT if text is None else text
        is_text = isinstance(self.code_text, str) and len(self.code_text) <= _TEXT_LIMIT
        if not is_text or self.code_text.count("{code}") != 1:
            raise InvalidArgumentError(
                self._where,
                "'code_text' must contain the placeholder {code} once",
                got=text,
                allowed=f"a text of at most {_TEXT_LIMIT} characters, such as '{_DEFAULT_TEXT}'",
                fix="Write {code} where the message shows the code.",
                argument="code_text",
            )

    def _read_provider(self, args: Mapping[str, Any]) -> None:
        others = _SNS_ONLY if self.uses_twilio else _TWILIO_ONLY
        for key in others:
            if args.get(key) is not None:
                raise InvalidArgumentError(
                    self._where,
                    f"'{key}' has no effect with the provider {self.provider.value}",
                    got=args[key],
                    allowed="no value",
                    fix="Remove it, or change 'provider'.",
                    argument=key,
                )
        self.sends_cognito_codes = boolean(self._where, args, "sends_cognito_codes", True)
        self.sender = self._twilio_sender(args) if self.uses_twilio else self._sns_sender(args)

    def _sns_sender(self, args: Mapping[str, Any]) -> dict[str, str]:
        sender_id = self._matching(
            args, "sender_id", "", _SENDER_ID, "1 to 11 letters and digits, at least one of them a letter"
        )
        number = self._matching(args, "origination_number", "", _E164, "a number such as +14155550100")
        return _without_empty({"SMS_SENDER_ID": sender_id, "SMS_ORIGINATION_NUMBER": number})

    def _twilio_sender(self, args: Mapping[str, Any]) -> dict[str, str]:
        self._check_secret(args.get("twilio_secret_arn"))
        number = self._matching(args, "twilio_from", "", _E164, "a number such as +14155550100")
        service = self._matching(
            args, "twilio_messaging_service_sid", "", _SERVICE_SID, "MG and 32 hexadecimal digits"
        )
        if bool(number) == bool(service):
            raise InvalidArgumentError(
                self._where,
                "Twilio needs either 'twilio_from' or 'twilio_messaging_service_sid'",
                got="both" if number else "none",
                allowed="one of them",
                fix="Set the number or the messaging service that sends the codes.",
                argument="twilio_from",
            )
        return _without_empty({"TWILIO_FROM": number, "TWILIO_MESSAGING_SERVICE_SID": service})

    def _check_secret(self, arn: Any) -> None:
        if matches_form(arn, SECRET_ARN) or matches_form(arn, SECURE_STRING_ARN):
            return
        is_arn = isinstance(arn, str) and arn.startswith("arn:")
        raise InvalidArgumentError(
            self._where,
            "'twilio_secret_arn' must be the ARN of a secret or of a parameter",
            # It may be the token itself, which must not get into a log.
            got=arn if arn is None or is_arn else "another text",
            allowed=f"an ARN such as {SECRET_ARN.example} or {SECURE_STRING_ARN.example}",
            fix="Store the Twilio credentials in Secrets Manager, and pass the ARN of the secret.",
            argument="twilio_secret_arn",
        )

    def _matching(
        self, args: Mapping[str, Any], key: str, default: str, pattern: re.Pattern[str], allowed: str
    ) -> str:
        value = plain_value(self._where, key, args.get(key))
        if value is None:
            return default
        # `pulumi config set --path` stores digits as a number, and other languages pass 44 as 44.0.
        if isinstance(value, int | float) and value == int(value):
            value = str(int(value))
        if isinstance(value, str) and pattern.fullmatch(value):
            return value
        raise InvalidArgumentError(
            self._where,
            f"'{key}' is not valid",
            got=value,
            allowed=allowed,
            fix="Correct it, or leave it out.",
            argument=key,
        )


def _with_field_names(where: str, key: str, error: InvalidArgumentError) -> InvalidArgumentError:
    """Return an error that names each setting with the argument that contains it."""

    def name(text: str) -> str:
        return re.sub(
            "'([a-z_]+)'",
            lambda quoted: (
                f"'{key}.{quoted[1]}'" if quoted[1] in PhoneSignInSettings.__annotations__ else quoted[0]
            ),
            text,
        )

    is_field = error.argument in PhoneSignInSettings.__annotations__
    return InvalidArgumentError(
        where,
        name(error.problem),
        got=error.got,
        allowed=error.allowed,
        fix=name(error.fix),
        argument=f"{key}.{error.argument}" if is_field else error.argument,
    )


def _without_empty(variables: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in variables.items() if value}
