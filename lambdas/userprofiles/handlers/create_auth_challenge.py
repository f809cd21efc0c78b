"""CreateAuthChallenge trigger: creates a code and sends it to the queue.

Environment: CODES_TABLE, CODE_KEY_ID, CODE_QUEUE_URL, ALLOWED_COUNTRIES, CODE_DIGITS, RESEND_SECONDS,
CODES_PER_HOUR, CODES_PER_DAY.

The actions that its role needs, and no others:

* on the table of codes, for keys that begin with `PHONE#`: `dynamodb:GetItem`, `dynamodb:UpdateItem`
* on the key of codes: `kms:GenerateMac`
* on the queue of codes: `sqs:SendMessage`
"""

import os
from typing import Any

from userprofiles.phone_sign_in import create_challenge
from userprofiles.telemetry import Report, start_invocation

REPORT = Report()
PROCESS_EVENT = create_challenge.from_environment(os.environ, REPORT)


def handler(event: Any, context: Any) -> Any:
    """Return the event with the challenge, or raise an error with a text for the user, within 3.1 s."""
    start_invocation(context)
    return PROCESS_EVENT(event)
