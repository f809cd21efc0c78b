"""Checked first factors of a pool: password and Cognito's own codes. This module creates no resources."""

from collections.abc import Collection, Mapping
from typing import Any, NoReturn

from pulumi_userprofiles.user_pool_arguments import MfaMode, UserPoolTier
from pulumi_userprofiles.validation import InvalidArgumentError, known_values

PASSWORD = "PASSWORD"  # noqa: S105  the name of a factor
EMAIL_CODE = "EMAIL_OTP"
SMS_CODE = "SMS_OTP"
FIRST_AUTH_FACTORS = (PASSWORD, EMAIL_CODE, SMS_CODE)
CHOICE_FLOW = "ALLOW_USER_AUTH"
"""The flow with which an app client asks Cognito for the factors of a user."""

_KEY = "first_auth_factors"


def first_auth_factors(
    where: str,
    args: Mapping[str, Any],
    *,
    tier: UserPoolTier,
    mfa: MfaMode,
    username_attributes: Collection[str],
) -> list[str]:
    """Read the factors that a sign-in can begin with; empty without choice-based sign-in.

    The tier is from the Cognito API Reference ("SignInPolicyType"), the required password from the AWS CDK
    ("AllowedFirstAuthFactors"). With MFA ON, Cognito answers "Only PASSWORD and WEB_AUTHN (if configured) can
    be enabled as an auth factor if MFA is enabled" (github.com/go-to-k/cdkd, issue 1975, tried on AWS). Codes
    by email need Amazon SES, because Cognito's own sender delivers only about 50 emails a day.

    Raises:
        InvalidArgumentError: A factor is unknown, or the pool's other arguments exclude it.
    """
    if args.get(_KEY) is None:
        return []
    factors = known_values(where, args, _KEY, (PASSWORD,), FIRST_AUTH_FACTORS)
    codes = [factor for factor in factors if factor != PASSWORD]
    if PASSWORD not in factors:
        _refuse(
            where,
            f"must contain {PASSWORD}",
            factors,
            f"{PASSWORD}, and codes",
            f"Add {PASSWORD} to the list.",
        )
    if tier is UserPoolTier.LITE:
        _refuse(
            where,
            "is not available in the feature plan LITE",
            factors,
            "a list in the plan ESSENTIALS or PLUS",
            "Choose another tier, or remove the list.",
        )
    if codes and mfa is MfaMode.ON:
        _refuse(
            where,
            f"cannot contain {codes[0]}, because 'mfa' is ON: Cognito rejects the pool",
            factors,
            f"{PASSWORD} alone",
            "Set 'mfa' to OPTIONAL or OFF, or remove the codes.",
        )
    if EMAIL_CODE in codes and args.get("email_from") is None:
        _refuse(
            where,
            f"cannot contain {EMAIL_CODE}, because the pool does not send emails with Amazon SES",
            factors,
            f"{EMAIL_CODE} together with 'email_from'",
            "Set 'email_from', or remove the factor.",
        )
    for factor, attribute in ((EMAIL_CODE, "email"), (SMS_CODE, "phone_number")):
        if factor in codes and attribute not in username_attributes:
            _refuse(
                where,
                f"cannot contain {factor}, because the pool does not verify the attribute {attribute}",
                factors,
                f"{factor} together with {attribute} in 'username_attributes'",
                f"Add {attribute} in a new pool (a change replaces the pool), or remove the factor.",
            )
    return factors


def _refuse(where: str, problem: str, factors: list[str], allowed: str, fix: str) -> NoReturn:
    raise InvalidArgumentError(
        where, f"'{_KEY}' {problem}", got=factors, allowed=allowed, fix=fix, argument=_KEY
    )
