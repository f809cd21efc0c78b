"""The two functions that Cognito calls around a sign-up, and the outbox for what couldn't be written."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from pulumi_userprofiles import policies
from pulumi_userprofiles.component import Component, Transforms
from pulumi_userprofiles.domain import TABLES, Domain, register_rights, tables
from pulumi_userprofiles.python_function import LambdaPlatform, PythonFunction, concurrency
from pulumi_userprofiles.validation import required

TRIGGER_SECONDS = 4
"""Time-out of both functions: Cognito waits for 5 s, with the cold start in them."""

_DAY = 24 * 60 * 60
_TRIES = 5
_WORKER_SECONDS = 30
"""Time-out of the outbox worker, of which the queue's visibility time-out is six (AWS Lambda Developer
Guide, SQS)."""


_LONG_WAIT_SECONDS = 600
"""Three tries of the worker have failed by then; after the fifth a message is a dead letter."""
_SLOW_MS = 3000
_REFUSALS = 20
"""Lambda counts a refused sign-up as an error as well: a few are people's mistakes."""


class SignUpTriggersArgs(TypedDict):
    """Arguments of `SignUpTriggers`."""

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
    """A template of your own, as JSON text; packed into the functions. Default: none."""

    sign_up_roles: NotRequired[list[str]]
    """Roles that users may ask for at sign-up. Default: the template's."""

    default_role: NotRequired[str]
    """Role of who asks for none. Default: the template's."""

    platform: NotRequired[LambdaPlatform]
    """What the functions' zip is made for. Default: lambda."""

    log_retention_days: NotRequired[int]
    """Days that log lines are kept, one of CloudWatch's steps. Default: 30."""

    snap_start: NotRequired[bool]
    """Whether Lambda keeps snapshots of the started functions (billed for Python). Default: false."""

    tracing: NotRequired[bool]
    """Whether calls are traced by X-Ray. Default: true."""

    reserved_concurrency: NotRequired[int]
    """Calls at a time that are set aside for each of the two functions, and its limit; a young account has
    none to spare. Default: none."""

    kms_key_arn: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key that encrypts queues, environments and logs. Default: AWS's own keys."""

    alarm_topic_arn: NotRequired[pulumi.Input[str]]
    """ARN of the SNS topic that alarms are sent to. Default: alarms only change their state."""


class SignUpTriggers(Component):
    """Pre sign-up and post confirmation, each with its own role, and the outbox with its dead letters."""

    _CHILDREN = (
        *("outbox", "outbox-policy", "dead-letters", "dead-letters-policy", "dead-letters-source"),
        *("pre-sign-up", "post-confirmation", "dead-letters-alarm", "outbox-age-alarm"),
        *("pre-sign-up-alarm", "post-confirmation-alarm", "post-confirmation-duration-alarm"),
    )
    _NAME_LIMIT = 29

    pre_sign_up_alias_arn: pulumi.Output[str]
    """ARN by which a pool calls the function that may refuse a sign-up."""

    post_confirmation_alias_arn: pulumi.Output[str]
    """ARN by which a pool calls the function that registers who has confirmed."""

    outbox_queue_arn: pulumi.Output[str]
    """ARN of the queue with the users whom post confirmation couldn't register."""

    outbox_queue_url: pulumi.Output[str]
    """URL of that queue."""

    dead_letter_queue_arn: pulumi.Output[str]
    """ARN of the queue with the users whom nobody could register."""

    def __init__(
        self,
        name: str,
        args: SignUpTriggersArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        transforms: Transforms | None = None,
    ) -> None:
        """Make functions, queues and alarms.

        Args:
            name: Name that the resources' names begin with.
            args: Arguments.
            opts: Pulumi's options.
            transforms: Changes to children.

        Raises:
            InvalidArgumentError: An argument can't be used.
        """
        where = self.place(name)
        required(where, args, *TABLES)
        domain = Domain(where, args)
        concurrency(where, args)
        super().__init__(name, args, opts, transforms)

        self._make_queues(args)
        self.pre_sign_up = PythonFunction(
            f"{name}-pre-sign-up",
            domain.function(
                "pre_sign_up",
                "Refuses sign-ups with a role or phone number that isn't allowed",
                environment={},
                statements=[],
                timeout_seconds=TRIGGER_SECONDS,
            ),
            **self._within("pre-sign-up"),
        )
        self.post_confirmation = PythonFunction(
            f"{name}-post-confirmation",
            domain.function(
                "post_confirmation",
                "Registers who has confirmed: account, profile, audit row",
                environment={**tables(args), "OUTBOX_QUEUE_URL": self.outbox.url},
                statements=[
                    *register_rights(args),
                    {"sid": "PutOff", "actions": ["sqs:SendMessage"], "resources": [self.outbox.arn]},
                    *policies.key_rights(
                        args.get("kms_key_arn"), "sqs", "kms:Decrypt", "kms:GenerateDataKey"
                    ),
                ],
                timeout_seconds=TRIGGER_SECONDS,
            ),
            **self._within("post-confirmation"),
        )
        self._make_alarms(args)

        self.pre_sign_up_alias_arn = self.pre_sign_up.alias_arn
        self.post_confirmation_alias_arn = self.post_confirmation.alias_arn
        self.outbox_queue_arn = self.outbox.arn
        self.outbox_queue_url = self.outbox.url
        self.dead_letter_queue_arn = self.dead_letters.arn
        self._register_outputs()

    def _make_queues(self, args: SignUpTriggersArgs) -> None:
        key = args.get("kms_key_arn")
        encryption = {"sqs_managed_sse_enabled": True} if key is None else {"kms_master_key_id": key}
        self.dead_letters = self._make(
            aws.sqs.Queue, "dead-letters", message_retention_seconds=14 * _DAY, **encryption
        )
        self.outbox = self._make(
            aws.sqs.Queue,
            "outbox",
            message_retention_seconds=4 * _DAY,
            visibility_timeout_seconds=6 * _WORKER_SECONDS,
            redrive_policy=pulumi.Output.json_dumps(
                {"deadLetterTargetArn": self.dead_letters.arn, "maxReceiveCount": _TRIES}
            ),
            **encryption,
        )
        self._make(
            aws.sqs.RedriveAllowPolicy,
            "dead-letters-source",
            queue_url=self.dead_letters.url,
            redrive_allow_policy=pulumi.Output.json_dumps(
                {"redrivePermission": "byQueue", "sourceQueueArns": [self.outbox.arn]}
            ),
        )
        for role, queue in (("outbox-policy", self.outbox), ("dead-letters-policy", self.dead_letters)):
            self._make(
                aws.sqs.QueuePolicy, role, queue_url=queue.url, policy=policies.tls_only("sqs", queue.arn)
            )

    def _make_alarms(self, args: SignUpTriggersArgs) -> None:
        confirmation = {"FunctionName": self.post_confirmation.function_name}
        self._watch(
            "dead-letters-alarm",
            args,
            tells="Users have confirmed whom nobody could register: see the dead-letter queue",
            metric="AWS/SQS ApproximateNumberOfMessagesVisible",
            dimensions={"QueueName": self.dead_letters.name},
            statistic="Maximum",
        )
        self._watch(
            "outbox-age-alarm",
            args,
            tells="A user waits for registration for long: see the outbox worker's log",
            metric="AWS/SQS ApproximateAgeOfOldestMessage",
            dimensions={"QueueName": self.outbox.name},
            statistic="Maximum",
            above=_LONG_WAIT_SECONDS,
        )
        self._watch(
            "pre-sign-up-alarm",
            args,
            tells="Many sign-ups are refused, or the pre sign-up function fails: see its log",
            metric="AWS/Lambda Errors",
            dimensions={"FunctionName": self.pre_sign_up.function_name},
            above=_REFUSALS,
        )
        self._watch(
            "post-confirmation-alarm",
            args,
            tells="The post-confirmation function fails, which it never should: see its log",
            metric="AWS/Lambda Errors",
            dimensions=confirmation,
        )
        self._watch(
            "post-confirmation-duration-alarm",
            args,
            tells="Post confirmation is slow: Cognito gives up after 5 s, and the user sees an error",
            metric="AWS/Lambda Duration",
            dimensions=confirmation,
            statistic="Maximum",
            above=_SLOW_MS,
        )
