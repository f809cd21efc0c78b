"""CustomMessage trigger: writes verification and invitation messages in the user's language.

It reads the texts from its zip and calls no AWS service, so its role needs only the actions for logs.
"""

import functools
from typing import Any

from userprofiles.registration import custom_message
from userprofiles.telemetry import Report

REPORT = Report()
LOAD_TEXTS = functools.cache(custom_message.load_texts)


def handler(event: Any, context: Any) -> Any:  # noqa: ARG001  (Lambda passes it)
    """Return the event with the texts of the user's language."""
    return custom_message.handle_event(LOAD_TEXTS, event, REPORT)
