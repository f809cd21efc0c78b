"""Inputs of a user pool's resources, built from checked settings. This module creates no resources."""

from collections.abc import Mapping
from typing import Any

import pulumi

from pulumi_userprofiles.cognito_triggers import PRE_TOKEN_GENERATION, TRIGGERS
from pulumi_userprofiles.other_triggers import SENDERS
from pulumi_userprofiles.user_pool_arguments import UserPoolTier
from pulumi_userprofiles.user_pool_settings import UserPoolSettings


def refresh_token_rotation(settings: UserPoolSettings) -> dict[str, Any] | None:
    """Return the rotation of refresh tokens, in full also when it is disabled.

    A client whose rotation was enabled before keeps it if the block is removed, or the update fails. Without
    the grace period, the provider reports an inconsistent result, because Cognito returns 0
    (terraform-provider-aws, issues 45646 and 47196). In the feature plan LITE, which has no rotation, Cognito
    can reject a client with settings of other plans (Cognito API Reference, UpdateUserPoolClient,
    FeatureUnavailableInTierException), so the block is left out.
    """
    if settings.tier is UserPoolTier.LITE:
        return None
    if settings.rotation:
        return {"feature": "ENABLED", "retry_grace_period_seconds": settings.rotation_grace_seconds}
    return {"feature": "DISABLED", "retry_grace_period_seconds": 0}


def password_policy(settings: UserPoolSettings) -> dict[str, Any]:
    """Return the password policy."""
    return {
        "minimum_length": settings.password_length,
        "require_lowercase": settings.password_all_classes,
        "require_numbers": settings.password_all_classes,
        "require_symbols": settings.password_all_classes,
        "require_uppercase": settings.password_all_classes,
        "temporary_password_validity_days": settings.temporary_password_days,
    }


def password_rules(settings: UserPoolSettings) -> dict[str, Any]:
    """Return what a password must have, as clients read it."""
    classes = ("Lowercase", "Numbers", "Symbols", "Uppercase")
    return {
        "minLength": settings.password_length,
        **{f"require{name}": settings.password_all_classes for name in classes},
    }


def sign_in_policy(settings: UserPoolSettings) -> dict[str, Any] | None:
    """Return the factors that a sign-in can begin with; without choice-based sign-in, Cognito's default."""
    factors = settings.first_auth_factors
    return {"allowed_first_auth_factors": factors} if factors else None


def trigger_functions(args: Mapping[str, Any], settings: UserPoolSettings) -> dict[str, pulumi.Input[str]]:
    """Return the ARN of each trigger's function: first ours, then the others."""
    return {
        **{
            trigger.key: args[trigger.alias_argument]
            for trigger in TRIGGERS
            if args.get(trigger.alias_argument) is not None
        },
        **{trigger.key: trigger.function_arn for trigger in settings.other_triggers},
    }


def lambda_config(
    settings: UserPoolSettings,
    functions: Mapping[str, pulumi.Input[str]],
    sender_key_arn: pulumi.Input[str] | None,
) -> dict[str, Any] | None:
    """Return the pool's triggers.

    The feature plan LITE has only version 1 of pre token generation, which changes the ID token (Amazon
    Cognito Developer Guide, "Pre token generation Lambda trigger"). The only version of the senders is
    V1_0 (AWS CloudFormation, "CustomEmailSender").

    Args:
        settings: Settings of the pool.
        functions: Trigger to the ARN of its function.
        sender_key_arn: ARN of the KMS key that encrypts codes for the senders.
    """
    config: dict[str, Any] = {}
    for trigger, arn in functions.items():
        if trigger in SENDERS:
            config[trigger] = {"lambda_arn": arn, "lambda_version": "V1_0"}
        elif trigger == PRE_TOKEN_GENERATION.key and settings.tier is not UserPoolTier.LITE:
            config[f"{trigger}_config"] = {"lambda_arn": arn, "lambda_version": "V2_0"}
        else:
            config[trigger] = arn
    if sender_key_arn is not None:
        config["kms_key_id"] = sender_key_arn
    return config or None


def verification_texts(settings: UserPoolSettings) -> dict[str, str] | None:
    """Return the texts of messages with codes."""
    return _texts(settings, "verification_")


def invitation_texts(settings: UserPoolSettings) -> dict[str, str] | None:
    """Return the texts of messages to users whom an administrator creates."""
    return _texts(settings, "invitation_")


def _texts(settings: UserPoolSettings, prefix: str) -> dict[str, str] | None:
    texts = {
        name.removeprefix(prefix): text for name, text in settings.texts.items() if name.startswith(prefix)
    }
    return texts or None
