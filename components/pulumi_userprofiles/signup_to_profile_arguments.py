"""The arguments of `SignupToProfile`."""

from typing import NotRequired, TypedDict

import pulumi

from pulumi_userprofiles.after_sign_up_targets import SignUpTarget
from pulumi_userprofiles.erasure_stores import ErasureStore
from pulumi_userprofiles.message_texts import MessageTexts
from pulumi_userprofiles.phone_sign_in_arguments import PhoneSignInSettings
from pulumi_userprofiles.python_function_settings import LambdaPlatform, LambdaRuntime
from pulumi_userprofiles.social_arguments import SocialSettings
from pulumi_userprofiles.user_pool_arguments import UserPoolArgs


class SignupToProfileArgs(TypedDict):
    """Arguments of `SignupToProfile`; all are optional."""

    template: NotRequired[str]
    """Name of the template for accounts and profiles: `basic`, `social`, `career`, `marketplace`, or a name
    of your own for `template_document`. Default: marketplace."""

    template_document: NotRequired[str]
    """Your own template as JSON text, which is packed into the functions. Default: none."""

    sign_up_roles: NotRequired[list[str]]
    """Roles that users can request at sign-up. Default: all roles of the template."""

    default_role: NotRequired[str]
    """Role of users who request none. Default: the template's default role."""

    approval_roles: NotRequired[list[str]]
    """Roles whose new users are pending until an administrator approves them, such as `vendor` of
    `marketplace`. Default: none."""

    user_pool: NotRequired[UserPoolArgs]
    """User pool arguments, except the triggers, `role_attribute`, `alarm_topic_arn` and `protect`, which are
    derived from the other arguments. Default: the defaults of `UserPool`."""

    triggers: NotRequired[dict[str, pulumi.Input[str]]]
    """Functions of your own for Cognito's other triggers: trigger, such as `pre_authentication`, to the ARN
    of a function or of its alias. Each gets a permission and an alarm. Default: none."""

    phone_sign_in: NotRequired[PhoneSignInSettings]
    """How users sign in with a phone number and a one-time code, beside email address and password; `{}` for
    the defaults. Default: no sign-in by code."""

    social: NotRequired[SocialSettings]
    """Routes for content with media, links between users and paid plans, and a bucket for the media; `{}`
    for the defaults. Default: none of them."""

    role_in_token: NotRequired[bool]
    """Whether a function adds the user's role in the table to tokens, as the claim `role`, and updates email
    address and phone number of the account at sign-in. Default: true."""

    texts_by_language: NotRequired[dict[str, MessageTexts]]
    """Texts of messages in the user's language: language tag, such as `de`, to texts. A function selects them
    by the user's attribute `locale`. Users of other languages get the texts of `user_pool`. Default: none."""

    further_client_ids: NotRequired[list[pulumi.Input[str]]]
    """IDs of app clients that another stack added to the pool, whose access tokens the profile API also
    accepts. It always accepts the pool's own clients (`further_clients` of `user_pool`). Default: none."""

    allowed_origins: NotRequired[list[str]]
    """Web origins that browsers can call the profile API from, such as `https://example.com`. Default:
    none."""

    grace_period_days: NotRequired[int]
    """Days between a user's request to delete the account and its erasure, 0 to 365. Until then, the user can
    restore it. Default: 30."""

    erasure_stores: NotRequired[list[ErasureStore]]
    """Stores of your own that also have data of users, at most 10: the erasure worker tells each of them
    which user to erase. Default: none."""

    backup_retention_days: NotRequired[int]
    """Days that daily backups of the tables are kept in AWS Backup, 1 to 3,650. Default: none; the tables'
    point-in-time recovery reaches 35 days back."""

    after_sign_up: NotRequired[list[SignUpTarget]]
    """Steps of your own after sign-up, at most ten: each gets a queue with the new users, and optionally a
    function that receives its messages. Default: none."""

    reconcile_interval_hours: NotRequired[int]
    """Hours between two scheduled comparisons of user pool and users table, 1 to 720; 0 for none. Default:
    24."""

    unconfirmed_days: NotRequired[int]
    """Days after which a user who has not confirmed the sign-up is removed from the pool by the scheduled
    comparison, 1 to 365; 0 removes none. Default: 7."""

    migration_table_names: NotRequired[list[str]]
    """Names of existing tables that the migration job can use in addition to the users table. Default:
    none."""

    alarm_topic_arn: NotRequired[pulumi.Input[str]]
    """ARN of the SNS topic that alarms notify. Default: alarms only change their state."""

    platform: NotRequired[LambdaPlatform]
    """Platform that the functions' zip is built for. Default: lambda."""

    runtime: NotRequired[LambdaRuntime]
    """Lambda runtime of the functions; the same Python version compiles the zip. Default: python3.13."""

    log_retention_days: NotRequired[int]
    """Days that log events are kept; must be a retention period of CloudWatch Logs. Default: 30."""

    snap_start: NotRequired[bool]
    """Whether the functions use Lambda SnapStart, which is billed for Python. Default: false."""

    tracing: NotRequired[bool]
    """Whether AWS X-Ray traces invocations. Default: true."""

    api_concurrency: NotRequired[int]
    """Reserved concurrency of each of the profile API's two functions, which is also its limit. A new AWS
    account cannot reserve any. Default: none."""

    trigger_concurrency: NotRequired[int]
    """Reserved concurrency of each of our functions that Cognito invokes. Default: none."""

    outbox_concurrency: NotRequired[int]
    """Reserved concurrency of the outbox worker, at least 2. Default: none."""

    migration_max_concurrency: NotRequired[int]
    """Number of segments that the migration job processes at the same time, 1 to 1,000. Default: 4."""

    migration_concurrency: NotRequired[int]
    """Reserved concurrency of the migration's worker, at least `migration_max_concurrency`. Default: none."""

    migration_tolerated_failure_percentage: NotRequired[int]
    """Percentage of segments, 0 to 100, that may fail in an execution of the migration job that still
    succeeds. Default: 0."""

    migration_allow_rollback: NotRequired[bool]
    """Whether the migration's worker can delete items of users, which a rollback by the state machine
    requires. Default: false."""

    kms_key_arn: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key that encrypts tables, backups, queues, buckets, executions, environment variables
    and logs. The key's policy must allow CloudWatch Logs to use it. Default: keys that AWS provides."""

    former_kms_key_arns: NotRequired[list[pulumi.Input[str]]]
    """ARNs of KMS keys that `kms_key_arn` named before: all functions can still read what these keys encrypt.
    Default: none."""

    protect: NotRequired[bool]
    """Whether pool, tables, buckets and the vault with backups are protected against deletion. To delete
    them, set false, deploy, then destroy. Default: true."""
