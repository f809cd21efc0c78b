"""The job that creates the profiles that existing users lack: state machine, worker, bucket for reports."""

from functools import partial
from typing import Any, NotRequired, TypedDict, cast

import pulumi
import pulumi_aws as aws

from pulumi_userprofiles import policies
from pulumi_userprofiles.component import Component, Transforms
from pulumi_userprofiles.domain import USER_KEYS, Domain, table_key_rights
from pulumi_userprofiles.migration_definition import LABEL, definition
from pulumi_userprofiles.policies import PolicyStatement
from pulumi_userprofiles.python_function import LambdaPlatform, PythonFunction, retention
from pulumi_userprofiles.reports_bucket import PREFIX, ReportsBucket, ReportsBucketArgs
from pulumi_userprofiles.validation import required, switch, table_names, whole_number

_WORKER_SECONDS = 900


class MigrationJobArgs(TypedDict):
    """Arguments of `MigrationJob`."""

    users_table_name: pulumi.Input[str]
    """Name of the table that is worked on if an execution's input names none."""

    users_table_arn: pulumi.Input[str]
    """ARN of that table."""

    table_names: NotRequired[list[str]]
    """Names of further tables, of the same account and region, that the job may work on. Default: none."""

    template: NotRequired[str]
    """Name of the template: `marketplace`, `basic`, or what `template_document` is to be called. Default:
    marketplace."""

    template_document: NotRequired[str]
    """A template of your own, as JSON text; packed into the worker. Default: none."""

    segments: NotRequired[int]
    """Segments that a table is read in if an execution's input doesn't say, 1 to 1,000. Default: 8."""

    report_retention_days: NotRequired[int]
    """Days that reports and checkpoints are kept; they hold ids of users. Default: 90."""

    protect: NotRequired[bool]
    """Whether the bucket is guarded against deletion; without, it is deleted with all it holds. Default:
    true."""

    platform: NotRequired[LambdaPlatform]
    """What the worker's zip is made for. Default: lambda."""

    log_retention_days: NotRequired[int]
    """Days that log lines are kept, one of CloudWatch's steps. Default: 30."""

    snap_start: NotRequired[bool]
    """Whether Lambda keeps a snapshot of the started worker (billed for Python). Default: false."""

    tracing: NotRequired[bool]
    """Whether executions and calls are traced by X-Ray. Default: true."""

    kms_key_arn: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key that encrypts bucket, executions, environment and logs. Default: AWS's own
    keys."""

    alarm_topic_arn: NotRequired[pulumi.Input[str]]
    """ARN of the SNS topic that alarms are sent to. Default: alarms only change their state."""


class MigrationJob(Component):
    """A state machine over a table's segments (Distributed Map), its worker, and its reports' bucket."""

    _CHILDREN = ("reports", "worker", "log-group", "role", "policy", "state-machine", "map-policy", "alarm")
    _NAME_LIMIT = 38

    state_machine_arn: pulumi.Output[str]
    """ARN of the state machine, known only when it has all its rights."""

    bucket_name: pulumi.Output[str]
    """Name of the bucket with reports (`runs/<run>/report.json`) and checkpoints."""

    worker_function_name: pulumi.Output[str]
    """Name of the worker's function."""

    def __init__(
        self,
        name: str,
        args: MigrationJobArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        transforms: Transforms | None = None,
    ) -> None:
        """Make bucket, worker and state machine.

        Args:
            name: Name that the resources' names begin with.
            args: Arguments.
            opts: Pulumi's options.
            transforms: Changes to children.

        Raises:
            InvalidArgumentError: An argument can't be used.
        """
        where = self.place(name)
        required(where, args, "users_table_name", "users_table_arn")
        domain = Domain(where, args)
        further = table_names(where, args, "table_names")
        segments = whole_number(where, args, "segments", 8, at_least=1, at_most=1000)
        log_days = retention(where, args)
        tracing = switch(where, args, "tracing", True)
        reports_args: dict[str, Any] = {
            key: args[key] for key in ("protect", "report_retention_days", "kms_key_arn") if key in args
        }
        ReportsBucket.check(where, reports_args)
        super().__init__(name, args, opts, transforms)

        self.reports = ReportsBucket(
            f"{name}-reports", cast("ReportsBucketArgs", reports_args), **self._within("reports")
        )
        self.worker = self._make_worker(args, domain, further)
        self.log_group = self._make(
            aws.cloudwatch.LogGroup,
            "log-group",
            retention_in_days=log_days,
            kms_key_id=args.get("kms_key_arn"),
        )
        # Without, somebody else's state machine could have Step Functions take the role on.
        account = policies.account_of(self.worker.alias_arn)
        self.role = self._make(
            aws.iam.Role,
            "role",
            assume_role_policy=policies.trust(
                "states.amazonaws.com", {"StringEquals": {"aws:SourceAccount": account}}
            ),
        )
        policy = self._make(
            aws.iam.RolePolicy,
            "policy",
            role=self.role.name,
            policy=policies.document(self._rights(args, tracing)),
        )
        self.state_machine = self._make(
            aws.sfn.StateMachine,
            "state-machine",
            type="STANDARD",
            role_arn=policies.once(self.role.arn, policy.id),
            definition=self._definition(args, segments),
            # Without execution data: inputs and outputs name users.
            logging_configuration={
                "level": "ALL",
                "include_execution_data": False,
                "log_destination": pulumi.Output.concat(self.log_group.arn, ":*"),
            },
            tracing_configuration={"enabled": tracing},
            encryption_configuration=(
                {"type": "CUSTOMER_MANAGED_KMS_KEY", "kms_key_id": args["kms_key_arn"]}
                if args.get("kms_key_arn") is not None
                else None
            ),
        )
        map_policy = self._make(
            aws.iam.RolePolicy,
            "map-policy",
            role=self.role.name,
            policy=policies.document(_map_rights(self.state_machine.arn)),
        )

        self._watch(
            "alarm",
            args,
            tells="An execution of the migration failed: its last step says which segments are left",
            metric="AWS/States ExecutionsFailed",
            dimensions={"StateMachineArn": self.state_machine.arn},
        )

        self.state_machine_arn = policies.once(self.state_machine.arn, map_policy.id)
        self.bucket_name = self.reports.bucket_name
        self.worker_function_name = self.worker.function_name
        self._register_outputs()

    def _make_worker(self, args: MigrationJobArgs, domain: Domain, further: list[str]) -> PythonFunction:
        own = pulumi.Output.from_input(args["users_table_arn"])
        arns: list[pulumi.Input[str]] = [own, *(own.apply(partial(_sibling, table)) for table in further)]
        return PythonFunction(
            f"{self._prefix}-worker",
            domain.function(
                "migration_worker",
                "Works on a segment of a table: creates the profiles that users lack",
                environment={
                    "USERS_TABLE": args["users_table_name"],
                    "MIGRATION_TABLES": pulumi.Output.all(args["users_table_name"], *further).apply(",".join),
                    "MIGRATION_BUCKET": self.reports.bucket_name,
                },
                statements=[
                    # A scan has no key; the users of a table from before have keys of any form.
                    {"sid": "FindUsers", "actions": ["dynamodb:Scan"], "resources": arns},
                    {
                        "sid": "CreateProfiles",
                        "actions": [
                            "dynamodb:BatchGetItem",
                            "dynamodb:GetItem",
                            "dynamodb:PartiQLInsert",
                            "dynamodb:PutItem",
                        ],
                        "resources": arns,
                        "conditions": USER_KEYS,
                    },
                    {
                        "sid": "KeepReports",
                        "actions": ["s3:GetObject", "s3:PutObject"],
                        "resources": [pulumi.Output.concat(self.reports.bucket_arn, f"/{PREFIX}*")],
                    },
                    *table_key_rights(args),
                    *policies.key_rights(args.get("kms_key_arn"), "s3", "kms:Decrypt", "kms:GenerateDataKey"),
                ],
                timeout_seconds=_WORKER_SECONDS,
                memory_mb=1024,
            ),
            **self._within("worker"),
        )

    def _rights(self, args: MigrationJobArgs, tracing: bool) -> list[PolicyStatement]:
        rights: list[PolicyStatement] = [
            {
                "sid": "CallTheWorker",
                "actions": ["lambda:InvokeFunction"],
                "resources": [self.worker.alias_arn],
            },
            {"sid": "DeliverLogs", "actions": list(policies.LOG_DELIVERY), "resources": ["*"]},
        ]
        if tracing:
            actions = [*policies.SAMPLING, *policies.TRACING]
            rights.append({"sid": "Trace", "actions": actions, "resources": ["*"]})
        key = args.get("kms_key_arn")
        if key is not None:
            rights.append(
                {"sid": "UseTheKey", "actions": ["kms:Decrypt", "kms:GenerateDataKey"], "resources": [key]}
            )
        return rights

    def _definition(self, args: MigrationJobArgs, segments: int) -> pulumi.Output[str]:
        return pulumi.Output.json_dumps(
            pulumi.Output.all(self.worker.alias_arn, args["users_table_name"]).apply(
                lambda known: definition(
                    known[0], table=known[1], segments=segments, worker_seconds=_WORKER_SECONDS
                )
            )
        )


def _sibling(table: str, table_arn: str) -> str:
    """Return the ARN of another table of the same account and region."""
    return f"{table_arn.partition(':table/')[0]}:table/{table}"


def _map_rights(state_machine_arn: pulumi.Output[str]) -> list[PolicyStatement]:
    """Return what a Distributed Map needs: to start its children, to watch and to stop them."""
    execution = state_machine_arn.apply(lambda arn: arn.replace(":stateMachine:", ":execution:"))
    children = [pulumi.Output.concat(execution, ":*"), pulumi.Output.concat(execution, f"/{LABEL}:*")]
    return [
        {"sid": "StartChildren", "actions": ["states:StartExecution"], "resources": [state_machine_arn]},
        {
            "sid": "WatchChildren",
            "actions": ["states:DescribeExecution", "states:StopExecution"],
            "resources": [*children],
        },
    ]
