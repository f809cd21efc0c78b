"""DefineAuthChallenge trigger: decides whether a sign-in by code continues.

It reads no environment variable and calls no AWS service, so its role needs only the actions for logs.
"""

from typing import Any

from userprofiles.phone_sign_in import define_challenge
from userprofiles.telemetry import Report, start_invocation

REPORT = Report()


def handler(event: Any, context: Any) -> Any:
    """Return the event with the next challenge, tokens or a failure."""
    start_invocation(context)
    return define_challenge.handle_event(event, REPORT)
