"""The job that creates the missing profiles of existing users: state machine, worker, ledger, bucket."""

from typing import ClassVar, NotRequired, TypedDict, Unpack

import pulumi
import pulumi_aws as aws

from pulumi_userprofiles import policies
from pulumi_userprofiles.component import NO_ARGUMENTS, Component, Transforms
from pulumi_userprofiles.job_ledger import JobLedger
from pulumi_userprofiles.migration_definition import definition
from pulumi_userprofiles.migration_job_settings import MigrationJobSettings
from pulumi_userprofiles.migration_rights import map_statements, state_machine_statements, worker_statements
from pulumi_userprofiles.outputs import account_of, output_after
from pulumi_userprofiles.python_function import PythonFunction
from pulumi_userprofiles.python_function_settings import LambdaPlatform, LambdaRuntime
from pulumi_userprofiles.reports_bucket import ReportsBucket

_WORKER_SECONDS = 900


class MigrationJobArgs(TypedDict):
    """Arguments of `MigrationJob`."""

    users_table_name: pulumi.Input[str]
    """Name of the table to use if an execution's input names none."""

    users_table_arn: pulumi.Input[str]
    """ARN of that table."""

    user_pool_arn: NotRequired[pulumi.Input[str]]
    """ARN of a user pool whose users the job can import. Default: none."""

    table_names: NotRequired[list[str]]
    """Names of further tables, in the same account and region, that the job can use. Default: none."""

    template: NotRequired[str]
    """Name of the template: `basic`, `social`, `career`, `marketplace`, or a name of your own for
    `template_document`. Default: marketplace."""

    template_document: NotRequired[str]
    """Your own template as JSON text, which is packed into the worker. Default: none."""

    sign_up_roles: NotRequired[list[str]]
    """Roles that an import can give to users. Default: all roles of the template."""

    default_role: NotRequired[str]
    """Role of imported users without an allowed one. Default: the template's default role."""

    approval_roles: NotRequired[list[str]]
    """Roles whose imported users are pending until an administrator approves them. Default: none."""

    segments: NotRequired[int]
    """Number of segments of a table scan if an execution's input has none, 1 to 1,000. Default: 8."""

    max_concurrency: NotRequired[int]
    """Number of segments that are processed at the same time, 1 to 1,000. Sign-ups and the API share the
    account's Lambda concurrency with them. Default: 4."""

    reserved_concurrency: NotRequired[int]
    """Reserved concurrency of the worker, which is also its limit; at least `max_concurrency`. A new AWS
    account cannot reserve any. Default: none."""

    tolerated_failure_percentage: NotRequired[int]
    """Percentage of segments, 0 to 100, that may fail in an execution that still succeeds. A failed segment
    never stops the others. Default: 0."""

    allow_rollback: NotRequired[bool]
    """Whether the worker can delete items of users, which a rollback by the state machine requires. The
    command line can roll back a run without it. Default: false."""

    report_retention_days: NotRequired[int]
    """Days that reports and imported files are kept; they contain IDs of users. A deleted or replaced object
    is kept for the same number of days again, at most 30. Default: 90."""

    protect: NotRequired[bool]
    """Whether the ledger and the bucket are protected against deletion. Without protection the bucket is
    deleted with all its objects. Default: true."""

    platform: NotRequired[LambdaPlatform]
    """Platform that the worker's zip is built for. Default: lambda."""

    runtime: NotRequired[LambdaRuntime]
    """Lambda runtime of the worker; the same Python version compiles the zip. Default: python3.13."""

    log_retention_days: NotRequired[int]
    """Days that log events are kept; must be a retention period of CloudWatch Logs. Default: 30."""

    snap_start: NotRequired[bool]
    """Whether the worker uses Lambda SnapStart, which is billed for Python. Default: false."""

    tracing: NotRequired[bool]
    """Whether AWS X-Ray traces executions and invocations. Default: true."""

    kms_key_arn: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key that encrypts the ledger, the bucket, executions, environment variables and logs.
    Default: keys that AWS provides."""

    former_kms_key_arns: NotRequired[list[pulumi.Input[str]]]
    """ARNs of KMS keys that `kms_key_arn` named before: the job can still read what these keys encrypt.
    Default: none."""

    alarm_topic_arn: NotRequired[pulumi.Input[str]]
    """ARN of the SNS topic that alarms notify. Default: alarms only change their state."""


class MigrationJob(Component):
    """A state machine that processes segments of a table (Distributed Map), its worker, ledger and bucket."""

    _CHILDREN = (
        *("ledger", "reports", "worker", "log-group", "role", "policy", "state-machine", "map-policy"),
        "alarm",
    )
    _COMPONENTS: ClassVar = {"ledger": JobLedger, "reports": ReportsBucket, "worker": PythonFunction}
    _NAME_LIMIT = 38

    state_machine_arn: pulumi.Output[str]
    """ARN of the state machine. It is known only after the state machine has all its rights."""

    bucket_name: pulumi.Output[str]
    """Name of the bucket with reports (`runs/<run>/report.json`) and with files to import (`sources/`)."""

    ledger_table_name: pulumi.Output[str]
    """Name of the table with the runs and their progress, for `userprofiles runs`."""

    worker_function_name: pulumi.Output[str]
    """Name of the worker's function."""

    def __init__(
        self,
        name: str,
        args: MigrationJobArgs = NO_ARGUMENTS,
        opts: pulumi.ResourceOptions | None = None,
        *,
        transforms: Transforms | None = None,
        **keywords: Unpack[MigrationJobArgs],
    ) -> None:
        """Create ledger, bucket, worker and state machine.

        Args:
            name: Prefix of the resources' names.
            args: Arguments as a dict.
            opts: Pulumi's resource options.
            transforms: Changes to children.
            keywords: Arguments as keywords, such as `segments=64`.

        Raises:
            InvalidArgumentError: An argument is not valid.
        """
        args = self._merged_arguments(name, args, keywords)
        settings = MigrationJobSettings(self.label(name), args)
        super().__init__(name, args, opts, transforms)

        self.ledger = self._make_component(JobLedger, "ledger", settings.ledger_args)
        self.reports = self._make_component(ReportsBucket, "reports", settings.reports_args)
        self.worker = self._make_worker(args, settings)
        self.log_group = self._make_vended_log_group("states", settings.log_retention_days, args)
        self.role = self._make_role()
        self.state_machine = self._make_state_machine(args, settings)
        map_policy = self._make(
            aws.iam.RolePolicy,
            "map-policy",
            role=self.role.name,
            policy=policies.document(map_statements(self.state_machine.arn)),
        )
        self._alarm(
            "alarm",
            args,
            description="An execution of the migration failed: its last step names the unfinished segments",
            metric="AWS/States ExecutionsFailed",
            dimensions={"StateMachineArn": self.state_machine.arn},
        )

        self.state_machine_arn = output_after(self.state_machine.arn, map_policy.id)
        self.bucket_name = self.reports.bucket_name
        self.ledger_table_name = self.ledger.table_name
        self.worker_function_name = self.worker.function_name
        self._register_outputs()

    def _make_worker(self, args: MigrationJobArgs, settings: MigrationJobSettings) -> PythonFunction:
        names = [args["users_table_name"], *settings.further_tables]
        return self._make_component(
            PythonFunction,
            "worker",
            settings.functions.function_args(
                self._prefix,
                "migration_worker",
                "Processes a segment of a table: creates the missing profiles of its users",
                environment={
                    "USERS_TABLE": args["users_table_name"],
                    "MIGRATION_TABLES": pulumi.Output.all(*names).apply(",".join),
                    "MIGRATION_BUCKET": self.reports.bucket_name,
                    "USERS_TABLE_ARN": args["users_table_arn"],
                    "LEDGER_TABLE": self.ledger.table_name,
                    "TOLERATED_FAILURE_PERCENTAGE": str(settings.tolerated_failure_percentage),
                },
                statements=worker_statements(
                    args,
                    settings,
                    ledger_table_arn=self.ledger.table_arn,
                    bucket_arn=self.reports.bucket_arn,
                ),
                timeout_seconds=_WORKER_SECONDS,
                memory_mb=1024,
            ),
        )

    def _make_role(self) -> aws.iam.Role:
        # Without the condition, Step Functions could assume the role for another account's state machine.
        account = account_of(self.worker.alias_arn)
        return self._make(
            aws.iam.Role,
            "role",
            assume_role_policy=policies.trust(
                "states.amazonaws.com", {"StringEquals": {"aws:SourceAccount": account}}
            ),
        )

    def _make_state_machine(
        self, args: MigrationJobArgs, settings: MigrationJobSettings
    ) -> aws.sfn.StateMachine:
        """Create the state machine and the policy that it needs before it exists."""
        policy = self._make(
            aws.iam.RolePolicy,
            "policy",
            role=self.role.name,
            policy=policies.document(state_machine_statements(args, settings, self.worker.alias_arn)),
        )
        return self._make(
            aws.sfn.StateMachine,
            "state-machine",
            type="STANDARD",
            role_arn=output_after(self.role.arn, policy.id),
            definition=self._definition(args, settings),
            # Without execution data: inputs and outputs identify users.
            logging_configuration={
                "level": "ALL",
                "include_execution_data": False,
                "log_destination": pulumi.Output.concat(self.log_group.arn, ":*"),
            },
            tracing_configuration={"enabled": settings.tracing},
            # Without the block, a machine whose key was removed would keep the key.
            encryption_configuration=(
                {"type": "CUSTOMER_MANAGED_KMS_KEY", "kms_key_id": args["kms_key_arn"]}
                if args.get("kms_key_arn") is not None
                else {"type": "AWS_OWNED_KEY"}
            ),
        )

    def _definition(self, args: MigrationJobArgs, settings: MigrationJobSettings) -> pulumi.Output[str]:
        return pulumi.Output.json_dumps(
            pulumi.Output.all(self.worker.alias_arn, args["users_table_name"]).apply(
                lambda values: definition(
                    values[0],
                    table=values[1],
                    segments=settings.segments,
                    max_concurrency=settings.max_concurrency,
                    worker_seconds=_WORKER_SECONDS,
                )
            )
        )
