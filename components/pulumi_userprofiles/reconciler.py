"""The function that compares pool and users table in the background, and the table with its state."""

from typing import ClassVar, NotRequired, TypedDict, Unpack

import pulumi
import pulumi_aws as aws

from pulumi_userprofiles.component import NO_ARGUMENTS, Transforms
from pulumi_userprofiles.function_rights import TABLE_ARGUMENTS, table_environment
from pulumi_userprofiles.function_settings import METRICS_NAMESPACE, FunctionSettings, service_name
from pulumi_userprofiles.python_function import PythonFunction
from pulumi_userprofiles.python_function_settings import LambdaPlatform, LambdaRuntime
from pulumi_userprofiles.reconciler_rights import reconciler_statements
from pulumi_userprofiles.reconciler_settings import ReconcilerSettings
from pulumi_userprofiles.scheduled_component import ScheduledComponent
from pulumi_userprofiles.validation import check_required

RECONCILER_SECONDS = 900
"""Time-out of the function: Lambda's maximum, and the time between two invocations."""

_HANDLER = "reconciler"
_REQUIRED = (*TABLE_ARGUMENTS, "user_pool_id", "user_pool_arn")


class ReconcilerArgs(TypedDict):
    """Arguments of `Reconciler`."""

    users_table_name: pulumi.Input[str]
    """Name of the users table."""

    users_table_arn: pulumi.Input[str]
    """ARN of the users table."""

    audit_table_name: pulumi.Input[str]
    """Name of the audit table."""

    audit_table_arn: pulumi.Input[str]
    """ARN of the audit table."""

    user_pool_id: pulumi.Input[str]
    """ID of the pool whose users have their accounts in the users table. The function does not check this."""

    user_pool_arn: pulumi.Input[str]
    """ARN of that pool."""

    interval_hours: NotRequired[int]
    """Hours between the beginnings of two passes over pool and table, 1 to 720. Default: 24."""

    unconfirmed_days: NotRequired[int]
    """Days after which a user who has not confirmed the sign-up is removed from the pool, 1 to 365; 0 removes
    none. Default: 7."""

    requests_per_second: NotRequired[int]
    """Requests to Cognito per second, 1 to 100. All pools of the account and region share a quota. Default:
    10."""

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

    kms_key_arn: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key that encrypts the state, the environment variables and the log. Default: keys that
    AWS provides."""

    former_kms_key_arns: NotRequired[list[pulumi.Input[str]]]
    """ARNs of KMS keys that `kms_key_arn` named before: the function can still read what these keys encrypt.
    Default: none."""

    alarm_topic_arn: NotRequired[pulumi.Input[str]]
    """ARN of the SNS topic that alarms notify. Default: alarms only change their state."""


class Reconciler(ScheduledComponent):
    """Compares pool and users table in the background.

    It creates missing accounts and profiles, removes users who never confirmed their sign-up, and reports all
    other differences in its log and as metrics.
    """

    _CHILDREN = ("state-table", "worker", "schedule", "schedule-target", "alarm", "fix-alarm", "orphan-alarm")
    _COMPONENTS: ClassVar = {"worker": PythonFunction}
    _NAME_LIMIT = 40

    function_name: pulumi.Output[str]
    """Name of the function."""

    state_table_name: pulumi.Output[str]
    """Name of the table with the state, for `userprofiles reconcile --last`."""

    def __init__(
        self,
        name: str,
        args: ReconcilerArgs = NO_ARGUMENTS,
        opts: pulumi.ResourceOptions | None = None,
        *,
        transforms: Transforms | None = None,
        **keywords: Unpack[ReconcilerArgs],
    ) -> None:
        """Create the state table, the function, its schedule and its alarms.

        Args:
            name: Prefix of the resources' names.
            args: Arguments as a dict.
            opts: Pulumi's resource options.
            transforms: Changes to children.
            keywords: Arguments as keywords, such as `interval_hours=12`.

        Raises:
            InvalidArgumentError: An argument is not valid.
        """
        args = self._merged_arguments(name, args, keywords)
        label = self.label(name)
        check_required(label, args, *_REQUIRED)
        settings = FunctionSettings(label, args)
        schedule = ReconcilerSettings(label, args)
        super().__init__(name, args, opts, transforms)

        self.state_table = self._make_state_table(args)
        self.worker = self._make_worker(args, settings, schedule)
        self._make_schedule(
            self.worker,
            description="Continues the comparison of user pool and users table",
            expression="rate(15 minutes)",
        )
        self._make_alarms(args)

        self.function_name = self.worker.function_name
        self.state_table_name = self.state_table.name
        self._register_outputs()

    def _make_state_table(self, args: ReconcilerArgs) -> aws.dynamodb.Table:
        """Create the table. It is not protected: without it, the next pass begins anew."""
        return self._make(
            aws.dynamodb.Table,
            "state-table",
            attributes=[{"name": key, "type": "S"} for key in ("PK", "SK")],
            hash_key="PK",
            range_key="SK",
            billing_mode="PAY_PER_REQUEST",
            ttl={"attribute_name": "expiresAt", "enabled": True},
            point_in_time_recovery={"enabled": True},
            server_side_encryption={"enabled": True, "kms_key_arn": args.get("kms_key_arn")},
        )

    def _make_worker(
        self, args: ReconcilerArgs, settings: FunctionSettings, schedule: ReconcilerSettings
    ) -> PythonFunction:
        return self._make_component(
            PythonFunction,
            "worker",
            settings.function_args(
                self._prefix,
                _HANDLER,
                "Compares user pool and users table",
                environment={
                    **table_environment(args),
                    **schedule.environment,
                    "STATE_TABLE": self.state_table.name,
                    "USER_POOL_ID": args["user_pool_id"],
                },
                statements=reconciler_statements(
                    args, self.state_table.arn, removes_users=schedule.unconfirmed_days > 0
                ),
                timeout_seconds=RECONCILER_SECONDS,
            ),
        )

    def _make_alarms(self, args: ReconcilerArgs) -> None:
        self._alarm(
            "alarm",
            args,
            description="The reconciler failed as a whole: see its log",
            metric="AWS/Lambda Errors",
            dimensions={"FunctionName": self.worker.function_name},
        )
        for child, metric, description in (
            ("fix-alarm", "ReconcileFailed", "The reconciler could not fix some users: see its log"),
            (
                "orphan-alarm",
                "ReconcileOrphan",
                "Accounts have no user in the pool: run `userprofiles reconcile`, and check the result",
            ),
        ):
            self._alarm(
                child,
                args,
                description=description,
                metric=f"{METRICS_NAMESPACE} {metric}",
                dimensions={"service": service_name(self._prefix, _HANDLER)},
            )
