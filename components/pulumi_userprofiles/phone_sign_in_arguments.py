"""The arguments of `PhoneSignIn` and of `PhoneSignInApi`."""

from enum import StrEnum
from typing import NotRequired, TypedDict

import pulumi

from pulumi_userprofiles.python_function_settings import LambdaPlatform, LambdaRuntime


class TextMessageProvider(StrEnum):
    """Service that sends text messages."""

    SNS = "sns"
    """Amazon SNS."""

    TWILIO = "twilio"
    """Twilio Messaging."""


class PhoneSignInSettings(TypedDict):
    """How users sign in with a phone number and a one-time code; all are optional."""

    default_country_code: NotRequired[str]
    """Country calling code of numbers without one, without `+`. Default: 1."""

    allowed_countries: NotRequired[list[str]]
    """Countries and regions whose numbers get codes, as ISO 3166-1 codes such as `US`. Default: CA and US;
    required with another `default_country_code`."""

    provider: NotRequired[TextMessageProvider]
    """Service that sends the codes. Default: sns."""

    code_text: NotRequired[str]
    """Text of the message, with the placeholder `{code}`, at most 140 characters. Default: `{code} is your
    code. It is valid for 3 minutes.`"""

    code_digits: NotRequired[int]
    """Digits of a code, 6 to 8. Default: 6."""

    resend_seconds: NotRequired[int]
    """Seconds during which a number gets no second code, 30 to 120. Default: 30."""

    codes_per_hour: NotRequired[int]
    """Codes that a number gets in an hour, 1 to 20. Default: 5."""

    codes_per_day: NotRequired[int]
    """Codes that a number gets in a day, 1 to 100. Default: 30."""

    registers_per_hour: NotRequired[int]
    """Requests for a code at `POST /auth/phone/register` from one source address in an hour, 1 to 100,000.
    Default: 20."""

    verifies_per_hour: NotRequired[int]
    """Checks of a code at `POST /auth/phone/verify` from one source address in an hour, 1 to 100,000.
    Default: 60."""

    messages_per_country_hour: NotRequired[int]
    """Messages to one country in an hour, 10 to 1,000,000. Default: 1,000."""

    messages_per_prefix_hour: NotRequired[int]
    """Messages in an hour to numbers that differ only in their last four digits, 8 to 10,000. Default: 50."""

    sender_id: NotRequired[str]
    """Sender that Amazon SNS shows, 1 to 11 letters and digits, where the country supports it. Default:
    none."""

    origination_number: NotRequired[str]
    """Number of yours in E.164 form from which Amazon SNS sends. Default: Amazon SNS chooses one."""

    twilio_secret_arn: NotRequired[pulumi.Input[str]]
    """ARN of a secret in Secrets Manager or of a SecureString parameter in Parameter Store with the Twilio
    credentials, as JSON with `accountSid`, `secret` and optionally `apiKeySid`. Default: none; required with
    Twilio."""

    twilio_from: NotRequired[str]
    """Twilio number in E.164 form that sends the messages. Default: none; Twilio needs it or
    `twilio_messaging_service_sid`."""

    twilio_messaging_service_sid: NotRequired[str]
    """SID of the Twilio messaging service that sends the messages, `MG` and 32 hexadecimal digits. Default:
    none."""

    sends_cognito_codes: NotRequired[bool]
    """Whether Cognito's own codes for sign-up, password reset and changed numbers take the same way, with the
    same limits, through the trigger `custom_sms_sender`. With false, Cognito sends them itself, to numbers of
    every country and without these limits. Default: true; false if `triggers` contains a
    `custom_sms_sender` of your own."""

    spend_alarm_usd: NotRequired[int]
    """Spending for text messages of Amazon SNS in a month, in US dollars, above which an alarm is raised, 1
    to 100,000. Default: 50."""


class PhoneSignInArgs(TypedDict):
    """Arguments of `PhoneSignIn`; all are optional."""

    settings: NotRequired[PhoneSignInSettings]
    """How users sign in with a phone number. Default: the defaults of the settings."""

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

    reserved_concurrency: NotRequired[int]
    """Reserved concurrency of each function, which is also its limit. A new AWS account cannot reserve any.
    Default: none."""

    kms_key_arn: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key that encrypts table, queue, environment variables and logs. Default: keys that AWS
    provides."""

    former_kms_key_arns: NotRequired[list[pulumi.Input[str]]]
    """ARNs of KMS keys that `kms_key_arn` named before: the functions can still read what these keys encrypt.
    Default: none."""

    sender_key_arn: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key with which Cognito encrypts its own codes: a pool has one such key for all its
    senders. Default: a new key."""

    alarm_topic_arn: NotRequired[pulumi.Input[str]]
    """ARN of the SNS topic that alarms notify. Default: alarms only change their state."""

    protect: NotRequired[bool]
    """Whether the keys are protected against deletion by Pulumi (`protect`). Default: true."""


class PhoneSignInApiArgs(TypedDict):
    """Arguments of `PhoneSignInApi`."""

    api_id: pulumi.Input[str]
    """ID of the HTTP API that gets the routes."""

    api_execution_arn: pulumi.Input[str]
    """Execution ARN of that API."""

    user_pool_id: pulumi.Input[str]
    """ID of the pool whose users sign in."""

    user_pool_arn: pulumi.Input[str]
    """ARN of that pool."""

    client_id: pulumi.Input[str]
    """ID of the app client for which the tokens are issued; it needs the flow `ALLOW_CUSTOM_AUTH`."""

    users_table_name: pulumi.Input[str]
    """Name of the users table."""

    users_table_arn: pulumi.Input[str]
    """ARN of the users table."""

    audit_table_name: pulumi.Input[str]
    """Name of the audit table."""

    audit_table_arn: pulumi.Input[str]
    """ARN of the audit table."""

    codes_table_name: pulumi.Input[str]
    """Name of the table of codes, an output of `PhoneSignIn`."""

    codes_table_arn: pulumi.Input[str]
    """ARN of that table."""

    code_key_arn: pulumi.Input[str]
    """ARN of the KMS key of the codes, an output of `PhoneSignIn`."""

    code_queue_url: pulumi.Input[str]
    """URL of the queue of messages with codes, an output of `PhoneSignIn`."""

    code_queue_arn: pulumi.Input[str]
    """ARN of that queue."""

    settings: NotRequired[PhoneSignInSettings]
    """The settings of `PhoneSignIn`: pass the same to both. Default: the defaults of the settings."""

    self_sign_up: NotRequired[bool]
    """Whether a number without a user gets a new user after the code is confirmed. Default: true."""

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
    """ARN of the KMS key that encrypts tables, queue, environment variables and logs. Default: keys that AWS
    provides."""

    former_kms_key_arns: NotRequired[list[pulumi.Input[str]]]
    """ARNs of KMS keys that `kms_key_arn` named before: the function can still read what these keys encrypt.
    Default: none."""

    alarm_topic_arn: NotRequired[pulumi.Input[str]]
    """ARN of the SNS topic that alarms notify. Default: alarms only change their state."""
