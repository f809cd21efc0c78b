"""The second factors of a user: SetUserMFAPreference, SetUserSettings and their Admin siblings.

The emulator's interpreter loads this module beside its start script, so it uses only ministack and the
standard library.
"""

from typing import Any

SOFTWARE_TOKEN, SMS = "SOFTWARE_TOKEN_MFA", "SMS_MFA"


class FactorSettings:
    """Changes the factors of a user.

    Args:
        cognito: The emulator's module.
        calls: The module `cognito_calls`.
    """

    def __init__(self, cognito: Any, calls: Any) -> None:
        self._cognito = cognito
        self._calls = calls

    def set_preference(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """Handle SetUserMFAPreference and AdminSetUserMFAPreference.

        Raises:
            Rejected: The user is unknown, or the settings are not valid.
        """
        self._change(self._calls.find_user(self._cognito, parameters), parameters)
        return {}

    def set_options(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """Handle the old actions AdminSetUserSettings and SetUserSettings, which know only SMS.

        Raises:
            Rejected: The user is unknown, or an option is not SMS.
        """
        options = parameters.get("MFAOptions")
        if not isinstance(options, list) or not all(
            isinstance(option, dict) and option.get("DeliveryMedium") == "SMS" for option in options
        ):
            raise self._calls.Rejected(
                "InvalidParameterException",
                "pulumi-localaws: MFAOptions must be a list whose items have DeliveryMedium SMS; an empty"
                " list turns SMS off. To configure another factor, use SetUserMFAPreference.",
            )
        self._change(
            self._calls.find_user(self._cognito, parameters), {"SMSMfaSettings": {"Enabled": bool(options)}}
        )
        return {}

    def delete_software_token(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """Handle AdminDeleteSoftwareToken: the user can no longer sign in with it, and can register another.

        Raises:
            Rejected: The user is unknown.
        """
        user = self._calls.find_user(self._cognito, parameters)
        for key in ("_totp_secret", "_totp_pending_secret", "_totp_used_steps", "_totp_device_name"):
            user.pop(key, None)
        _apply(user, SOFTWARE_TOKEN, is_enabled=False, choice={})
        return {}

    def _change(self, user: dict[str, Any], parameters: dict[str, Any]) -> None:
        """Activate, deactivate and prefer factors; a factor without settings stays as it is.

        Raises:
            Rejected: InvalidParameterException. The text for a missing factor was seen in aws-sdk-js-v3#4645;
                that for two preferred factors is not documented.
        """
        settings = {
            SOFTWARE_TOKEN: parameters.get("SoftwareTokenMfaSettings") or {},
            SMS: parameters.get("SMSMfaSettings") or {},
        }
        if (parameters.get("EmailMfaSettings") or {}).get("Enabled"):
            raise self._calls.Rejected(
                "InvalidParameterException",
                "pulumi-localaws: the local AWS does not support e-mail as second factor (EmailMfaSettings)."
                " Use SMSMfaSettings or SoftwareTokenMfaSettings here, and try e-mail on AWS.",
            )
        if all(choice.get("PreferredMfa") for choice in settings.values()):
            raise self._calls.Rejected(
                "InvalidParameterException", "Only one factor can be set as preferred."
            )
        for factor, choice in settings.items():
            if choice.get("Enabled") and not _has(user, factor):
                raise self._calls.Rejected(
                    "InvalidParameterException",
                    f"User does not have delivery config set to turn on {factor}",
                )
        for factor, choice in settings.items():
            if choice:
                _apply(user, factor, is_enabled=choice.get("Enabled") is True, choice=choice)


def _has(user: dict[str, Any], factor: str) -> bool:
    if factor == SOFTWARE_TOKEN:
        return bool(user.get("_totp_secret"))
    return any(entry["Name"] == "phone_number" and entry["Value"] for entry in user.get("Attributes", []))


def _apply(user: dict[str, Any], factor: str, *, is_enabled: bool, choice: dict[str, Any]) -> None:
    enabled = [name for name in user.get("_mfa_enabled", []) if name != factor]
    user["_mfa_enabled"] = [*enabled, factor] if is_enabled else enabled
    if is_enabled and choice.get("PreferredMfa"):
        user["_preferred_mfa"] = factor
    elif user.get("_preferred_mfa") == factor:
        user["_preferred_mfa"] = ""
