"""The function that erases users whose grace period is over, and the table with its receipts."""

from typing import Any, ClassVar, NotRequired, TypedDict, Unpack

import pulumi
import pulumi_aws as aws

from pulumi_userprofiles.component import NO_ARGUMENTS, Transforms
from pulumi_userprofiles.erasure_queue import ERASURE_SECONDS
from pulumi_userprofiles.erasure_rights import OPEN_INDEX, erasure_environment, erasure_statements
from pulumi_userprofiles.erasure_stores import ErasureStore, erasure_stores
from pulumi_userprofiles.function_rights import TABLE_ARGUMENTS
from pulumi_userprofiles.function_settings import METRICS_NAMESPACE, FunctionSettings, service_name
from pulumi_userprofiles.paired_arguments import has_both
from pulumi_userprofiles.python_function import PythonFunction
from pulumi_userprofiles.python_function_settings import LambdaPlatform, LambdaRuntime, reserved_concurrency
from pulumi_userprofiles.scheduled_component import ScheduledComponent
from pulumi_userprofiles.validation import boolean, check_required

ERASURE_CONCURRENCY = 2
"""Maximum concurrency of the event source mapping; SQS does not support less. Erasures are not urgent, and
sign-ups share the account's Lambda concurrency."""

_HANDLER = "erasure"
_REQUIRED = (
    *TABLE_ARGUMENTS,
    *("user_pool_id", "user_pool_arn", "idempotency_table_name", "idempotency_table_arn"),
    *("avatar_bucket_name", "avatar_bucket_arn", "erasure_queue_url", "erasure_queue_arn"),
)


class ErasureWorkerArgs(TypedDict):
    """Arguments of `ErasureWorker`."""

    users_table_name: pulumi.Input[str]
    """Name of the users table."""

    users_table_arn: pulumi.Input[str]
    """ARN of the users table."""

    audit_table_name: pulumi.Input[str]
    """Name of the audit table."""

    audit_table_arn: pulumi.Input[str]
    """ARN of the audit table."""

    user_pool_id: pulumi.Input[str]
    """ID of the pool whose users are deleted."""

    user_pool_arn: pulumi.Input[str]
    """ARN of that pool."""

    idempotency_table_name: pulumi.Input[str]
    """Name of the table with the profile API's stored answers."""

    idempotency_table_arn: pulumi.Input[str]
    """ARN of that table."""

    avatar_bucket_name: pulumi.Input[str]
    """Name of the bucket with users' pictures and exports."""

    avatar_bucket_arn: pulumi.Input[str]
    """ARN of that bucket."""

    erasure_queue_url: pulumi.Input[str]
    """URL of the queue with the users to erase."""

    erasure_queue_arn: pulumi.Input[str]
    """ARN of that queue."""

    media_bucket_name: NotRequired[pulumi.Input[str]]
    """Name of the bucket with media, an output of `MediaBucket`. Default: none."""

    media_bucket_arn: NotRequired[pulumi.Input[str]]
    """ARN of that bucket. Set it together with `media_bucket_name`. Default: none."""

    stores: NotRequired[list[ErasureStore]]
    """Stores of your own that also have data of users, at most 10. The worker tells each of them which user
    to erase, and the erasure is complete when all have answered. A queue must be a standard queue, encrypted
    with `kms_key_arn` or with keys that Amazon SQS manages. Default: none."""

    template: NotRequired[str]
    """Name of the template: `basic`, `social`, `career`, `marketplace`, or a name of your own for
    `template_document`. Default: marketplace."""

    template_document: NotRequired[str]
    """Your own template as JSON text, which is packed into the function. Default: none."""

    protect: NotRequired[bool]
    """Whether the table with receipts is protected against deletion, by AWS (deletion protection) and by
    Pulumi (`protect`). To delete the table, set false, deploy, then destroy. Default: true."""

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
    """Reserved concurrency of the function, at least 3: its event source mapping uses 2, its schedule 1. A
    new AWS account cannot reserve any. Default: none."""

    kms_key_arn: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key that encrypts the receipts, the queue, the environment variables and the log.
    Default: keys that AWS provides."""

    former_kms_key_arns: NotRequired[list[pulumi.Input[str]]]
    """ARNs of KMS keys that `kms_key_arn` named before: the function can still read what these keys encrypt.
    Default: none."""

    alarm_topic_arn: NotRequired[pulumi.Input[str]]
    """ARN of the SNS topic that alarms notify. Default: alarms only change their state."""


class ErasureWorker(ScheduledComponent):
    """Erases users whose grace period is over, everywhere, and keeps a receipt of each erasure.

    It receives users from the queue of `ErasureQueue`. Once an hour it looks for users who are due and for
    erasures that are not complete.
    """

    _CHILDREN = (
        *("receipts-table", "worker", "mapping", "schedule", "schedule-target"),
        *("alarm", "retry-alarm", "waiting-alarm", "invalid-message-alarm"),
    )
    _COMPONENTS: ClassVar = {"worker": PythonFunction}
    _NAME_LIMIT = 40

    function_name: pulumi.Output[str]
    """Name of the worker's function."""

    receipts_table_name: pulumi.Output[str]
    """Name of the table with the receipts of erasures."""

    receipts_table_arn: pulumi.Output[str]
    """ARN of that table."""

    def __init__(
        self,
        name: str,
        args: ErasureWorkerArgs = NO_ARGUMENTS,
        opts: pulumi.ResourceOptions | None = None,
        *,
        transforms: Transforms | None = None,
        **keywords: Unpack[ErasureWorkerArgs],
    ) -> None:
        """Create the table, the function, its event source mapping, its schedule and its alarms.

        Args:
            name: Prefix of the resources' names.
            args: Arguments as a dict.
            opts: Pulumi's resource options.
            transforms: Changes to children.
            keywords: Arguments as keywords, such as `tracing=False`.

        Raises:
            InvalidArgumentError: An argument is not valid.
        """
        args = self._merged_arguments(name, args, keywords)
        label = self.label(name)
        check_required(label, args, *_REQUIRED)
        settings = FunctionSettings(label, args)
        has_both(label, args, "media_bucket_name", "media_bucket_arn")
        stores = erasure_stores(label, args, "stores")
        protect = boolean(label, args, "protect", True)
        reserved_concurrency(label, args, at_least=ERASURE_CONCURRENCY + 1)
        super().__init__(name, args, opts, transforms)

        self.receipts_table = self._make_receipts_table(args, protect)
        self.worker = self._make_worker(args, settings, stores)
        self.mapping = self._make(
            aws.lambda_.EventSourceMapping,
            "mapping",
            event_source_arn=args["erasure_queue_arn"],
            function_name=self.worker.alias_arn,
            batch_size=1,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config={"maximum_concurrency": ERASURE_CONCURRENCY},
        )
        self._make_schedule(
            self.worker,
            description="Looks for users to erase, and for erasures that are not complete",
            expression="rate(1 hour)",
            input=pulumi.Output.json_dumps({"sweep": True}),
        )
        self._make_alarms(args)

        self.function_name = self.worker.function_name
        self.receipts_table_name = self.receipts_table.name
        self.receipts_table_arn = self.receipts_table.arn
        self._register_outputs()

    def _make_receipts_table(self, args: ErasureWorkerArgs, protect: bool) -> aws.dynamodb.Table:
        return self._make(
            aws.dynamodb.Table,
            "receipts-table",
            opts=pulumi.ResourceOptions(protect=protect),
            attributes=[{"name": key, "type": "S"} for key in ("PK", "openPK", "startedAt")],
            hash_key="PK",
            global_secondary_indexes=[
                {
                    "name": OPEN_INDEX,
                    "key_schemas": [
                        {"attribute_name": "openPK", "key_type": "HASH"},
                        {"attribute_name": "startedAt", "key_type": "RANGE"},
                    ],
                    "projection_type": "KEYS_ONLY",
                }
            ],
            billing_mode="PAY_PER_REQUEST",
            point_in_time_recovery={"enabled": True},
            server_side_encryption={"enabled": True, "kms_key_arn": args.get("kms_key_arn")},
            deletion_protection_enabled=protect,
        )

    def _make_worker(
        self, args: ErasureWorkerArgs, settings: FunctionSettings, stores: list[ErasureStore]
    ) -> PythonFunction:
        return self._make_component(
            PythonFunction,
            "worker",
            settings.function_args(
                self._prefix,
                _HANDLER,
                "Erases users whose grace period is over",
                environment=erasure_environment(args, self.receipts_table.name, stores),
                statements=erasure_statements(args, self.receipts_table.arn, stores),
                timeout_seconds=ERASURE_SECONDS,
            ),
        )

    def _make_alarms(self, args: ErasureWorkerArgs) -> None:
        self._alarm(
            "alarm",
            args,
            description="The erasure worker failed as a whole and erases no users: see its log",
            metric="AWS/Lambda Errors",
            dimensions={"FunctionName": self.worker.function_name},
        )
        own_alarms: list[tuple[str, str, str, int]] = [
            ("retry-alarm", "ErasureFailed", "Erasures failed repeatedly: see the erasure worker's log", 1),
            (
                "waiting-alarm",
                "ErasureWaiting",
                "An erasure is not complete after a day: its receipt names the store that did not answer",
                0,
            ),
            (
                "invalid-message-alarm",
                "ErasurePoison",
                "The erasure queue got a message that is not valid: see the erasure worker's log",
                0,
            ),
        ]
        dimensions: dict[str, Any] = {"service": service_name(self._prefix, _HANDLER)}
        for child, metric, description, threshold in own_alarms:
            self._alarm(
                child,
                args,
                description=description,
                metric=f"{METRICS_NAMESPACE} {metric}",
                dimensions=dimensions,
                threshold=threshold,
            )
