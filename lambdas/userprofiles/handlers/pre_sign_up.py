"""PreSignUp trigger: refuses a role outside the allow-list, and a phone number that is not E.164.

Environment: TEMPLATE, SIGN_UP_ROLES, DEFAULT_ROLE. It calls nothing, so its role needs no action but those
for logs.
"""

import os
from typing import Any

from userprofiles.registration import pre_sign_up
from userprofiles.telemetry import Report

REPORT = Report()
GATE = pre_sign_up.from_environment(os.environ, REPORT)


def handler(event: Any, context: Any) -> Any:  # noqa: ARG001  (Lambda hands it over)
    """Return the event as it came, or refuse the sign-up with a text for who signs up."""
    return GATE(event)
