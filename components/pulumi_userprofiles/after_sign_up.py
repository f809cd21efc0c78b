"""Steps after sign-up: a queue for each target, and the function that sends new users to them."""

import json
from typing import ClassVar, NotRequired, TypedDict, Unpack

import pulumi
import pulumi_aws as aws
from userprofiles.table.record import ENTITY_TYPES, SORT_KEYS

from pulumi_userprofiles.after_sign_up_targets import CheckedTarget, SignUpTarget, sign_up_targets
from pulumi_userprofiles.component import NO_ARGUMENTS, Transforms
from pulumi_userprofiles.function_settings import METRICS_NAMESPACE, plain_function_args, service_name
from pulumi_userprofiles.policies import kms_statements
from pulumi_userprofiles.python_function import PythonFunction, PythonFunctionArgs
from pulumi_userprofiles.python_function_settings import LambdaPlatform, LambdaRuntime
from pulumi_userprofiles.queue_pair import QueuePair, pair_children
from pulumi_userprofiles.validation import InvalidArgumentError, check_required

TARGET_FUNCTION_SECONDS = 30
"""Longest recommended time-out of a target's function. The visibility time-out of its queue is six times as
long, and Lambda rejects a mapping whose function can take longer than that."""

TARGET_ATTEMPTS = 5
"""How often SQS delivers a message before it moves it to the target's dead-letter queue."""

TARGET_CONCURRENCY = 2
"""Maximum concurrency of a target's mapping; SQS does not support less. A new AWS account has 10 concurrent
executions, which sign-ups need too."""

_HANDLER = "sign_up_events"
_READER_SECONDS = 180
"""If ten queues and the dead-letter queue do not respond at all, the attempts take 140 seconds."""

_MAX_RECORD_AGE_SECONDS = 6 * 60 * 60
"""Lambda discards a record that cannot be processed within this time. The stream keeps it for 24 hours, so 18
hours remain to read it by the sequence number in the dead-letter queue."""

_MAX_ITERATOR_AGE_MS = 10 * 60 * 1000

STREAM_FILTER = json.dumps(
    {
        "eventName": ["INSERT"],
        "dynamodb": {
            "NewImage": {
                "SK": {"S": [SORT_KEYS["account"]]},
                "entityType": {"S": [ENTITY_TYPES["account"]]},
            }
        },
    }
)
"""Inserts of accounts only: no profiles, changes and tombstones (AWS Lambda Developer Guide, "Using event
filtering with a DynamoDB event source"; Amazon DynamoDB Developer Guide, "DynamoDB Streams and Time to Live",
filters by `eventName` too)."""


class AfterSignUpArgs(TypedDict):
    """Arguments of `AfterSignUp`."""

    targets: list[SignUpTarget]
    """Targets of new users, at least one and at most ten."""

    users_table_stream_arn: pulumi.Input[str]
    """ARN of the users table's stream. At most two functions can read a stream; this is one of them."""

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

    kms_key_arn: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key that encrypts the table, the queues, the environment variables and the log. Default:
    keys that AWS provides."""

    former_kms_key_arns: NotRequired[list[pulumi.Input[str]]]
    """ARNs of KMS keys that `kms_key_arn` named before: the function can still read what these keys encrypt.
    Default: none."""

    alarm_topic_arn: NotRequired[pulumi.Input[str]]
    """ARN of the SNS topic that alarms notify. Default: alarms only change their state."""


class AfterSignUp(QueuePair):
    """Sends each new user to the queue of each target, at least once.

    A message is `{"eventId": …, "sub": …, "createdBy": …}`. Each target has a queue, a dead-letter queue and
    an alarm, so that a failing target affects neither sign-ups nor the other targets.
    """

    _CHILDREN = (
        *("reader", "mapping", "dead-letters", "dead-letters-policy"),
        *("alarm", "age-alarm", "poison-alarm", "dead-letters-alarm"),
        *pair_children("*-queue", "*-dead-letters"),
        *("*-dead-letters-alarm", "*-mapping"),
    )
    _COMPONENTS: ClassVar = {"reader": PythonFunction}
    _NAME_LIMIT = 34

    queue_urls: pulumi.Output[dict[str, str]]
    """URLs of the targets' queues, by the target's name."""

    queue_arns: pulumi.Output[dict[str, str]]
    """ARNs of the targets' queues, by the target's name."""

    dead_letter_queue_url: pulumi.Output[str]
    """URL of the reader's dead-letter queue, with the events that a target's queue did not accept."""

    function_name: pulumi.Output[str]
    """Name of the function that reads the stream."""

    def __init__(
        self,
        name: str,
        args: AfterSignUpArgs = NO_ARGUMENTS,
        opts: pulumi.ResourceOptions | None = None,
        *,
        transforms: Transforms | None = None,
        **keywords: Unpack[AfterSignUpArgs],
    ) -> None:
        """Create the targets' queues, and the function that reads the stream.

        Args:
            name: Prefix of the resources' names.
            args: Arguments as a dict.
            opts: Pulumi's resource options.
            transforms: Changes to children, such as `{"welcome-mail-queue": transform}`.
            keywords: Arguments as keywords, such as `tracing=False`.

        Raises:
            InvalidArgumentError: An argument is not valid.
        """
        args = self._merged_arguments(name, args, keywords)
        label = self.label(name)
        check_required(label, args, "targets", "users_table_stream_arn")
        targets = sign_up_targets(label, args, "targets")
        _check_any(label, targets)
        names = [target.name for target in targets]
        chosen_names = dict.fromkeys((child for child in self._CHILDREN if child.startswith("*")), names)
        chosen_names["*-mapping"] = [target.name for target in targets if target.function_arn is not None]
        super().__init__(name, args, opts, transforms, chosen_names=chosen_names)

        self.queues = {target.name: self._make_target(target, args) for target in targets}
        self._make_reader(targets, args)
        self._make_reader_alarms(args)

        self.queue_urls = pulumi.Output.all(**{name: queue.url for name, queue in self.queues.items()})
        self.queue_arns = pulumi.Output.all(**{name: queue.arn for name, queue in self.queues.items()})
        self.dead_letter_queue_url = self.dead_letters.url
        self.function_name = self.reader.function_name
        self._register_outputs()

    def _make_target(self, target: CheckedTarget, args: AfterSignUpArgs) -> aws.sqs.Queue:
        """Create a target's queues and alarm, and the mapping of its function if it has one."""
        queue, dead_letters = self._make_queue_pair(
            args,
            f"{target.name}-queue",
            f"{target.name}-dead-letters",
            function_seconds=TARGET_FUNCTION_SECONDS,
            attempts=TARGET_ATTEMPTS,
        )
        self._alarm_on_dead_letters(
            f"{target.name}-dead-letters-alarm",
            args,
            dead_letters,
            f"The step {target.name} after sign-up failed for some users: see its dead-letter queue",
        )
        if target.function_arn is not None:
            self._make(
                aws.lambda_.EventSourceMapping,
                f"{target.name}-mapping",
                event_source_arn=queue.arn,
                function_name=target.function_arn,
                batch_size=1,
                function_response_types=["ReportBatchItemFailures"],
                scaling_config={"maximum_concurrency": TARGET_CONCURRENCY},
            )
        return queue

    def _make_reader(self, targets: list[CheckedTarget], args: AfterSignUpArgs) -> None:
        """Create the function, its dead-letter queue, and its mapping to the stream.

        The function itself catches every failure of a record or target. The mapping's settings for failures
        apply only if the function cannot start, or if the dead-letter queue fails as well. They have to be
        tried on AWS: the emulator ignores most of them.
        """
        self.dead_letters = self._make_queue("dead-letters", args)
        self.reader = self._make_component(PythonFunction, "reader", self._reader_args(targets, args))
        self.mapping = self._make(
            aws.lambda_.EventSourceMapping,
            "mapping",
            event_source_arn=args["users_table_stream_arn"],
            function_name=self.reader.alias_arn,
            # With LATEST, Lambda could miss records while it creates the mapping (AWS Lambda Developer Guide,
            # "Polling and stream starting positions").
            starting_position="TRIM_HORIZON",
            batch_size=100,
            filter_criteria={"filters": [{"pattern": STREAM_FILTER}]},
            function_response_types=["ReportBatchItemFailures"],
            bisect_batch_on_function_error=True,
            maximum_record_age_in_seconds=_MAX_RECORD_AGE_SECONDS,
            # The message has sequence numbers, not the records (AWS Lambda Developer Guide, "Retain discarded
            # records for a DynamoDB event source").
            destination_config={"on_failure": {"destination_arn": self.dead_letters.arn}},
        )

    def _reader_args(self, targets: list[CheckedTarget], args: AfterSignUpArgs) -> PythonFunctionArgs:
        queues = [*self.queues.values(), self.dead_letters]
        settings = [
            {"name": target.name, "queueUrl": self.queues[target.name].url, "createdBy": target.created_by}
            for target in targets
        ]
        return plain_function_args(
            args,
            self._prefix,
            _HANDLER,
            "Sends new users to the queues of the steps after sign-up",
            environment={
                "AFTER_SIGN_UP_TARGETS": pulumi.Output.json_dumps(settings),
                "DEAD_LETTER_QUEUE_URL": self.dead_letters.url,
            },
            statements=[
                {
                    "sid": "ReadStream",
                    # Amazon DynamoDB Developer Guide, "IAM policy to allow an AWS Lambda function to access
                    # DynamoDB stream records".
                    "actions": [
                        f"dynamodb:{action}"
                        for action in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")
                    ],
                    "resources": [args["users_table_stream_arn"]],
                },
                *kms_statements(args, "dynamodb", "kms:Decrypt"),
                {
                    "sid": "SendToTargets",
                    "actions": ["sqs:SendMessage"],
                    "resources": [queue.arn for queue in queues],
                },
                *kms_statements(args, "sqs", "kms:Decrypt", "kms:GenerateDataKey"),
            ],
            timeout_seconds=_READER_SECONDS,
        )

    def _make_reader_alarms(self, args: AfterSignUpArgs) -> None:
        function = {"FunctionName": self.reader.function_name}
        self._alarm(
            "alarm",
            args,
            description="The function that sends new users to steps after sign-up failed: see its log",
            metric="AWS/Lambda Errors",
            dimensions=function,
        )
        self._alarm(
            "age-alarm",
            args,
            description="New users wait for steps after sign-up for over 10 minutes: see the reader's log",
            metric="AWS/Lambda IteratorAge",
            dimensions=function,
            statistic="Maximum",
            threshold=_MAX_ITERATOR_AGE_MS,
        )
        self._alarm(
            "poison-alarm",
            args,
            description="Invalid stream records were skipped: see their sequence numbers in the reader's log",
            metric=f"{METRICS_NAMESPACE} AfterSignUpPoison",
            dimensions={"service": service_name(self._prefix, _HANDLER)},
        )
        self._alarm_on_dead_letters(
            "dead-letters-alarm",
            args,
            self.dead_letters,
            "New users could not be sent to a step after sign-up: see the reader's dead-letter queue",
        )


def _check_any(where: str, targets: list[CheckedTarget]) -> None:
    if not targets:
        raise InvalidArgumentError(
            where,
            "'targets' is empty, so the function would have nothing to do",
            got=[],
            allowed="one to ten targets",
            fix='List at least one target, such as {"name": "welcome-mail"}.',
            argument="targets",
        )
