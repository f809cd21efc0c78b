"""PostConfirmation trigger: registers who has confirmed, and never fails a sign-up.

Environment: USERS_TABLE, AUDIT_TABLE, OUTBOX_QUEUE_URL, TEMPLATE, SIGN_UP_ROLES, DEFAULT_ROLE.

Actions its role needs, and no more:

* on the users table, for keys that begin with `USER#`: `dynamodb:PutItem`, `dynamodb:UpdateItem` (the audit
  head when a profile is added to an account) and `dynamodb:ConditionCheckItem` (the profile when an account
  is added to it);
* on the audit table: `dynamodb:PutItem`;
* on the outbox queue: `sqs:SendMessage`.
"""

import os
from typing import Any

from userprofiles.registration import post_confirmation
from userprofiles.telemetry import Report

REPORT = Report()
CONFIRMATION = post_confirmation.from_environment(os.environ, REPORT)


def handler(event: Any, context: Any) -> Any:  # noqa: ARG001  (Lambda hands it over)
    """Return the event, within 3.2 s whatever DynamoDB and the queue do."""
    return post_confirmation.confirm(CONFIRMATION, event, REPORT)
