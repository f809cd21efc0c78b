"""Checked settings of a pool's second factor and account recovery. This module creates no resources."""

from collections.abc import Mapping
from typing import Any

from pulumi_userprofiles.user_pool_arguments import MfaMode
from pulumi_userprofiles.validation import InvalidArgumentError, enum_member, known_values

AUTHENTICATOR_APP = "authenticator_app"
TEXT_MESSAGE = "text_message"
VERIFIED_EMAIL = "verified_email"
VERIFIED_PHONE = "verified_phone_number"

SMS_MFA_WARNING = (
    "Users can choose text messages as their second factor (SMS MFA), because phone numbers are user names "
    "and 'mfa' is not OFF. Each message is at your cost, and a stolen phone number (SIM swap) passes the "
    'check. To accept it, set \'mfa_methods\' to ["authenticator_app", "text_message"]. To avoid it, set '
    "'username_attributes' to [\"email\"], or 'mfa' to OFF."
)

RECOVERY_WARNING = (
    "Users who have only a phone number cannot recover a forgotten password: Cognito does not send recovery "
    "codes by text message where text messages are a second factor. To accept it, set 'account_recovery' to "
    "[\"verified_email\"]. To allow recovery by phone, set 'mfa' to OFF."
)


class MfaSettings:
    """Second factor and account recovery, checked against each other.

    The provider turns on SMS MFA whenever a pool has an SMS configuration and MFA is not OFF (pulumi-aws,
    `UserPool.sms_configuration`). A pool with phone numbers as user names needs an SMS configuration for its
    verification codes. With SMS MFA and MFA ON, Cognito rejects recovery by phone (error of CreateUserPool,
    aws-cdk issue 11478); for OPTIONAL, its documentation says only that a user with SMS MFA cannot recover by
    phone (API reference, CreateUserPool, `AccountRecoverySetting`).
    """

    def __init__(self, where: str, args: Mapping[str, Any], *, sends_text_messages: bool) -> None:
        """Check the arguments.

        Args:
            where: The component.
            args: Arguments of the pool.
            sends_text_messages: Whether phone numbers are user names.

        Raises:
            InvalidArgumentError: An argument is not valid, or Cognito rejects the combination.
        """
        self._where = where
        self.mode = enum_member(where, args, "mfa", MfaMode.OPTIONAL)
        self.is_enabled = self.mode is not MfaMode.OFF
        self.has_text_messages = self.is_enabled and sends_text_messages
        self._check_methods(args)
        self.recovery_methods = self._read_recovery(args, sends_text_messages)
        self.warnings = []
        if self.has_text_messages and args.get("mfa_methods") is None:
            self.warnings.append(SMS_MFA_WARNING)
        if self.has_text_messages and args.get("account_recovery") is None:
            self.warnings.append(RECOVERY_WARNING)

    def _check_methods(self, args: Mapping[str, Any]) -> None:
        """Check that `mfa_methods` are the methods that the pool has with its other arguments."""
        methods = [AUTHENTICATOR_APP, TEXT_MESSAGE] if self.has_text_messages else [AUTHENTICATOR_APP]
        requested = known_values(self._where, args, "mfa_methods", methods, (AUTHENTICATOR_APP, TEXT_MESSAGE))
        if not self.is_enabled and args.get("mfa_methods") is not None:
            self._refuse("with 'mfa' OFF there is no second factor", requested, "no value", "Remove it.")
        if set(requested) == set(methods):
            return
        if self.has_text_messages:
            self._refuse(
                "with phone numbers as user names, Cognito offers text messages as well",
                requested,
                ", ".join(methods),
                "Add the missing method, set 'username_attributes' to [\"email\"], or set 'mfa' to OFF.",
            )
        self._refuse(
            "without phone numbers as user names, the pool sends no text messages",
            requested,
            AUTHENTICATOR_APP,
            "Remove 'text_message', or add 'phone_number' to 'username_attributes'.",
        )

    def _refuse(self, reason: str, requested: list[str], allowed: str, fix: str) -> None:
        raise InvalidArgumentError(
            self._where,
            f"'mfa_methods' does not fit the pool: {reason}",
            got=requested,
            allowed=allowed,
            fix=fix,
            argument="mfa_methods",
        )

    def _read_recovery(self, args: Mapping[str, Any], sends_text_messages: bool) -> list[str]:
        """Read the recovery methods; by default the phone is one only where it cannot be a second factor."""
        by_phone = sends_text_messages and not self.is_enabled
        default = [VERIFIED_EMAIL, VERIFIED_PHONE] if by_phone else [VERIFIED_EMAIL]
        methods = known_values(
            self._where, args, "account_recovery", default, (VERIFIED_EMAIL, VERIFIED_PHONE)
        )
        if VERIFIED_PHONE in methods and self.has_text_messages and self.mode is MfaMode.ON:
            raise InvalidArgumentError(
                self._where,
                "'account_recovery' cannot contain verified_phone_number, because text messages are a second "
                "factor and 'mfa' is ON",
                got=methods,
                allowed=VERIFIED_EMAIL,
                fix="Remove verified_phone_number, or set 'mfa' to OFF.",
                argument="account_recovery",
            )
        return methods
