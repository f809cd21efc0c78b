"""The arguments of `SocialApi`."""

from typing import NotRequired, TypedDict

import pulumi

from pulumi_userprofiles.python_function_settings import LambdaPlatform, LambdaRuntime


class SocialSettings(TypedDict):
    """Content, links and paid plans of users; all settings are optional."""

    redirect_paths: NotRequired[list[str]]
    """First parts of the paths of old media URLs, such as `/uploads`, if the old host name becomes a custom
    domain of the API. Default: none; old URLs work below `/media/<old host>/`."""

    storage_per_user_gb: NotRequired[int]
    """GiB that the uploads of one user can have together, 1 to 10,000. Imported media do not count.
    Default: 50."""


class SocialApiArgs(TypedDict):
    """Arguments of `SocialApi`."""

    api_id: pulumi.Input[str]
    """ID of the HTTP API that gets the routes."""

    api_execution_arn: pulumi.Input[str]
    """Execution ARN of that API."""

    authorizer_id: pulumi.Input[str]
    """ID of that API's authorizer, which checks the tokens of the user pool."""

    client_ids: list[pulumi.Input[str]]
    """IDs of the app clients whose access tokens are accepted."""

    users_table_name: pulumi.Input[str]
    """Name of the users table."""

    users_table_arn: pulumi.Input[str]
    """ARN of the users table."""

    idempotency_table_name: pulumi.Input[str]
    """Name of the table with the profile API's stored answers."""

    idempotency_table_arn: pulumi.Input[str]
    """ARN of that table."""

    media_bucket_name: pulumi.Input[str]
    """Name of the bucket with media."""

    media_bucket_arn: pulumi.Input[str]
    """ARN of that bucket."""

    settings: NotRequired[SocialSettings]
    """The settings. Default: the defaults of the settings."""

    platform: NotRequired[LambdaPlatform]
    """Platform that the function's zip is built for. Default: lambda."""

    runtime: NotRequired[LambdaRuntime]
    """Lambda runtime of the function; the same Python version compiles the zip. Default: python3.13."""

    log_retention_days: NotRequired[int]
    """Days that log events are kept; must be a retention period of CloudWatch Logs. Default: 30."""

    snap_start: NotRequired[bool]
    """Whether the function uses Lambda SnapStart, which is billed for Python. Default: false."""

    tracing: NotRequired[bool]
    """Whether AWS X-Ray traces invocations. Default: true."""

    reserved_concurrency: NotRequired[int]
    """Reserved concurrency of the function, which is also its limit. A new AWS account cannot reserve any.
    Default: none."""

    kms_key_arn: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key that encrypts tables, media, environment variables and logs. Default: keys that AWS
    provides."""

    former_kms_key_arns: NotRequired[list[pulumi.Input[str]]]
    """ARNs of KMS keys that `kms_key_arn` named before: the function can still read what these keys encrypt.
    Default: none."""

    alarm_topic_arn: NotRequired[pulumi.Input[str]]
    """ARN of the SNS topic that alarms notify. Default: alarms only change their state."""
