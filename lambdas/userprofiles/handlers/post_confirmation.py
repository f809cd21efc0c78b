"""PostConfirmation trigger: registers a user after confirmation, and never fails a sign-up.

Environment: USERS_TABLE, AUDIT_TABLE, OUTBOX_QUEUE_URL, TEMPLATE, SIGN_UP_ROLES, DEFAULT_ROLE.

The actions that its role needs, and no others:

* on the users table, for keys that begin with `USER#`: `dynamodb:PutItem`, `dynamodb:UpdateItem` (the audit
  head when a profile is added to an account) and `dynamodb:ConditionCheckItem` (the profile when an account
  is added to it)
* on the audit table: `dynamodb:PutItem`
* on the outbox queue: `sqs:SendMessage`
"""

import os
from typing import Any

from userprofiles.registration import post_confirmation
from userprofiles.telemetry import Report, start_invocation

REPORT = Report()
PROCESS_EVENT = post_confirmation.from_environment(os.environ, REPORT)


def handler(event: Any, context: Any) -> Any:
    """Return the event within 3.1 s, whatever DynamoDB and the queue do."""
    start_invocation(context)
    return post_confirmation.handle_event(PROCESS_EVENT, event, REPORT)
