"""VerifyAuthChallengeResponse trigger: checks the code that a user typed.

Environment: CODES_TABLE, CODE_KEY_ID.

The actions that its role needs, and no others:

* on the table of codes, for keys that begin with `PHONE#`: `dynamodb:UpdateItem`
* on the key of codes: `kms:GenerateMac`
"""

import os
from typing import Any

from userprofiles.phone_sign_in import verify_challenge
from userprofiles.telemetry import Report, start_invocation

REPORT = Report()
PROCESS_EVENT = verify_challenge.from_environment(os.environ, REPORT)


def handler(event: Any, context: Any) -> Any:
    """Return the event with the result, or raise an error with a text for the user, within 3.1 s."""
    start_invocation(context)
    return PROCESS_EVENT(event)
