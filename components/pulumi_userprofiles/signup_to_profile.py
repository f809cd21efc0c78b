"""The whole: a sign-up becomes a profile, and users from before are brought along."""

from typing import Any, NotRequired, TypedDict, cast

import pulumi

from pulumi_userprofiles.component import Component, Transforms
from pulumi_userprofiles.domain import Domain
from pulumi_userprofiles.migration_job import MigrationJob, MigrationJobArgs
from pulumi_userprofiles.outbox_worker import OutboxWorker, OutboxWorkerArgs
from pulumi_userprofiles.profile_api import ProfileApi, ProfileApiArgs, web_origins
from pulumi_userprofiles.python_function import LambdaPlatform, bundle, concurrency, retention
from pulumi_userprofiles.sign_up_triggers import SignUpTriggers, SignUpTriggersArgs
from pulumi_userprofiles.user_pool import UserPool, UserPoolArgs
from pulumi_userprofiles.user_pool_settings import ROLE_ATTRIBUTE, Settings
from pulumi_userprofiles.users_table import UsersTable, UsersTableArgs
from pulumi_userprofiles.validation import InvalidArgumentError, known_keys, plain, switch, table_names

_FUNCTIONS = ("platform", "log_retention_days", "snap_start", "tracing", "kms_key_arn")
_DOMAIN = ("template", "template_document", "sign_up_roles", "default_role")
_SET_HERE = ("pre_sign_up_alias_arn", "post_confirmation_alias_arn", "role_attribute", "protect")


class SignupToProfileArgs(TypedDict):
    """Arguments of `SignupToProfile`; all can be left out."""

    template: NotRequired[str]
    """What accounts and profiles look like: `marketplace`, `basic`, or what `template_document` is to be
    called. Default: marketplace."""

    template_document: NotRequired[str]
    """A template of your own, as JSON text; packed into the functions. Default: none."""

    sign_up_roles: NotRequired[list[str]]
    """Roles that users may ask for at sign-up. Default: the template's."""

    default_role: NotRequired[str]
    """Role of who asks for none. Default: the template's."""

    user_pool: NotRequired[UserPoolArgs]
    """Arguments of the user pool, save triggers, `role_attribute` and `protect`, which follow from the
    others here. Default: `UserPool`'s."""

    allowed_origins: NotRequired[list[str]]
    """Origins of web pages that may call the profile API, such as `https://example.com`. Default: none."""

    migration_table_names: NotRequired[list[str]]
    """Names of existing tables that the migration job may work on beside the users table. Default: none."""

    alarm_topic_arn: NotRequired[pulumi.Input[str]]
    """ARN of the SNS topic that alarms are sent to. Default: alarms only change their state."""

    platform: NotRequired[LambdaPlatform]
    """What the functions' zip is made for. Default: lambda."""

    log_retention_days: NotRequired[int]
    """Days that log lines are kept, one of CloudWatch's steps. Default: 30."""

    snap_start: NotRequired[bool]
    """Whether Lambda keeps snapshots of the started functions (billed for Python). Default: false."""

    tracing: NotRequired[bool]
    """Whether calls are traced by X-Ray. Default: true."""

    api_concurrency: NotRequired[int]
    """Calls at a time that are set aside for the profile API's function, and its limit; a young account has
    none to spare. Default: none."""

    trigger_concurrency: NotRequired[int]
    """The same for each of the two functions that Cognito calls. Default: none."""

    outbox_concurrency: NotRequired[int]
    """The same for the outbox worker, 2 at least. Default: none."""

    kms_key_arn: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key that encrypts tables, queues, bucket, environments and logs; its policy has to
    let CloudWatch Logs use it. Default: AWS's own keys."""

    protect: NotRequired[bool]
    """Whether pool, tables and bucket are guarded against deletion. To delete them, set false, deploy,
    then destroy. Default: true."""


class SignupToProfile(Component):
    """User pool, tables, triggers, outbox worker, profile API and migration job, put together."""

    _CHILDREN = ("data", "triggers", "identity", "outbox", "api", "migration")
    _NAME_LIMIT = 20

    user_pool_id: pulumi.Output[str]
    """Id of the user pool."""

    user_pool_client_id: pulumi.Output[str]
    """Id of the pool's app client."""

    users_table_name: pulumi.Output[str]
    """Name of the users table."""

    audit_table_name: pulumi.Output[str]
    """Name of the audit table."""

    profile_api_url: pulumi.Output[str]
    """URL of the profile API, which paths are appended to."""

    migration_state_machine_arn: pulumi.Output[str]
    """ARN of the state machine that creates the profiles that existing users lack."""

    migration_bucket_name: pulumi.Output[str]
    """Name of the bucket with the migration's reports."""

    def __init__(
        self,
        name: str,
        args: SignupToProfileArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        transforms: Transforms | None = None,
    ) -> None:
        """Make everything.

        Args:
            name: Name that the resources' names begin with, 20 characters at most.
            args: Arguments.
            opts: Pulumi's options.
            transforms: Changes to children: `{"data": {"table": change}}`.

        Raises:
            InvalidArgumentError: An argument can't be used. Nothing has been made then.
        """
        where = self.place(name)
        domain = Domain(where, args)
        pool_args = _pool_args(where, args, domain)
        table_names(where, args, "migration_table_names")
        web_origins(where, args)
        retention(where, args)
        concurrency(where, args, "api_concurrency")
        concurrency(where, args, "trigger_concurrency")
        concurrency(where, args, "outbox_concurrency", at_least=2)
        bundle(where, args, domain.extra_files)
        super().__init__(name, args, opts, transforms)

        common = _given(args, *_DOMAIN, *_FUNCTIONS, "alarm_topic_arn")
        self._make_data(args)
        tables: dict[str, Any] = {
            "users_table_name": self.data.table_name,
            "users_table_arn": self.data.table_arn,
            "audit_table_name": self.data.audit_table_name,
            "audit_table_arn": self.data.audit_table_arn,
        }
        self._make_sign_up(args, pool_args, tables, common)
        self._make_api(args, tables, common)
        self._make_migration(args, tables, common)

        self.user_pool_id = self.identity.user_pool_id
        self.user_pool_client_id = self.identity.client_id
        self.users_table_name = self.data.table_name
        self.audit_table_name = self.data.audit_table_name
        self.profile_api_url = self.api.url
        self.migration_state_machine_arn = self.migration.state_machine_arn
        self.migration_bucket_name = self.migration.bucket_name
        self._register_outputs()

    def _make_data(self, args: SignupToProfileArgs) -> None:
        self.data = UsersTable(
            f"{self._prefix}-data",
            cast("UsersTableArgs", _given(args, "protect", "kms_key_arn")),
            **self._within("data"),
        )

    def _make_sign_up(
        self,
        args: SignupToProfileArgs,
        pool_args: UserPoolArgs,
        tables: dict[str, Any],
        common: dict[str, Any],
    ) -> None:
        """Functions first, then the pool that calls them, then the worker that reads the pool: no cycle."""
        self.triggers = SignUpTriggers(
            f"{self._prefix}-triggers",
            cast(
                "SignUpTriggersArgs",
                {**tables, **common, **_reserved(args, "trigger_concurrency")},
            ),
            **self._within("triggers"),
        )
        self.identity = UserPool(
            f"{self._prefix}-identity",
            {
                **pool_args,
                "pre_sign_up_alias_arn": self.triggers.pre_sign_up_alias_arn,
                "post_confirmation_alias_arn": self.triggers.post_confirmation_alias_arn,
            },
            **self._within("identity"),
        )
        self.outbox = OutboxWorker(
            f"{self._prefix}-outbox",
            cast(
                "OutboxWorkerArgs",
                {
                    **tables,
                    **common,
                    "outbox_queue_arn": self.triggers.outbox_queue_arn,
                    "user_pool_arn": self.identity.user_pool_arn,
                    **_reserved(args, "outbox_concurrency"),
                },
            ),
            **self._within("outbox"),
        )

    def _make_api(self, args: SignupToProfileArgs, tables: dict[str, Any], common: dict[str, Any]) -> None:
        self.api = ProfileApi(
            f"{self._prefix}-api",
            cast(
                "ProfileApiArgs",
                {
                    **tables,
                    **common,
                    **_given(args, "allowed_origins"),
                    **_reserved(args, "api_concurrency"),
                    "user_pool_id": self.identity.user_pool_id,
                    "user_pool_arn": self.identity.user_pool_arn,
                    "issuer": self.identity.issuer,
                    "client_ids": [self.identity.client_id],
                },
            ),
            **self._within("api"),
        )

    def _make_migration(
        self, args: SignupToProfileArgs, tables: dict[str, Any], common: dict[str, Any]
    ) -> None:
        self.migration = MigrationJob(
            f"{self._prefix}-migration",
            cast(
                "MigrationJobArgs",
                {
                    **{key: tables[key] for key in ("users_table_name", "users_table_arn")},
                    **{key: value for key, value in common.items() if key not in _DOMAIN[2:]},
                    **_given(args, "protect"),
                    "table_names": args.get("migration_table_names") or [],
                },
            ),
            **self._within("migration"),
        )


def _given(args: SignupToProfileArgs, *keys: str) -> dict[str, Any]:
    everything = cast("dict[str, Any]", args)
    return {key: everything[key] for key in keys if everything.get(key) is not None}


def _reserved(args: SignupToProfileArgs, key: str) -> dict[str, Any]:
    given = _given(args, key)
    return {"reserved_concurrency": given[key]} if given else {}


def _pool_args(where: str, args: SignupToProfileArgs, domain: Domain) -> UserPoolArgs:
    """Return the pool's arguments, checked, with those that follow from ours."""
    given = plain(where, "user_pool", args.get("user_pool")) or {}
    known_keys(f"{where}, user_pool", given, UserPoolArgs.__annotations__)
    for key in _SET_HERE:
        if key in given:
            raise InvalidArgumentError(
                where,
                f"'{key}' can't stand in 'user_pool'",
                got=given[key],
                allowed="the other arguments of UserPool",
                fix="Leave it out: it follows from the template and from 'protect'.",
            )
    if domain.template.role_attribute not in (None, f"custom:{ROLE_ATTRIBUTE}"):
        raise InvalidArgumentError(
            where,
            "the template takes the role from another attribute than the pool has",
            got=domain.template.role_attribute,
            allowed=f"custom:{ROLE_ATTRIBUTE}, or null where all users have one role",
            fix="Change roles.attribute in the template.",
        )
    own = {"role_attribute": domain.asks_for_role, "protect": switch(where, args, "protect", True)}
    pool_args = cast("UserPoolArgs", {**given, **own})
    Settings(f"{where}, user_pool", pool_args)
    return pool_args
