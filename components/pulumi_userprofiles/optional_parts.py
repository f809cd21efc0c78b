"""The parts of the complete stack that its arguments switch on or off."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pulumi

from pulumi_userprofiles.after_sign_up import AfterSignUp
from pulumi_userprofiles.component import Component
from pulumi_userprofiles.media_bucket import MediaBucket
from pulumi_userprofiles.passed_arguments import function_args, pick, shared_args
from pulumi_userprofiles.phone_sign_in import PhoneSignIn
from pulumi_userprofiles.phone_sign_in_api import PhoneSignInApi
from pulumi_userprofiles.phone_sign_in_pool import sends_cognito_codes, unused_texts
from pulumi_userprofiles.reconciler import Reconciler
from pulumi_userprofiles.reconciler_settings import reconcile_interval_hours
from pulumi_userprofiles.signup_to_profile_arguments import SignupToProfileArgs
from pulumi_userprofiles.social_api import SocialApi
from pulumi_userprofiles.table_backups import TableBackups

if TYPE_CHECKING:
    from pulumi_userprofiles.erasure_worker import ErasureWorker
    from pulumi_userprofiles.profile_api import ProfileApi
    from pulumi_userprofiles.user_pool import UserPool
    from pulumi_userprofiles.users_table import UsersTable


class OptionalParts(Component):
    """Base of the complete stack with its optional parts."""

    if TYPE_CHECKING:  # Pulumi reads the outputs of a component from its annotations
        data: UsersTable
        identity: UserPool
        api: ProfileApi
        eraser: ErasureWorker
        phone_sign_in: PhoneSignIn | None
        _pool: dict[str, Any]
        _media: dict[str, Any]

    def _make_phone_sign_in(
        self, args: SignupToProfileArgs, pool_args: Mapping[str, Any]
    ) -> PhoneSignIn | None:
        """Create the triggers of phone sign-in, if there is phone sign-in."""
        settings = args.get("phone_sign_in")
        if settings is None:
            return None
        texts = unused_texts(args, pool_args)
        if texts:
            pulumi.log.warn(
                "Text messages with Cognito's codes have the text of phone sign-in, so these texts have no "
                f"effect: {', '.join(texts)}. Remove them, or set 'sends_cognito_codes' of 'phone_sign_in' "
                "to false: Cognito then sends its codes itself, to every country and without limits.",
                self,
            )
        phone_args = {
            **function_args(args),
            **pick(args, "protect"),
            **pick(pool_args, "sender_key_arn"),
            "settings": {**settings, "sends_cognito_codes": sends_cognito_codes(args, pool_args)},
        }
        return self._make_component(PhoneSignIn, "phone", phone_args)

    def _make_phone_sign_in_api(self, args: SignupToProfileArgs, table_args: Mapping[str, Any]) -> None:
        """Create the routes of phone sign-in, if there is phone sign-in."""
        phone = self.phone_sign_in
        if phone is None:
            return
        names = ("codes_table_name", "codes_table_arn", "code_key_arn", "code_queue_url", "code_queue_arn")
        self.phone_api = self._make_component(
            PhoneSignInApi,
            "code-api",
            {
                **table_args,
                **shared_args(args),
                **self._pool,
                **{name: getattr(phone, name) for name in names},
                **pick(args.get("user_pool") or {}, "self_sign_up"),
                "settings": args["phone_sign_in"],
                "client_id": self.identity.client_id,
                "api_id": self.api.api_id,
                "api_execution_arn": self.api.api_execution_arn,
            },
        )

    def _client_ids(self, args: SignupToProfileArgs) -> list[Any]:
        """Return the IDs of the app clients whose access tokens are accepted."""
        return [
            self.identity.client_id,
            *(client.id for client in self.identity.further_clients.values()),
            *(args.get("further_client_ids") or []),
        ]

    def _make_media_bucket(self, args: SignupToProfileArgs) -> None:
        """Create the bucket with media, if there is content, and the arguments with which others use it."""
        self.media_bucket_name = pulumi.Output.from_input("")
        self._media = {}
        if args.get("social") is None:
            return
        bucket = self._make_component(
            MediaBucket, "media", pick(args, "allowed_origins", "protect", "kms_key_arn")
        )
        self.media_bucket_name = bucket.bucket_name
        self._media = {
            "media_bucket_name": bucket.bucket_name,
            "media_bucket_arn": bucket.bucket_arn,
        }

    def _make_social_api(self, args: SignupToProfileArgs, table_args: Mapping[str, Any]) -> None:
        """Create the routes of content, links and paid plans, if the stack has them."""
        if args.get("social") is None:
            return
        api_outputs = (
            *("api_id", "api_execution_arn", "authorizer_id"),
            *("idempotency_table_name", "idempotency_table_arn"),
        )
        self.social_api = self._make_component(
            SocialApi,
            "social",
            {
                **pick(table_args, "users_table_name", "users_table_arn"),
                **function_args(args),
                **self._media,
                **{name: getattr(self.api, name) for name in api_outputs},
                "client_ids": self._client_ids(args),
                "settings": args["social"],
            },
        )

    def _make_backups(self, args: SignupToProfileArgs) -> None:
        """Create the daily backups if they have a retention."""
        if args.get("backup_retention_days") is None:
            return
        tables = [self.data.table_arn, self.data.audit_table_arn, self.eraser.receipts_table_arn]
        shared = ("kms_key_arn", "former_kms_key_arns", "alarm_topic_arn", "backup_retention_days", "protect")
        self.backups = self._make_component(
            TableBackups, "backups", {**pick(args, *shared), "table_arns": tables}
        )

    def _make_reconciler(self, args: SignupToProfileArgs, table_args: Mapping[str, Any]) -> None:
        """Create the scheduled reconciliation, except if its interval is 0."""
        self.reconciler_state_table_name = pulumi.Output.from_input("")
        if reconcile_interval_hours(self.label(self._prefix), args) == 0:
            return
        self.reconciler = self._make_component(
            Reconciler,
            "reconciler",
            {
                **table_args,
                **shared_args(args),
                **pick(args, "unconfirmed_days"),
                "interval_hours": args.get("reconcile_interval_hours"),
                **self._pool,
            },
        )
        self.reconciler_state_table_name = self.reconciler.state_table_name

    def _make_after_sign_up(self, args: SignupToProfileArgs) -> None:
        """Create the steps after sign-up, if there are any."""
        self.after_sign_up = None
        self.after_sign_up_queue_urls: pulumi.Output[dict[str, str]] = pulumi.Output.from_input({})
        self.after_sign_up_queue_arns: pulumi.Output[dict[str, str]] = pulumi.Output.from_input({})
        if args.get("after_sign_up"):
            self.after_sign_up = self._make_component(
                AfterSignUp,
                "after-sign-up",
                {
                    **function_args(args),
                    "targets": args["after_sign_up"],
                    "users_table_stream_arn": self.data.table_stream_arn,
                },
            )
            self.after_sign_up_queue_urls = self.after_sign_up.queue_urls
            self.after_sign_up_queue_arns = self.after_sign_up.queue_arns
