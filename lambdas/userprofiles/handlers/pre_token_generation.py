"""PreTokenGeneration trigger: adds the role to the tokens and updates email address and phone number.

Environment: USERS_TABLE, AUDIT_TABLE, TEMPLATE, SIGN_UP_ROLES, DEFAULT_ROLE.

The actions that its role needs, and no others:

* on the users table, for keys that begin with `USER#`: `dynamodb:BatchGetItem`, `dynamodb:UpdateItem`
* on the audit table: `dynamodb:PutItem`
"""

import os
from typing import Any

from userprofiles.registration import pre_token_generation
from userprofiles.telemetry import Report, start_invocation

REPORT = Report()
PROCESS_EVENT = pre_token_generation.from_environment(os.environ, REPORT)


def handler(event: Any, context: Any) -> Any:
    """Return the event within 2.8 s, whatever DynamoDB does."""
    start_invocation(context)
    return pre_token_generation.handle_event(PROCESS_EVENT, event, REPORT)
