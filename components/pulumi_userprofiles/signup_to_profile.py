"""The complete stack: profiles for new and for existing users."""

from collections.abc import Mapping
from typing import Any, ClassVar, Unpack

import pulumi

from pulumi_userprofiles.after_sign_up import AfterSignUp
from pulumi_userprofiles.component import NO_ARGUMENTS, Transforms
from pulumi_userprofiles.erasure_queue import ErasureQueue
from pulumi_userprofiles.erasure_worker import ErasureWorker
from pulumi_userprofiles.function_settings import FunctionSettings
from pulumi_userprofiles.media_bucket import MediaBucket
from pulumi_userprofiles.migration_job import MigrationJob
from pulumi_userprofiles.migration_job_settings import max_concurrency
from pulumi_userprofiles.optional_parts import OptionalParts
from pulumi_userprofiles.outbox_worker import OutboxWorker
from pulumi_userprofiles.passed_arguments import (
    concurrency,
    migration_args,
    pick,
    shared_args,
    worker_args,
)
from pulumi_userprofiles.phone_sign_in import PhoneSignIn
from pulumi_userprofiles.phone_sign_in_api import PhoneSignInApi
from pulumi_userprofiles.phone_sign_in_pool import phone_pool_arguments
from pulumi_userprofiles.profile_api import ProfileApi
from pulumi_userprofiles.reconciler import Reconciler
from pulumi_userprofiles.sign_up_triggers import SignUpTriggers
from pulumi_userprofiles.signup_to_profile_arguments import SignupToProfileArgs
from pulumi_userprofiles.signup_to_profile_settings import MIGRATION_CONCURRENCY, checked_pool_args
from pulumi_userprofiles.social_api import SocialApi
from pulumi_userprofiles.table_backups import TableBackups
from pulumi_userprofiles.user_pool import UserPool
from pulumi_userprofiles.users_table import UsersTable


class SignupToProfile(OptionalParts):
    """User pool, tables, triggers, profile API and the functions that work in the background, connected."""

    _COMPONENTS: ClassVar = {
        "data": UsersTable,
        "triggers": SignUpTriggers,
        "identity": UserPool,
        "outbox": OutboxWorker,
        "erasure": ErasureQueue,
        "api": ProfileApi,
        "eraser": ErasureWorker,
        "migration": MigrationJob,
        "backups": TableBackups,
        "reconciler": Reconciler,
        "after-sign-up": AfterSignUp,
        "phone": PhoneSignIn,
        "code-api": PhoneSignInApi,
        "media": MediaBucket,
        "social": SocialApi,
    }
    _CHILDREN = tuple(_COMPONENTS)
    _NAME_LIMIT = 20

    user_pool_id: pulumi.Output[str]
    """ID of the user pool."""

    user_pool_client_id: pulumi.Output[str]
    """ID of the pool's app client."""

    further_user_pool_client_ids: pulumi.Output[dict[str, str]]
    """IDs of the pool's further app clients, by name."""

    username_attributes: pulumi.Output[list[str]]
    """Attributes that users sign in with."""

    password_policy: pulumi.Output[dict[str, Any]]
    """What a password must have, such as `minLength`."""

    users_table_name: pulumi.Output[str]
    """Name of the users table."""

    audit_table_name: pulumi.Output[str]
    """Name of the audit table."""

    receipts_table_name: pulumi.Output[str]
    """Name of the table with the receipts of erasures."""

    avatar_bucket_name: pulumi.Output[str]
    """Name of the bucket with users' pictures and exports."""

    media_bucket_name: pulumi.Output[str]
    """Name of the bucket with media; empty without `social`."""

    profile_api_url: pulumi.Output[str]
    """Base URL of the profile API, without a path."""

    erasure_queue_arn: pulumi.Output[str]
    """ARN of the queue with the users to erase. The consumers of queues in `erasure_stores` answer to it."""

    erasure_function_name: pulumi.Output[str]
    """Name of the function that erases users. Its settings are those of `userprofiles erase`."""

    reconciler_state_table_name: pulumi.Output[str]
    """Name of the table for `userprofiles reconcile --last`; empty without scheduled reconciliation."""

    template: pulumi.Output[str]
    """Name of the template."""

    sign_up_roles: pulumi.Output[list[str]]
    """Roles that users can request at sign-up, for `userprofiles backfill plan --outputs`."""

    default_role: pulumi.Output[str]
    """Role of users who request none of them."""

    approval_roles: pulumi.Output[list[str]]
    """Roles whose users are pending until an administrator approves them."""

    migration_state_machine_arn: pulumi.Output[str]
    """ARN of the state machine that creates the missing profiles of existing users."""

    migration_bucket_name: pulumi.Output[str]
    """Name of the bucket with the migration's reports."""

    migration_ledger_table_name: pulumi.Output[str]
    """Name of the table with the migration's runs, for `userprofiles runs`."""

    after_sign_up_queue_urls: pulumi.Output[dict[str, str]]
    """URLs of the queues of `after_sign_up`, by the target's name."""

    after_sign_up_queue_arns: pulumi.Output[dict[str, str]]
    """ARNs of the queues of `after_sign_up`, by the target's name."""

    def __init__(
        self,
        name: str,
        args: SignupToProfileArgs = NO_ARGUMENTS,
        opts: pulumi.ResourceOptions | None = None,
        *,
        transforms: Transforms | None = None,
        **keywords: Unpack[SignupToProfileArgs],
    ) -> None:
        """Create the complete stack.

        Args:
            name: Prefix of the resources' names, at most 20 characters.
            args: Arguments as a dict.
            opts: Pulumi's resource options.
            transforms: Changes to children, such as `{"data": {"table": transform}}`.
            keywords: Arguments as keywords, such as `template="basic"`.

        Raises:
            InvalidArgumentError: An argument is not valid. No resource has been created.
        """
        args = self._merged_arguments(name, args, keywords)
        pool_args = checked_pool_args(self.label(name), args)
        super().__init__(name, args, opts, transforms)

        table_args = self._make_tables(args)
        self._make_sign_up(args, pool_args, table_args)
        self._make_media_bucket(args)
        self._make_api(args, table_args)
        self._make_social_api(args, table_args)
        self._make_phone_sign_in_api(args, table_args)
        self._make_erasure(args, table_args)
        self._make_migration(args, table_args)
        self._make_backups(args)
        self._make_reconciler(args, table_args)
        self._make_after_sign_up(args)

        self.user_pool_id = self.identity.user_pool_id
        self.user_pool_client_id = self.identity.client_id
        self.further_user_pool_client_ids = self.identity.further_client_ids
        self.username_attributes = self.identity.username_attributes
        self.password_policy = self.identity.password_policy
        self.users_table_name = self.data.table_name
        self.audit_table_name = self.data.audit_table_name
        self.receipts_table_name = self.eraser.receipts_table_name
        self.avatar_bucket_name = self.api.avatar_bucket_name
        self.profile_api_url = self.api.url
        self.erasure_queue_arn = self.erasure.queue_arn
        self.erasure_function_name = self.eraser.function_name
        functions = FunctionSettings(self.label(name), args)
        self.template = pulumi.Output.from_input(functions.name)
        self.sign_up_roles = pulumi.Output.from_input(list(functions.sign_up_roles))
        self.default_role = pulumi.Output.from_input(functions.default_role)
        self.approval_roles = pulumi.Output.from_input(list(functions.approval_roles))
        self.migration_state_machine_arn = self.migration.state_machine_arn
        self.migration_bucket_name = self.migration.bucket_name
        self.migration_ledger_table_name = self.migration.ledger_table_name
        self._register_outputs()

    def _make_tables(self, args: SignupToProfileArgs) -> dict[str, Any]:
        """Create the tables, and return the arguments with which other components use them."""
        self.data = self._make_component(UsersTable, "data", pick(args, "protect", "kms_key_arn"))
        return {
            "users_table_name": self.data.table_name,
            "users_table_arn": self.data.table_arn,
            "audit_table_name": self.data.audit_table_name,
            "audit_table_arn": self.data.audit_table_arn,
        }

    def _make_sign_up(
        self, args: SignupToProfileArgs, pool_args: Mapping[str, Any], table_args: Mapping[str, Any]
    ) -> None:
        """Create the triggers, then the pool that invokes them, then the worker that reads the pool."""
        self.triggers = self._make_component(
            SignUpTriggers,
            "triggers",
            {
                **table_args,
                **shared_args(args),
                **pick(args, "role_in_token", "texts_by_language"),
                **concurrency(args, "trigger_concurrency"),
            },
        )
        self.phone_sign_in = self._make_phone_sign_in(args, pool_args)
        self.identity = self._make_component(
            UserPool,
            "identity",
            {
                **pool_args,
                **self.triggers.pool_arguments,
                **phone_pool_arguments(pool_args, self.phone_sign_in),
            },
        )
        self._pool = {name: getattr(self.identity, name) for name in ("user_pool_id", "user_pool_arn")}
        self.outbox = self._make_component(
            OutboxWorker,
            "outbox",
            {
                **table_args,
                **shared_args(args),
                **concurrency(args, "outbox_concurrency"),
                "outbox_queue_arn": self.triggers.outbox_queue_arn,
                "user_pool_arn": self.identity.user_pool_arn,
            },
        )

    def _make_api(self, args: SignupToProfileArgs, table_args: Mapping[str, Any]) -> None:
        """Create the queue that the API sends users to erase to, then the API."""
        self.erasure = self._make_component(
            ErasureQueue, "erasure", pick(args, "kms_key_arn", "alarm_topic_arn")
        )
        self.api = self._make_component(
            ProfileApi,
            "api",
            {
                **table_args,
                **shared_args(args),
                **pick(args, "allowed_origins", "grace_period_days", "protect"),
                **concurrency(args, "api_concurrency"),
                "erasure_queue_url": self.erasure.queue_url,
                "erasure_queue_arn": self.erasure.queue_arn,
                **self._pool,
                **self._media,
                "has_phone_sign_in": args.get("phone_sign_in") is not None,
                "issuer": self.identity.issuer,
                "client_ids": self._client_ids(args),
            },
        )

    def _make_erasure(self, args: SignupToProfileArgs, table_args: Mapping[str, Any]) -> None:
        """Create the worker that erases users in the tables, in the pool and in what the API stores."""
        self.eraser = self._make_component(
            ErasureWorker,
            "eraser",
            {
                **table_args,
                **worker_args(args),
                "stores": args.get("erasure_stores") or [],
                **self._pool,
                **self._media,
                "idempotency_table_name": self.api.idempotency_table_name,
                "idempotency_table_arn": self.api.idempotency_table_arn,
                "avatar_bucket_name": self.api.avatar_bucket_name,
                "avatar_bucket_arn": self.api.avatar_bucket_arn,
                "erasure_queue_url": self.erasure.queue_url,
                "erasure_queue_arn": self.erasure.queue_arn,
            },
        )

    def _make_migration(self, args: SignupToProfileArgs, table_args: Mapping[str, Any]) -> None:
        self.migration = self._make_component(
            MigrationJob,
            "migration",
            {
                **{key: table_args[key] for key in ("users_table_name", "users_table_arn")},
                **worker_args(args),
                **concurrency(args, "migration_concurrency"),
                **migration_args(args),
                "user_pool_arn": self.identity.user_pool_arn,
                "max_concurrency": max_concurrency(self.label(self._prefix), args, *MIGRATION_CONCURRENCY),
            },
        )
