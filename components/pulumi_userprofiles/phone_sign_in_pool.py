"""What phone sign-in needs of the user pool. This module creates no resources."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pulumi_userprofiles.phone_sign_in_functions import CHALLENGES, COGNITO_CODES
from pulumi_userprofiles.phone_sign_in_settings import CheckedPhoneSignIn
from pulumi_userprofiles.user_pool_arguments import MfaMode
from pulumi_userprofiles.user_pool_settings import AUTH_FLOWS, USERNAME_ATTRIBUTES
from pulumi_userprofiles.validation import InvalidArgumentError, enum_member

if TYPE_CHECKING:
    from pulumi_userprofiles.phone_sign_in import PhoneSignIn

_FLOW = "ALLOW_CUSTOM_AUTH"


def check_phone_sign_in(where: str, args: Mapping[str, Any], pool_args: Mapping[str, Any]) -> None:
    """Check the settings of phone sign-in, and that the user pool fits.

    Cognito asks for a second factor after a password only: "MFA is not supported when using passwordless
    authentication flows within a Custom Auth Flow" (github.com/aws-amplify/amplify-js, issue 12887, after
    discussion with the Cognito team). So a code alone would sign in where all users need a second factor.

    Raises:
        InvalidArgumentError: A setting is not valid, users have no phone number as user name, all users need
            a second factor, or a trigger of the custom challenge has another function.
    """
    if args.get("phone_sign_in") is None:
        return
    CheckedPhoneSignIn(where, args, "phone_sign_in")
    names = pool_args.get("username_attributes")
    if "phone_number" not in (USERNAME_ATTRIBUTES if names is None else names):
        raise InvalidArgumentError(
            where,
            "'phone_sign_in' needs phone numbers as user names, which the user pool does not have",
            got=names,
            allowed="'username_attributes' with phone_number",
            fix="Add phone_number in a new pool (a change replaces the pool), or remove 'phone_sign_in'.",
            argument="phone_sign_in",
        )
    if enum_member(f"{where}, user_pool", pool_args, "mfa", MfaMode.OPTIONAL) is MfaMode.ON:
        raise InvalidArgumentError(
            where,
            "'phone_sign_in' signs in with a code alone, which 'mfa' ON forbids: Cognito asks for the second "
            "factor after a password only",
            got=MfaMode.ON.value,
            allowed="OPTIONAL, OFF",
            fix="Set 'mfa' to OPTIONAL, or remove 'phone_sign_in'.",
            argument="phone_sign_in",
        )
    own_triggers = [challenge.key for challenge in CHALLENGES]
    if args["phone_sign_in"].get("sends_cognito_codes"):
        own_triggers.append(COGNITO_CODES)
    for key in own_triggers:
        if key in (pool_args.get("triggers") or {}):
            raise InvalidArgumentError(
                where,
                f"'triggers' contains '{key}', which has a function of phone sign-in already",
                got=key,
                allowed="other triggers",
                fix="Remove it, or remove 'phone_sign_in'"
                + (", or set its 'sends_cognito_codes' to false." if key == COGNITO_CODES else "."),
                argument="triggers",
            )


def sends_cognito_codes(args: Mapping[str, Any], pool_args: Mapping[str, Any]) -> bool:
    """Return whether phone sign-in sends Cognito's own codes, for arguments that are checked.

    An own function for these codes changes the default to false, because a user pool invokes only one.
    """
    value = args["phone_sign_in"].get("sends_cognito_codes")
    return COGNITO_CODES not in (pool_args.get("triggers") or {}) if value is None else bool(value)


def unused_texts(args: Mapping[str, Any], pool_args: Mapping[str, Any]) -> list[str]:
    """Return the texts of text messages that have no effect, because phone sign-in sends the codes."""
    if not sends_cognito_codes(args, pool_args):
        return []
    by_language = args.get("texts_by_language") or {}
    texts = {"texts": pool_args.get("texts") or {}} | {
        f"texts_by_language.{language}": items for language, items in by_language.items()
    }
    return [
        f"{argument}.{name}"
        for argument, items in texts.items()
        for name, text in items.items()
        if name.endswith("_sms_message") and text is not None
    ]


def phone_pool_arguments(pool_args: Mapping[str, Any], phone: "PhoneSignIn | None") -> dict[str, Any]:
    """Return the arguments of the user pool that phone sign-in changes.

    Args:
        pool_args: The other arguments of the pool.
        phone: The component; None without phone sign-in.
    """
    if phone is None:
        return {}
    flows = pool_args.get("auth_flows") or list(AUTH_FLOWS[:1])
    changed: dict[str, Any] = {
        "triggers": {**(pool_args.get("triggers") or {}), **phone.pool_triggers},
        "auth_flows": [*flows, *([] if _FLOW in flows else [_FLOW])],
    }
    if phone.sender_key_arn is not None:
        changed["sender_key_arn"] = phone.sender_key_arn
    return changed
