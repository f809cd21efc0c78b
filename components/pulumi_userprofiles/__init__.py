"""Pulumi components that turn Cognito sign-ups into DynamoDB profiles."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pulumi_userprofiles.after_sign_up import AfterSignUp, AfterSignUpArgs
    from pulumi_userprofiles.after_sign_up_targets import SignUpTarget
    from pulumi_userprofiles.avatar_bucket import AvatarBucket, AvatarBucketArgs
    from pulumi_userprofiles.erasure_queue import ErasureQueue, ErasureQueueArgs
    from pulumi_userprofiles.erasure_stores import ErasureStore
    from pulumi_userprofiles.erasure_worker import ErasureWorker, ErasureWorkerArgs
    from pulumi_userprofiles.job_ledger import JobLedger, JobLedgerArgs
    from pulumi_userprofiles.media_bucket import MediaBucket, MediaBucketArgs
    from pulumi_userprofiles.migration_job import MigrationJob, MigrationJobArgs
    from pulumi_userprofiles.outbox_worker import OutboxWorker, OutboxWorkerArgs
    from pulumi_userprofiles.phone_sign_in import PhoneSignIn
    from pulumi_userprofiles.phone_sign_in_api import PhoneSignInApi
    from pulumi_userprofiles.phone_sign_in_arguments import (
        PhoneSignInApiArgs,
        PhoneSignInArgs,
        PhoneSignInSettings,
        TextMessageProvider,
    )
    from pulumi_userprofiles.policies import PolicyStatement
    from pulumi_userprofiles.profile_api import ProfileApi
    from pulumi_userprofiles.profile_api_arguments import ProfileApiArgs
    from pulumi_userprofiles.python_function import PythonFunction, PythonFunctionArgs
    from pulumi_userprofiles.python_function_settings import LambdaPlatform, LambdaRuntime
    from pulumi_userprofiles.reconciler import Reconciler, ReconcilerArgs
    from pulumi_userprofiles.reports_bucket import ReportsBucket, ReportsBucketArgs
    from pulumi_userprofiles.sign_up_triggers import SignUpTriggers, SignUpTriggersArgs
    from pulumi_userprofiles.signup_to_profile import SignupToProfile
    from pulumi_userprofiles.signup_to_profile_arguments import SignupToProfileArgs
    from pulumi_userprofiles.social_api import SocialApi
    from pulumi_userprofiles.social_arguments import SocialApiArgs, SocialSettings
    from pulumi_userprofiles.table_backups import TableBackups, TableBackupsArgs
    from pulumi_userprofiles.user_pool import UserPool
    from pulumi_userprofiles.user_pool_arguments import (
        CustomAttribute,
        EmailFrom,
        MfaMode,
        UserPoolArgs,
        UserPoolTier,
    )
    from pulumi_userprofiles.users_table import UsersTable, UsersTableArgs
    from pulumi_userprofiles.validation import InvalidArgumentError

_MODULES = {
    "AfterSignUp": "after_sign_up",
    "AfterSignUpArgs": "after_sign_up",
    "AvatarBucket": "avatar_bucket",
    "AvatarBucketArgs": "avatar_bucket",
    "CustomAttribute": "user_pool_arguments",
    "EmailFrom": "user_pool_arguments",
    "ErasureQueue": "erasure_queue",
    "ErasureQueueArgs": "erasure_queue",
    "ErasureStore": "erasure_stores",
    "ErasureWorker": "erasure_worker",
    "ErasureWorkerArgs": "erasure_worker",
    "InvalidArgumentError": "validation",
    "JobLedger": "job_ledger",
    "JobLedgerArgs": "job_ledger",
    "LambdaPlatform": "python_function_settings",
    "LambdaRuntime": "python_function_settings",
    "MediaBucket": "media_bucket",
    "MediaBucketArgs": "media_bucket",
    "MfaMode": "user_pool_arguments",
    "MigrationJob": "migration_job",
    "MigrationJobArgs": "migration_job",
    "OutboxWorker": "outbox_worker",
    "OutboxWorkerArgs": "outbox_worker",
    "PhoneSignIn": "phone_sign_in",
    "PhoneSignInApi": "phone_sign_in_api",
    "PhoneSignInApiArgs": "phone_sign_in_arguments",
    "PhoneSignInArgs": "phone_sign_in_arguments",
    "PhoneSignInSettings": "phone_sign_in_arguments",
    "PolicyStatement": "policies",
    "ProfileApi": "profile_api",
    "ProfileApiArgs": "profile_api_arguments",
    "PythonFunction": "python_function",
    "PythonFunctionArgs": "python_function",
    "Reconciler": "reconciler",
    "ReconcilerArgs": "reconciler",
    "ReportsBucket": "reports_bucket",
    "ReportsBucketArgs": "reports_bucket",
    "SignUpTarget": "after_sign_up_targets",
    "SignUpTriggers": "sign_up_triggers",
    "SignUpTriggersArgs": "sign_up_triggers",
    "SignupToProfile": "signup_to_profile",
    "SignupToProfileArgs": "signup_to_profile_arguments",
    "SocialApi": "social_api",
    "SocialApiArgs": "social_arguments",
    "SocialSettings": "social_arguments",
    "TableBackups": "table_backups",
    "TableBackupsArgs": "table_backups",
    "TextMessageProvider": "phone_sign_in_arguments",
    "UserPool": "user_pool",
    "UserPoolArgs": "user_pool_arguments",
    "UserPoolTier": "user_pool_arguments",
    "UsersTable": "users_table",
    "UsersTableArgs": "users_table",
}

__all__ = [
    "AfterSignUp",
    "AfterSignUpArgs",
    "AvatarBucket",
    "AvatarBucketArgs",
    "CustomAttribute",
    "EmailFrom",
    "ErasureQueue",
    "ErasureQueueArgs",
    "ErasureStore",
    "ErasureWorker",
    "ErasureWorkerArgs",
    "InvalidArgumentError",
    "JobLedger",
    "JobLedgerArgs",
    "LambdaPlatform",
    "LambdaRuntime",
    "MediaBucket",
    "MediaBucketArgs",
    "MfaMode",
    "MigrationJob",
    "MigrationJobArgs",
    "OutboxWorker",
    "OutboxWorkerArgs",
    "PhoneSignIn",
    "PhoneSignInApi",
    "PhoneSignInApiArgs",
    "PhoneSignInArgs",
    "PhoneSignInSettings",
    "PolicyStatement",
    "ProfileApi",
    "ProfileApiArgs",
    "PythonFunction",
    "PythonFunctionArgs",
    "Reconciler",
    "ReconcilerArgs",
    "ReportsBucket",
    "ReportsBucketArgs",
    "SignUpTarget",
    "SignUpTriggers",
    "SignUpTriggersArgs",
    "SignupToProfile",
    "SignupToProfileArgs",
    "SocialApi",
    "SocialApiArgs",
    "SocialSettings",
    "TableBackups",
    "TableBackupsArgs",
    "TextMessageProvider",
    "UserPool",
    "UserPoolArgs",
    "UserPoolTier",
    "UsersTable",
    "UsersTableArgs",
]


def __getattr__(name: str) -> Any:
    """Import a component on first use: `pulumi_aws` takes seconds to import, and a zip does not need it."""
    if name in _MODULES:
        return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
