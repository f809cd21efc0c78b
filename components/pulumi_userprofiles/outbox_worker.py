"""The function that registers the users in the outbox."""

from typing import ClassVar, NotRequired, TypedDict, Unpack

import pulumi
import pulumi_aws as aws

from pulumi_userprofiles.component import NO_ARGUMENTS, Component, Transforms
from pulumi_userprofiles.function_rights import (
    TABLE_ARGUMENTS,
    read_user_statements,
    register_user_statements,
    table_environment,
)
from pulumi_userprofiles.function_settings import METRICS_NAMESPACE, FunctionSettings, service_name
from pulumi_userprofiles.policies import kms_statements
from pulumi_userprofiles.python_function import PythonFunction, PythonFunctionArgs
from pulumi_userprofiles.python_function_settings import LambdaPlatform, LambdaRuntime, reserved_concurrency
from pulumi_userprofiles.validation import check_required

OUTBOX_WORKER_SECONDS = 30
"""Time-out of the outbox worker."""

OUTBOX_ATTEMPTS = 5
"""How often SQS delivers a message before it moves it to the dead-letter queue."""

OUTBOX_CONCURRENCY = 2
"""Maximum concurrency of the event source mapping; SQS does not support less. Cognito lets an account read
about 120 users a second, and sign-ins share that quota."""


_HANDLER = "outbox"
_MAX_RETRIES = 1
"""Failed attempts within five minutes that are normal. A message returns to the worker after three minutes,
so a message that always fails has two failed attempts in some period of five minutes."""


class OutboxWorkerArgs(TypedDict):
    """Arguments of `OutboxWorker`."""

    outbox_queue_arn: pulumi.Input[str]
    """ARN of the outbox queue."""

    user_pool_arn: pulumi.Input[str]
    """ARN of the pool whose users are registered."""

    users_table_name: pulumi.Input[str]
    """Name of the users table."""

    users_table_arn: pulumi.Input[str]
    """ARN of the users table."""

    audit_table_name: pulumi.Input[str]
    """Name of the audit table."""

    audit_table_arn: pulumi.Input[str]
    """ARN of the audit table."""

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
    """Reserved concurrency of the function, at least 2, the concurrency of its event source mapping. A new
    AWS account cannot reserve any. Default: none."""

    kms_key_arn: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key that encrypts the queue, the environment variables and the log. Default: keys that
    AWS provides."""

    former_kms_key_arns: NotRequired[list[pulumi.Input[str]]]
    """ARNs of KMS keys that `kms_key_arn` named before: the function can still read what these keys encrypt.
    Default: none."""

    alarm_topic_arn: NotRequired[pulumi.Input[str]]
    """ARN of the SNS topic that alarms notify. Default: alarms only change their state."""


class OutboxWorker(Component):
    """Registers the users in the outbox, with attributes from the pool. Create it after the pool."""

    _CHILDREN = ("worker", "mapping", "alarm", "retry-alarm")
    _COMPONENTS: ClassVar = {"worker": PythonFunction}
    _NAME_LIMIT = 40

    function_name: pulumi.Output[str]
    """Name of the worker's function."""

    def __init__(
        self,
        name: str,
        args: OutboxWorkerArgs = NO_ARGUMENTS,
        opts: pulumi.ResourceOptions | None = None,
        *,
        transforms: Transforms | None = None,
        **keywords: Unpack[OutboxWorkerArgs],
    ) -> None:
        """Create the function, its event source mapping and its alarms.

        Args:
            name: Prefix of the resources' names.
            args: Arguments as a dict.
            opts: Pulumi's resource options.
            transforms: Changes to `worker` (a component), `mapping`, `alarm` and `retry-alarm`.
            keywords: Arguments as keywords, such as `tracing=False`.

        Raises:
            InvalidArgumentError: An argument is not valid.
        """
        args = self._merged_arguments(name, args, keywords)
        label = self.label(name)
        check_required(label, args, *TABLE_ARGUMENTS, "outbox_queue_arn", "user_pool_arn")
        settings = FunctionSettings(label, args)
        reserved_concurrency(label, args, at_least=OUTBOX_CONCURRENCY)
        super().__init__(name, args, opts, transforms)

        self.worker = self._make_component(PythonFunction, "worker", _worker_args(name, args, settings))
        self.mapping = self._make(
            aws.lambda_.EventSourceMapping,
            "mapping",
            event_source_arn=args["outbox_queue_arn"],
            function_name=self.worker.alias_arn,
            batch_size=10,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config={"maximum_concurrency": OUTBOX_CONCURRENCY},
        )
        self._alarm(
            "alarm",
            args,
            description="The outbox worker failed as a whole and registers no users: see its log",
            metric="AWS/Lambda Errors",
            dimensions={"FunctionName": self.worker.function_name},
        )
        self._alarm(
            "retry-alarm",
            args,
            description="Registrations from the outbox failed repeatedly: see the outbox worker's log",
            metric=f"{METRICS_NAMESPACE} OutboxRetry",
            dimensions={"service": service_name(name, _HANDLER)},
            threshold=_MAX_RETRIES,
        )

        self.function_name = self.worker.function_name
        self._register_outputs()


def _worker_args(name: str, args: OutboxWorkerArgs, settings: FunctionSettings) -> PythonFunctionArgs:
    return settings.function_args(
        name,
        _HANDLER,
        "Registers users that post confirmation could not register",
        environment=table_environment(args),
        statements=[
            *register_user_statements(args),
            *read_user_statements(args["user_pool_arn"]),
            {
                "sid": "ReceiveFromOutbox",
                "actions": ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"],
                "resources": [args["outbox_queue_arn"]],
            },
            *kms_statements(args, "sqs", "kms:Decrypt"),
        ],
        timeout_seconds=OUTBOX_WORKER_SECONDS,
    )
