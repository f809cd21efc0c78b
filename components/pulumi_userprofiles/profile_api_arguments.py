"""The arguments of `ProfileApi`."""

from typing import NotRequired, TypedDict

import pulumi

from pulumi_userprofiles.python_function_settings import LambdaPlatform, LambdaRuntime


class ProfileApiArgs(TypedDict):
    """Arguments of `ProfileApi`."""

    users_table_name: pulumi.Input[str]
    """Name of the users table."""

    users_table_arn: pulumi.Input[str]
    """ARN of the users table."""

    audit_table_name: pulumi.Input[str]
    """Name of the audit table."""

    audit_table_arn: pulumi.Input[str]
    """ARN of the audit table."""

    user_pool_id: pulumi.Input[str]
    """ID of the pool whose users can call the API."""

    user_pool_arn: pulumi.Input[str]
    """ARN of that pool."""

    issuer: pulumi.Input[str]
    """Issuer of that pool's tokens, a URL."""

    client_ids: list[pulumi.Input[str]]
    """IDs of the app clients whose access tokens are accepted."""

    template: NotRequired[str]
    """Name of the template: `basic`, `social`, `career`, `marketplace`, or a name of your own for
    `template_document`. Default: marketplace."""

    template_document: NotRequired[str]
    """Your own template as JSON text, which is packed into the function. Default: none."""

    sign_up_roles: NotRequired[list[str]]
    """Roles that users can request at sign-up. Default: all roles of the template."""

    default_role: NotRequired[str]
    """Role of users who request none. Default: the template's default role."""

    approval_roles: NotRequired[list[str]]
    """Roles whose new users are pending until an administrator approves them, such as `vendor` of
    `marketplace`. Default: none."""

    allowed_origins: NotRequired[list[str]]
    """Web origins that browsers can call the API from, such as `https://example.com`. Default: none."""

    protect: NotRequired[bool]
    """Whether the bucket with users' pictures is protected against deletion. Without protection it is deleted
    with all its objects. Default: true."""

    erasure_queue_url: NotRequired[pulumi.Input[str]]
    """URL of the queue of the erasure function. Without it, `DELETE /me` and `POST /users/{id}/erase` answer
    501, because nothing would ever erase a user. Default: none."""

    erasure_queue_arn: NotRequired[pulumi.Input[str]]
    """ARN of that queue. Set it together with `erasure_queue_url`. Default: none."""

    grace_period_days: NotRequired[int]
    """Days between the request of a user to be deleted and the erasure, 0 to 365. During these days the user
    can restore the account. 0: the next sweep of the erasure function erases the user. Default: 30."""

    has_phone_sign_in: NotRequired[bool]
    """Whether the OpenAPI document has the routes of `PhoneSignInApi`. Default: false."""

    media_bucket_name: NotRequired[pulumi.Input[str]]
    """Name of the bucket with media, an output of `MediaBucket`: the OpenAPI document has the routes of
    `SocialApi`, and exports contain media. Default: none."""

    media_bucket_arn: NotRequired[pulumi.Input[str]]
    """ARN of that bucket. Set it together with `media_bucket_name`. Default: none."""

    requests_per_second: NotRequired[int]
    """Requests per second of all users together; the API answers further requests with 429. Default: 50."""

    burst: NotRequired[int]
    """Requests of all users together in a burst; the API answers further requests with 429. Default: 100."""

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
    """Reserved concurrency of each of the two functions, which is also its limit. A new AWS account cannot
    reserve any. Default: none."""

    kms_key_arn: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key that encrypts pictures, stored answers, environment variables and logs, and the
    erasure queue. Default: keys that AWS provides."""

    former_kms_key_arns: NotRequired[list[pulumi.Input[str]]]
    """ARNs of KMS keys that `kms_key_arn` named before: the function can still read what these keys encrypt.
    Default: none."""

    alarm_topic_arn: NotRequired[pulumi.Input[str]]
    """ARN of the SNS topic that alarms notify. Default: alarms only change their state."""
