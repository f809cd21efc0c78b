"""Checks of the complete stack's arguments. This module creates no resources."""

import re
from collections.abc import Mapping
from typing import Any

from pulumi_userprofiles.after_sign_up_targets import sign_up_targets
from pulumi_userprofiles.cognito_triggers import CUSTOM_MESSAGE, PRE_TOKEN_GENERATION, TRIGGERS
from pulumi_userprofiles.erasure_stores import erasure_stores
from pulumi_userprofiles.function_settings import FunctionSettings
from pulumi_userprofiles.message_texts import has_email_texts, texts_by_language
from pulumi_userprofiles.migration_job_settings import max_concurrency, tolerated_failure_percentage
from pulumi_userprofiles.other_triggers import second_handler_error
from pulumi_userprofiles.outbox_worker import OUTBOX_CONCURRENCY
from pulumi_userprofiles.phone_sign_in_pool import check_phone_sign_in
from pulumi_userprofiles.profile_api_origins import allowed_origins
from pulumi_userprofiles.profile_api_settings import ADMIN_GROUP, grace_period_days
from pulumi_userprofiles.python_function_settings import log_retention_days, reserved_concurrency, zip_path
from pulumi_userprofiles.reconciler_settings import reconcile_interval_hours, unconfirmed_days
from pulumi_userprofiles.social_settings import CheckedSocial
from pulumi_userprofiles.table_backups import backup_retention_days
from pulumi_userprofiles.user_pool_arguments import UserPoolArgs
from pulumi_userprofiles.user_pool_settings import ROLE_ATTRIBUTE, UserPoolSettings
from pulumi_userprofiles.validation import (
    InvalidArgumentError,
    boolean,
    check_known_arguments,
    plain_value,
    table_names,
)

_CLIENT_ID = re.compile(r"[\w+]{1,128}")

MIGRATION_CONCURRENCY = ("migration_max_concurrency", "migration_concurrency")
"""Arguments with the concurrency of the migration job, and with the reserved concurrency of its worker."""

_DERIVED_POOL_ARGUMENTS = (
    *(trigger.alias_argument for trigger in TRIGGERS),
    *("triggers", "role_attribute", "alarm_topic_arn", "protect"),
)


def checked_pool_args(where: str, args: Mapping[str, Any]) -> dict[str, Any]:
    """Check all arguments before any resource is created, and return the pool's arguments.

    Raises:
        InvalidArgumentError: An argument is not valid.
        pulumi.RunError: The zip cannot be built.
    """
    settings = FunctionSettings(where, args)
    pool_args = _pool_args(where, args, settings)
    table_names(where, args, "migration_table_names")
    erasure_stores(where, args, "erasure_stores")
    backup_retention_days(where, args)
    reconcile_interval_hours(where, args)
    unconfirmed_days(where, args)
    grace_period_days(where, args)
    sign_up_targets(where, args, "after_sign_up")
    CheckedSocial(where, args, "social")
    _check_client_ids(where, args)
    allowed_origins(where, args)
    log_retention_days(where, args)
    reserved_concurrency(where, args, "api_concurrency")
    reserved_concurrency(where, args, "trigger_concurrency")
    reserved_concurrency(where, args, "outbox_concurrency", at_least=OUTBOX_CONCURRENCY)
    max_concurrency(where, args, *MIGRATION_CONCURRENCY)
    tolerated_failure_percentage(where, args, "migration_tolerated_failure_percentage")
    boolean(where, args, "migration_allow_rollback", False)
    zip_path(where, args, settings.extra_files)
    return pool_args


def _pool_args(where: str, args: Mapping[str, Any], settings: FunctionSettings) -> dict[str, Any]:
    """Return the pool's arguments, checked, with those that are derived from other arguments."""
    pool_args = plain_value(where, "user_pool", args.get("user_pool")) or {}
    check_known_arguments(f"{where}, user_pool", pool_args, UserPoolArgs.__annotations__)
    for key in _DERIVED_POOL_ARGUMENTS:
        if key in pool_args:
            raise InvalidArgumentError(
                where,
                f"'user_pool' cannot contain '{key}'",
                got=pool_args[key],
                allowed="the other arguments of UserPool",
                fix="Remove it: it is derived from the other arguments, such as the template, 'triggers' and "
                "'protect'.",
            )
    if ADMIN_GROUP in (plain_value(where, "groups", pool_args.get("groups")) or ()):
        raise InvalidArgumentError(
            where,
            f"'groups' of the user pool cannot contain '{ADMIN_GROUP}': the profile API creates this group",
            got=pool_args["groups"],
            allowed="groups with other names",
            fix=f"Remove '{ADMIN_GROUP}' from 'groups'.",
            argument="groups",
        )
    if settings.template.role_attribute not in (None, f"custom:{ROLE_ATTRIBUTE}"):
        raise InvalidArgumentError(
            where,
            "the template reads the role from an attribute that the pool does not have",
            got=settings.template.role_attribute,
            allowed=f"custom:{ROLE_ATTRIBUTE}, or null if all users have the same role",
            fix="Change roles.attribute in the template.",
        )
    _check_own_triggers(where, args, pool_args)
    pool_args = {
        **pool_args,
        **{key: args[key] for key in ("triggers", "alarm_topic_arn") if args.get(key) is not None},
        "role_attribute": settings.users_request_role,
        "protect": boolean(where, args, "protect", True),
    }
    check_phone_sign_in(where, args, pool_args)
    UserPoolSettings(f"{where}, user_pool", pool_args)
    return pool_args


def _check_own_triggers(where: str, args: Mapping[str, Any], pool_args: Mapping[str, Any]) -> None:
    """Check what our optional triggers exclude and require."""
    texts = texts_by_language(where, args)
    own_triggers = [
        *([PRE_TOKEN_GENERATION.key] if boolean(where, args, "role_in_token", True) else []),
        *([CUSTOM_MESSAGE.key] if texts else []),
    ]
    for key in own_triggers:
        if key in (args.get("triggers") or {}):
            raise second_handler_error(where, key)
    languages = [language for language, items in texts.items() if has_email_texts(items)]
    if languages and pool_args.get("email_from") is None:
        raise InvalidArgumentError(
            where,
            "'texts_by_language' has texts of emails, but the pool does not send emails with Amazon SES: "
            "Cognito then fails each sign-up with an email (InvalidLambdaResponseException)",
            got=f"texts of emails in {', '.join(languages)}, no 'email_from'",
            allowed="texts of emails together with 'email_from' of the user pool",
            fix="Set 'email_from', or remove the texts of emails.",
            argument="texts_by_language",
        )


def _check_client_ids(where: str, args: Mapping[str, Any]) -> None:
    """Reject IDs that cannot be those of an app client; outputs are not known yet.

    The form is that of `ClientIdType` in the Cognito API Reference.
    """
    for client_id in args.get("further_client_ids") or []:
        if isinstance(client_id, str) and not _CLIENT_ID.fullmatch(client_id):
            raise InvalidArgumentError(
                where,
                "'further_client_ids' contains a value that is not the ID of an app client",
                got=client_id,
                allowed="1 to 128 letters, digits, + and _, such as 1h57kf5cpq17m0eml12EXAMPLE",
                fix="Copy the ID from the output of the stack that has created the client.",
                argument="further_client_ids",
            )
