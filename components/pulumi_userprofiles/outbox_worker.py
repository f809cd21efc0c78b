"""The function that registers those whom post confirmation couldn't."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from pulumi_userprofiles.component import Component, Transforms
from pulumi_userprofiles.domain import TABLES, Domain, read_users_rights, register_rights, tables
from pulumi_userprofiles.policies import key_rights
from pulumi_userprofiles.python_function import LambdaPlatform, PythonFunction, concurrency
from pulumi_userprofiles.validation import required

_CALLS_AT_ONCE = 2
"""Cognito lets an account read some 120 users a second, and people are signing in. SQS takes no less."""


class OutboxWorkerArgs(TypedDict):
    """Arguments of `OutboxWorker`."""

    outbox_queue_arn: pulumi.Input[str]
    """ARN of the queue to read."""

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
    """Name of the template: `marketplace`, `basic`, or what `template_document` is to be called. Default:
    marketplace."""

    template_document: NotRequired[str]
    """A template of your own, as JSON text; packed into the function. Default: none."""

    sign_up_roles: NotRequired[list[str]]
    """Roles that users may ask for at sign-up. Default: the template's."""

    default_role: NotRequired[str]
    """Role of who asks for none. Default: the template's."""

    platform: NotRequired[LambdaPlatform]
    """What the function's zip is made for. Default: lambda."""

    log_retention_days: NotRequired[int]
    """Days that log lines are kept, one of CloudWatch's steps. Default: 30."""

    snap_start: NotRequired[bool]
    """Whether Lambda keeps a snapshot of the started function (billed for Python). Default: false."""

    tracing: NotRequired[bool]
    """Whether calls are traced by X-Ray. Default: true."""

    reserved_concurrency: NotRequired[int]
    """Calls at a time that are set aside for the function, at least the 2 that the queue makes; a young
    account has none to spare. Default: none."""

    kms_key_arn: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key that encrypts queue, environment and log. Default: AWS's own keys."""

    alarm_topic_arn: NotRequired[pulumi.Input[str]]
    """ARN of the SNS topic that alarms are sent to. Default: alarms only change their state."""


class OutboxWorker(Component):
    """Registers whom the outbox names, reading each from the pool; made after the pool."""

    _CHILDREN = ("worker", "mapping", "alarm")
    _NAME_LIMIT = 40

    function_name: pulumi.Output[str]
    """Name of the worker's function."""

    def __init__(
        self,
        name: str,
        args: OutboxWorkerArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        transforms: Transforms | None = None,
    ) -> None:
        """Make the function, let the queue call it, and watch it.

        Args:
            name: Name that the resources' names begin with.
            args: Arguments.
            opts: Pulumi's options.
            transforms: Changes to `worker` (a component), `mapping` and `alarm`.

        Raises:
            InvalidArgumentError: An argument can't be used.
        """
        where = self.place(name)
        required(where, args, *TABLES, "outbox_queue_arn", "user_pool_arn")
        domain = Domain(where, args)
        concurrency(where, args, at_least=_CALLS_AT_ONCE)
        super().__init__(name, args, opts, transforms)

        self.worker = PythonFunction(
            f"{name}-worker",
            domain.function(
                "outbox",
                "Registers users whom post confirmation couldn't",
                environment=tables(args),
                statements=[
                    *register_rights(args),
                    *read_users_rights(args["user_pool_arn"]),
                    {
                        "sid": "TakeFromTheOutbox",
                        "actions": ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"],
                        "resources": [args["outbox_queue_arn"]],
                    },
                    *key_rights(args.get("kms_key_arn"), "sqs", "kms:Decrypt"),
                ],
                timeout_seconds=30,
            ),
            **self._within("worker"),
        )
        self.mapping = self._make(
            aws.lambda_.EventSourceMapping,
            "mapping",
            event_source_arn=args["outbox_queue_arn"],
            function_name=self.worker.alias_arn,
            batch_size=10,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config={"maximum_concurrency": _CALLS_AT_ONCE},
        )

        self._watch(
            "alarm",
            args,
            tells="The outbox worker fails as a whole, so no user of the outbox is registered: see its log",
            metric="AWS/Lambda Errors",
            dimensions={"FunctionName": self.worker.function_name},
        )

        self.function_name = self.worker.function_name
        self._register_outputs()
