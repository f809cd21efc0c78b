"""PreSignUp trigger: rejects a role outside the allow-list, and a phone number that is not E.164.

Environment: TEMPLATE, SIGN_UP_ROLES, DEFAULT_ROLE. It calls no AWS service, so its role needs only the
actions for logs.
"""

import os
from typing import Any

from userprofiles.registration import pre_sign_up
from userprofiles.telemetry import Report

REPORT = Report()
CHECK_EVENT = pre_sign_up.from_environment(os.environ, REPORT)


def handler(event: Any, context: Any) -> Any:  # noqa: ARG001  (Lambda passes it)
    """Return the event unchanged, or reject the sign-up with a message for the user."""
    return CHECK_EVENT(event)
