"""The Cognito triggers: one entry holds a trigger's pool setting, permission, function and alarms.

`UserPool` takes the alias of each trigger's function as an argument and permits the invocation.
`SignUpTriggers` creates the functions and their alarms.
"""

from dataclasses import dataclass

TRIGGER_SECONDS = 4
"""Time-out of a trigger's function: Cognito waits 5 s for the answer, including a cold start."""

TRIGGER_MEMORY_MB = 1024
"""Memory of a trigger's function. Lambda gives CPU in proportion to it, one vCPU at 1,769 MB (AWS Lambda
Developer Guide, "Configure Lambda function memory"), and a cold start needs mostly CPU."""


@dataclass(frozen=True)
class TriggerAlarm:
    """An alarm on a metric of a trigger's function.

    Attributes:
        suffix: End of the alarm's name, after the trigger's.
        description: What happened, and where to look.
        metric: Name of the metric.
        statistic: Statistic of the metric.
        threshold: The highest value that does not raise the alarm.
        is_own_metric: Whether the function's code counts the metric, instead of AWS Lambda.
    """

    suffix: str
    description: str
    metric: str
    statistic: str = "Sum"
    threshold: int = 0
    is_own_metric: bool = False


@dataclass(frozen=True)
class Trigger:
    """A Cognito trigger that a function handles.

    Attributes:
        key: Key in the pool's Lambda configuration, and name of the handler's module.
        description: What the function does.
        alarms: Alarms on the function.
        short_name: Child name of the function, where the key is too long for the names of its resources.
        registers_users: Whether the function writes users to the tables, or to the outbox.
        updates_users: Whether the function reads users and updates them.
    """

    key: str
    description: str
    alarms: tuple[TriggerAlarm, ...]
    short_name: str | None = None
    registers_users: bool = False
    updates_users: bool = False

    @property
    def all_alarms(self) -> tuple[TriggerAlarm, ...]:
        """The alarms of the function, and one on its throttles: Lambda does not count those as errors."""
        return (*self.alarms, _throttles_alarm(self.key.replace("_", " ")))

    @property
    def child(self) -> str:
        """Child name of the function."""
        return self.short_name or self.key.replace("_", "-")

    @property
    def alias_argument(self) -> str:
        """Name of the `UserPool` argument and the `SignUpTriggers` output with the ARN of the alias."""
        return f"{self.key}_alias_arn"

    @property
    def permission_child(self) -> str:
        """Child name of the Lambda permission."""
        return f"{self.key.replace('_', '-')}-permission"

    def alarm_child(self, alarm: TriggerAlarm) -> str:
        """Return the name of an alarm, as a component's child."""
        return f"{self.child}-{alarm.suffix}"


def _throttles_alarm(name: str) -> TriggerAlarm:
    return TriggerAlarm(
        "throttles-alarm",
        f"Lambda throttled the {name} function, so sign-ups or sign-ins failed: raise its concurrency",
        metric="Throttles",
    )


PRE_SIGN_UP = Trigger(
    key="pre_sign_up",
    description="Rejects sign-ups whose role or phone number is not allowed",
    alarms=(
        TriggerAlarm(
            "alarm",
            "More than 20 sign-ups were rejected or failed: see the log of the pre sign-up function",
            metric="Errors",
            # Lambda counts a rejected sign-up as an error as well, and a few are users' mistakes.
            threshold=20,
        ),
    ),
)

POST_CONFIRMATION = Trigger(
    key="post_confirmation",
    description="Registers confirmed users: account, profile, audit row",
    registers_users=True,
    alarms=(
        TriggerAlarm(
            "alarm",
            "The post-confirmation function failed unexpectedly: see its log",
            metric="Errors",
        ),
        TriggerAlarm(
            "duration-alarm",
            "Post confirmation took more than 3 s: after 5 s Cognito gives up and the user sees an error",
            metric="Duration",
            statistic="Maximum",
            threshold=3000,
        ),
        # The function catches every error, so that no sign-up fails: these metrics count them.
        TriggerAlarm(
            "lost-alarm",
            "Confirmed users were neither registered nor sent to the outbox: see post confirmation's log",
            metric="RegistrationLost",
            is_own_metric=True,
        ),
        TriggerAlarm(
            "impossible-alarm",
            "Confirmed users cannot be registered with this template: see post confirmation's log",
            metric="RegistrationImpossible",
            is_own_metric=True,
        ),
        TriggerAlarm(
            "deferred-alarm",
            "More than 10 registrations were sent to the outbox: see post confirmation's log",
            metric="RegistrationDeferred",
            # The outbox worker registers these users; a few come from single errors of DynamoDB.
            threshold=10,
            is_own_metric=True,
        ),
    ),
)

PRE_TOKEN_GENERATION = Trigger(
    key="pre_token_generation",
    description="Adds the role to tokens, updates email address and phone number",
    short_name="pre-token",
    updates_users=True,
    alarms=(
        TriggerAlarm(
            "alarm",
            "The pre token generation function failed unexpectedly, and sign-ins with it: see its log",
            metric="Errors",
        ),
        # The function catches every error, so that no sign-in fails: these metrics count them.
        TriggerAlarm(
            "role-alarm",
            "More than 10 tokens have the default role: see the log of pre token generation",
            metric="RoleUnavailable",
            # A few come from single errors of DynamoDB.
            threshold=10,
            is_own_metric=True,
        ),
        TriggerAlarm(
            "contact-alarm",
            "More than 10 updates of contact data failed: see the log of pre token generation",
            metric="ContactUpdateFailed",
            threshold=10,
            is_own_metric=True,
        ),
    ),
)

CUSTOM_MESSAGE = Trigger(
    key="custom_message",
    description="Writes messages in the user's language",
    alarms=(
        TriggerAlarm(
            "alarm",
            "The custom message function failed, and sign-ups with it: see its log",
            metric="Errors",
        ),
        TriggerAlarm(
            "text-alarm",
            "Messages were not sent in the user's language: see the log of the custom message function",
            metric="MessageNotTranslated",
            is_own_metric=True,
        ),
    ),
)

TRIGGERS = (PRE_SIGN_UP, POST_CONFIRMATION, PRE_TOKEN_GENERATION, CUSTOM_MESSAGE)
"""All triggers of which we have a handler. `UserPoolArgs` and `SignUpTriggers` declare each trigger's
`alias_argument` as well, because Pulumi reads the schema from annotations."""
