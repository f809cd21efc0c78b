"""The alarms of phone sign-in. This module creates no resources.

`UserPool` creates an alarm on the errors of each trigger's function.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from userprofiles.api.routes import PHONE_SIGN_IN

from pulumi_userprofiles.function_settings import METRICS_NAMESPACE, service_name
from pulumi_userprofiles.phone_sign_in_functions import CHALLENGES, COGNITO_CODES, CREATE, SENDER, VERIFY

_OLDEST_MESSAGE_SECONDS = 60
"""A code is valid for 180 s, so a message of this age still arrives in time."""


@dataclass(frozen=True)
class _OwnAlarm:
    """An alarm on a metric that a function of phone sign-in counts.

    Attributes:
        handler: Name of the handler's module.
        metric: Name of the metric.
        threshold: The highest value in five minutes that does not raise the alarm.
        description: What happened, and where to look.
    """

    handler: str
    metric: str
    threshold: int
    description: str

    def inputs(self, component: str) -> dict[str, Any]:
        """Return the parameters of `Component._alarm`."""
        return {
            "description": self.description,
            "metric": f"{METRICS_NAMESPACE} {self.metric}",
            "dimensions": {"service": service_name(component, self.handler)},
            "threshold": self.threshold,
        }


def _guesses(handler: str) -> _OwnAlarm:
    return _OwnAlarm(handler, "CodesWrong", 100, "Users or attackers typed over 100 wrong codes")


def _limited(handler: str) -> _OwnAlarm:
    return _OwnAlarm(
        handler,
        "CodesLimited",
        50,
        "Over 50 codes were requested for phone numbers that have reached their limit",
    )


_OWN_ALARMS = {
    "guesses-alarm": _guesses(VERIFY.key),
    "limited-alarm": _limited(CREATE.key),
    "pumping-alarm": _OwnAlarm(
        SENDER,
        "MessagesLimited",
        0,
        "A country or number range has reached its limit of messages: see the sender's log",
    ),
    "rejected-alarm": _OwnAlarm(
        SENDER,
        "MessagesRejected",
        10,
        "The provider rejected over 10 messages: see the sender's log",
    ),
    "uncertain-alarm": _OwnAlarm(
        SENDER,
        "MessagesUncertain",
        10,
        "Over 10 messages may not have been sent, and are not repeated: see the sender's log",
    ),
}
_DROPPED_ALARM = _OwnAlarm(
    COGNITO_CODES,
    "CognitoCodesDropped",
    0,
    "Codes of Cognito were dropped, because their events are unknown: see the log of cognito-codes",
)
_API_ALARMS = {
    "guesses-alarm": _guesses(PHONE_SIGN_IN),
    "limited-alarm": _limited(PHONE_SIGN_IN),
    "sources-alarm": _OwnAlarm(
        PHONE_SIGN_IN,
        "PhoneRequestsLimited",
        100,
        "Source addresses above their limit sent over 100 requests to the routes of phone sign-in",
    ),
}
_THROTTLES = {f"{challenge.child}-throttles-alarm": challenge for challenge in CHALLENGES}

ALARM_CHILDREN = (
    *("sender-alarm", "age-alarm", "spend-alarm", "lost-alarm", "dropped-alarm"),
    *(*_OWN_ALARMS, *_THROTTLES),
)
"""Child names of the alarms of `PhoneSignIn`."""

API_ALARM_CHILDREN = ("alarm", *_API_ALARMS)
"""Child names of the alarms of `PhoneSignInApi`."""


def own_alarms(component: str) -> dict[str, dict[str, Any]]:
    """Return the alarms on guesses, limits and the provider, by child, as parameters of `_alarm`."""
    return {child: alarm.inputs(component) for child, alarm in _OWN_ALARMS.items()}


def api_alarms(component: str, function_name: pulumi.Input[str]) -> dict[str, dict[str, Any]]:
    """Return the alarms on the function of the routes."""
    return {
        "alarm": {
            "description": "The function of the phone sign-in routes failed: see its log",
            "metric": "AWS/Lambda Errors",
            "dimensions": {"FunctionName": function_name},
        },
        **{child: alarm.inputs(component) for child, alarm in _API_ALARMS.items()},
    }


def sender_alarms(
    function_name: pulumi.Input[str], queue_name: pulumi.Input[str]
) -> dict[str, dict[str, Any]]:
    """Return the alarms on the function that sends codes, and on its queue."""
    return {
        "sender-alarm": {
            "description": "The function that sends codes failed, so users wait for messages: see its log",
            "metric": "AWS/Lambda Errors",
            "dimensions": {"FunctionName": function_name},
        },
        "age-alarm": {
            "description": f"A code has waited over {_OLDEST_MESSAGE_SECONDS} s for its message: see the "
            "sender's log",
            "metric": "AWS/SQS ApproximateAgeOfOldestMessage",
            "dimensions": {"QueueName": queue_name},
            "statistic": "Maximum",
            "threshold": _OLDEST_MESSAGE_SECONDS,
        },
    }


def throttles_alarms(function_names: Mapping[str, pulumi.Input[str]]) -> dict[str, dict[str, Any]]:
    """Return the alarms on throttles of the challenge functions: Lambda does not count those as errors.

    Args:
        function_names: Child name of each function to the function's name.
    """
    return {
        child: {
            "description": "Lambda throttled a function of phone sign-in, so sign-ins failed: raise its "
            "concurrency",
            "metric": "AWS/Lambda Throttles",
            "dimensions": {"FunctionName": function_names[challenge.child]},
        }
        for child, challenge in _THROTTLES.items()
    }


def cognito_codes_alarms(component: str, function_name: pulumi.Input[str]) -> dict[str, dict[str, Any]]:
    """Return the alarms on codes of Cognito that no message is sent for.

    Lambda drops an event after its last retry, or when it is too old (AWS Lambda Developer Guide, "Types of
    metrics for Lambda functions", `AsyncEventsDropped`).
    """
    return {
        "lost-alarm": {
            "description": "Codes of Cognito were not queued in time: see the log of cognito-codes",
            "metric": "AWS/Lambda AsyncEventsDropped",
            "dimensions": {"FunctionName": function_name},
        },
        "dropped-alarm": _DROPPED_ALARM.inputs(component),
    }


def spend_alarm(threshold_usd: int) -> dict[str, dict[str, Any]]:
    """Return the alarm on the account's spending for text messages of Amazon SNS in this month."""
    return {
        "spend-alarm": {
            "description": "Text messages of Amazon SNS cost more this month than 'spend_alarm_usd'",
            "metric": "AWS/SNS SMSMonthToDateSpentUSD",
            "dimensions": {},
            "statistic": "Maximum",
            "threshold": threshold_usd,
        }
    }
