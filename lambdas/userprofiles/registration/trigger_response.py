"""What Cognito requires of the event that a trigger returns."""

from typing import Any


def add_response(event: Any) -> Any:
    """Return the event in the format that Cognito requires: the same event, with a `response` object."""
    if isinstance(event, dict) and not isinstance(event.get("response"), dict):
        event["response"] = {}
    return event
