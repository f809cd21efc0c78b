"""The functions that Cognito invokes, and the outbox for users that they could not register."""

from typing import ClassVar, NotRequired, TypedDict, Unpack

import pulumi

from pulumi_userprofiles import policies
from pulumi_userprofiles.cognito_triggers import (
    CUSTOM_MESSAGE,
    POST_CONFIRMATION,
    PRE_SIGN_UP,
    PRE_TOKEN_GENERATION,
    TRIGGER_MEMORY_MB,
    TRIGGER_SECONDS,
    TRIGGERS,
    Trigger,
)
from pulumi_userprofiles.component import NO_ARGUMENTS, Transforms
from pulumi_userprofiles.function_rights import (
    TABLE_ARGUMENTS,
    register_user_statements,
    table_environment,
    update_user_statements,
)
from pulumi_userprofiles.function_settings import METRICS_NAMESPACE, FunctionSettings, service_name
from pulumi_userprofiles.message_texts import MessageTexts
from pulumi_userprofiles.outbox_worker import OUTBOX_ATTEMPTS, OUTBOX_WORKER_SECONDS
from pulumi_userprofiles.policies import PolicyStatement
from pulumi_userprofiles.python_function import PythonFunction
from pulumi_userprofiles.python_function_settings import LambdaPlatform, LambdaRuntime, reserved_concurrency
from pulumi_userprofiles.queue_pair import QueuePair, pair_children
from pulumi_userprofiles.sign_up_triggers_settings import SignUpTriggersSettings
from pulumi_userprofiles.validation import check_required

_MAX_AGE_SECONDS = 600
"""By then a worker that runs has received each message three times. SQS excludes such messages from the age
(Amazon SQS Developer Guide, "Available CloudWatch metrics for Amazon SQS"), so the alarm means that nothing
receives them."""


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
    """Name of the template: `basic`, `social`, `career`, `marketplace`, or a name of your own for
    `template_document`. Default: marketplace."""

    template_document: NotRequired[str]
    """Your own template as JSON text, which is packed into the functions. Default: none."""

    sign_up_roles: NotRequired[list[str]]
    """Roles that users can request at sign-up. Default: all roles of the template."""

    default_role: NotRequired[str]
    """Role of users who request none. Default: the template's default role."""

    approval_roles: NotRequired[list[str]]
    """Roles whose new users are pending until an administrator approves them, such as `vendor` of
    `marketplace`. Default: none."""

    role_in_token: NotRequired[bool]
    """Whether a function adds the user's role in the table to tokens, as the claim `role`, and updates email
    address and phone number of the account at sign-in. Default: true."""

    texts_by_language: NotRequired[dict[str, MessageTexts]]
    """Texts of messages in the user's language: language tag, such as `de`, to texts. A function selects them
    by the user's attribute `locale`. Users of other languages get the pool's texts. Email texts need a pool
    with `email_from`. Default: none."""

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
    """Reserved concurrency of each function, which is also its limit. A new AWS account cannot
    reserve any. Default: none."""

    kms_key_arn: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key that encrypts queues, environment variables and logs. Default: keys that AWS
    provides."""

    former_kms_key_arns: NotRequired[list[pulumi.Input[str]]]
    """ARNs of KMS keys that `kms_key_arn` named before: the functions can still read what these keys encrypt.
    Default: none."""

    alarm_topic_arn: NotRequired[pulumi.Input[str]]
    """ARN of the SNS topic that alarms notify. Default: alarms only change their state."""


class SignUpTriggers(QueuePair):
    """Functions for the pool's triggers, each with its own role; the outbox and its dead-letter queue."""

    _CHILDREN = (
        *pair_children("outbox", "dead-letters"),
        *("outbox-age-alarm", "dead-letters-alarm"),
        *(trigger.child for trigger in TRIGGERS),
        *(trigger.alarm_child(alarm) for trigger in TRIGGERS for alarm in trigger.all_alarms),
    )
    _COMPONENTS: ClassVar = {trigger.child: PythonFunction for trigger in TRIGGERS}
    _NAME_LIMIT = 29

    pre_sign_up_alias_arn: pulumi.Output[str]
    """ARN through which a pool invokes the function that can reject a sign-up."""

    post_confirmation_alias_arn: pulumi.Output[str]
    """ARN through which a pool invokes the function that registers confirmed users."""

    pre_token_generation_alias_arn: pulumi.Output[str] | None
    """ARN through which a pool invokes the function that adds the role to tokens; none without
    `role_in_token`."""

    custom_message_alias_arn: pulumi.Output[str] | None
    """ARN through which a pool invokes the function that writes messages in the user's language; none without
    `texts_by_language`."""

    outbox_queue_arn: pulumi.Output[str]
    """ARN of the queue with the users that post confirmation could not register."""

    outbox_queue_url: pulumi.Output[str]
    """URL of that queue."""

    dead_letter_queue_arn: pulumi.Output[str]
    """ARN of the queue with the users that the outbox worker could not register either."""

    def __init__(
        self,
        name: str,
        args: SignUpTriggersArgs = NO_ARGUMENTS,
        opts: pulumi.ResourceOptions | None = None,
        *,
        transforms: Transforms | None = None,
        **keywords: Unpack[SignUpTriggersArgs],
    ) -> None:
        """Create queues, functions and alarms.

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
        check_required(label, args, *TABLE_ARGUMENTS)
        settings = FunctionSettings(label, args)
        reserved_concurrency(label, args)
        self._settings = SignUpTriggersSettings(label, args)
        super().__init__(name, args, opts, transforms)

        self.outbox, self.dead_letters = self._make_queue_pair(
            args,
            "outbox",
            "dead-letters",
            function_seconds=OUTBOX_WORKER_SECONDS,
            attempts=OUTBOX_ATTEMPTS,
        )
        self._make_queue_alarms(args)
        functions = {
            trigger: self._make_trigger(trigger, args, settings) for trigger in self._settings.triggers
        }
        self.pre_sign_up = functions[PRE_SIGN_UP]
        self.post_confirmation = functions[POST_CONFIRMATION]
        self.pool_arguments = {
            trigger.alias_argument: function.alias_arn for trigger, function in functions.items()
        }

        self.pre_sign_up_alias_arn = self.pre_sign_up.alias_arn
        self.post_confirmation_alias_arn = self.post_confirmation.alias_arn
        self.pre_token_generation_alias_arn = self.pool_arguments.get(PRE_TOKEN_GENERATION.alias_argument)
        self.custom_message_alias_arn = self.pool_arguments.get(CUSTOM_MESSAGE.alias_argument)
        self.outbox_queue_arn = self.outbox.arn
        self.outbox_queue_url = self.outbox.url
        self.dead_letter_queue_arn = self.dead_letters.arn
        self._register_outputs()

    def _make_queue_alarms(self, args: SignUpTriggersArgs) -> None:
        self._alarm_on_dead_letters(
            "dead-letters-alarm",
            args,
            self.dead_letters,
            "Confirmed users could not be registered: see the dead-letter queue",
        )
        self._alarm(
            "outbox-age-alarm",
            args,
            description="Nothing received an outbox message for 10 minutes: see the outbox worker's mapping",
            metric="AWS/SQS ApproximateAgeOfOldestMessage",
            dimensions={"QueueName": self.outbox.name},
            statistic="Maximum",
            threshold=_MAX_AGE_SECONDS,
        )

    def _make_trigger(
        self, trigger: Trigger, args: SignUpTriggersArgs, settings: FunctionSettings
    ) -> PythonFunction:
        """Create a trigger's function and its alarms."""
        environment: dict[str, pulumi.Input[str]] = {}
        statements: list[PolicyStatement] = []
        if trigger.registers_users:
            environment = {**table_environment(args), "OUTBOX_QUEUE_URL": self.outbox.url}
            statements = [*register_user_statements(args), *self._outbox_statements(args)]
        elif trigger.updates_users:
            environment = table_environment(args)
            statements = update_user_statements(args)
        function_args = settings.function_args(
            self._prefix,
            trigger.key,
            trigger.description,
            environment=environment,
            statements=statements,
            timeout_seconds=TRIGGER_SECONDS,
            memory_mb=TRIGGER_MEMORY_MB,
        )
        function_args["extra_files"] = {**settings.extra_files, **self._settings.files_of(trigger)}
        function = self._make_component(PythonFunction, trigger.child, function_args)
        for alarm in trigger.all_alarms:
            namespace = METRICS_NAMESPACE if alarm.is_own_metric else "AWS/Lambda"
            self._alarm(
                trigger.alarm_child(alarm),
                args,
                description=alarm.description,
                metric=f"{namespace} {alarm.metric}",
                dimensions=(
                    {"service": service_name(self._prefix, trigger.key)}
                    if alarm.is_own_metric
                    else {"FunctionName": function.function_name}
                ),
                statistic=alarm.statistic,
                threshold=alarm.threshold,
            )
        return function

    def _outbox_statements(self, args: SignUpTriggersArgs) -> list[PolicyStatement]:
        """Return the rights to send messages to the outbox."""
        return [
            {"sid": "SendToOutbox", "actions": ["sqs:SendMessage"], "resources": [self.outbox.arn]},
            *policies.kms_statements(args, "sqs", "kms:Decrypt", "kms:GenerateDataKey"),
        ]
