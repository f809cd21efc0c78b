"""Scheduled reconciliation: compares user pool and users table in the background.

Environment: USERS_TABLE, AUDIT_TABLE, STATE_TABLE, USER_POOL_ID, TEMPLATE, SIGN_UP_ROLES, DEFAULT_ROLE,
INTERVAL_HOURS, UNCONFIRMED_DAYS, REQUESTS_PER_SECOND.

EventBridge invokes it every 15 minutes. An invocation stops after four fifths of its time, and the next one
continues. It receives pool and tables of the same stack; unlike the command, it does not check that they
belong together.

The actions that its role needs, and no others:

* on the users table: `dynamodb:Scan`; for keys that begin with `USER#`: `dynamodb:BatchGetItem`,
  `dynamodb:PutItem`, `dynamodb:UpdateItem`, `dynamodb:ConditionCheckItem`
* on the audit table: `dynamodb:PutItem`
* on the state table: `dynamodb:UpdateItem`, `dynamodb:PutItem`, `dynamodb:Query`
* on the user pool: `cognito-idp:ListUsers`, `cognito-idp:AdminGetUser`
* to remove unconfirmed users: on the user pool `cognito-idp:AdminDisableUser`, `cognito-idp:AdminEnableUser`,
  `cognito-idp:AdminDeleteUser`; on the users table, for the key `REMOVAL#OPEN`: `dynamodb:Query`,
  `dynamodb:GetItem`, `dynamodb:PutItem`, `dynamodb:DeleteItem`
"""

import os
import time
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from userprofiles import aws
from userprofiles.lifecycle.reconciliation import reconciler_settings
from userprofiles.telemetry import Report, error_code, start_invocation

REPORT = Report()
SETTINGS = reconciler_settings.from_environment(
    os.environ, dynamodb=aws.client("dynamodb", read_s=10), cognito=aws.client("cognito-idp", read_s=10)
)


class ReconcilerFailedError(Exception):
    """An invocation failed. The text is an error code."""


def handler(event: Any, context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001  (Lambda passes it)
    """Continue the running pass, or begin one if it is due.

    Returns:
        What `ScheduledReconciliation.run` returns.

    Raises:
        ReconcilerFailedError: A call to AWS failed. The next invocation continues.
    """
    start_invocation(context)
    seconds = context.get_remaining_time_in_millis() / 1000
    try:
        reconciliation = SETTINGS.create_reconciliation(
            REPORT, owner=context.aws_request_id, deadline=time.monotonic() + 0.8 * seconds
        )
        result = reconciliation.run(seconds)
    except Exception as error:  # noqa: BLE001  (logged, and raised again with a safe text)
        REPORT.error("reconciliation failed", error=error_code(error), why=_explanation(error))
        raise ReconcilerFailedError(error_code(error)) from None
    REPORT.info("reconciliation", result=result)
    return result


def _explanation(error: Exception) -> str:
    """Return the text of our own errors, which have no value of a user."""
    return str(error) if isinstance(error, reconciler_settings.OWN_ERRORS) else ""
