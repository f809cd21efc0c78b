"""The worker of the migration state machine: one function for its states Prepare, Work, Orphans and Finish.

Its role needs these permissions:

* on each table of a backfill: dynamodb:Scan, dynamodb:BatchGetItem, dynamodb:GetItem, dynamodb:PartiQLInsert,
  dynamodb:PutItem (GetItem and PutItem replace the batch operations if those are denied);
* on these tables, for a rollback, and to remove the new profiles of users who are deleted during the run:
  dynamodb:DeleteItem, dynamodb:ConditionCheckItem;
* on the ledger table: dynamodb:BatchGetItem, dynamodb:GetItem, dynamodb:PutItem, dynamodb:Query,
  dynamodb:UpdateItem;
* on ``<bucket>/runs/*``: s3:GetObject, s3:PutObject (it never deletes objects);
* on the bucket: s3:ListBucket with the prefix ``runs/*``. S3 denies a missing object to a role that may not
  list it (https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html, "Permissions"). So a denied
  object may be a missing one, and the messages say so;
* on ``<bucket>/sources/*``, for files with users: s3:GetObject;
* on a user pool whose users are imported: cognito-idp:ListUsers;
* on its own log stream.

Environment: USERS_TABLE, USERS_TABLE_ARN, LEDGER_TABLE, MIGRATION_BUCKET, TEMPLATE;
TOLERATED_FAILURE_PERCENTAGE (optional): the percentage of segments that may fail in a run that does not fail;
SIGN_UP_ROLES, DEFAULT_ROLE, APPROVAL_ROLES (optional): the role rules that an import must follow;
MIGRATION_TABLES (optional): the permitted tables, separated by commas. With it, any other table is rejected
by an error that names the table. Without it, only the role's policy denies other tables.

A rejection (`RefusedError`: a wrong input, a table that is not permitted or has both shapes) is an expected
result. Every other error (`BackfillFailedError`) is a failure and counts in the metric MigrationFailed.

A rejection repeats the input of the execution, which an operator wrote, and nothing from a table. A failure
is raised as `safe_error` returns it.
"""

import os
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from userprofiles import aws
from userprofiles.backfill.errors import RefusedError
from userprofiles.backfill.state_machine.safe_error import root_cause, safe_error
from userprofiles.backfill.state_machine.services import Services
from userprofiles.backfill.state_machine.worker import Worker
from userprofiles.backfill.state_machine.worker_settings import WorkerSettings
from userprofiles.jobs.table_ledger import TableLedger
from userprofiles.telemetry import Report, error_code, start_invocation


def _client(service: str) -> Any:
    # A batch has 25 statements with 17 parameters each: their validation takes a third of the time.
    return aws.client(service, connect_s=2, read_s=20, attempts=3, parameter_validation=False)


REPORT = Report()
SETTINGS = WorkerSettings.from_environment(os.environ)
DYNAMODB = _client("dynamodb")
LEDGER = TableLedger(DYNAMODB, SETTINGS.ledger_table)
WORKER = Worker(Services(SETTINGS, LEDGER, DYNAMODB, _client("s3"), REPORT.warning))


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Execute one action.

    Args:
        event: ``{"action": "prepare", …}``, ``{"action": "work", "runId", "token", "segment"}`` or
            ``{"action": "orphans" or "finish", "runId", "token"}``.
        context: The Lambda context. Its remaining time limits the work.

    Returns:
        The payload of the next state, as `Worker.handle` describes it.

    Raises:
        RefusedError: The input is rejected.
        BackfillFailedError: Table, permissions, bucket or network have a problem, or the error is unexpected.
    """
    start_invocation(context)
    request = event if isinstance(event, dict) else {}
    details: dict[str, Any] = {name: request.get(name) for name in ("action", "runId", "segment")}
    try:
        response = WORKER.handle(event, context.get_remaining_time_in_millis() / 1000)
    except RefusedError as error:
        REPORT.warning("refused", why=str(error), **details)
        raise RefusedError(str(error)) from None
    except Exception as error:  # noqa: BLE001  (logged, and raised again with a safe text)
        failure = safe_error(error)
        code = error_code(root_cause(error))
        REPORT.error("failed", metric="MigrationFailed", error=code, why=str(failure), **details)
        raise failure from None
    counts: dict[str, Any] = {
        name: response[name] for name in ("done", "processed", "created", "failed") if name in response
    }
    # Nested, because a log record already has an attribute `created`.
    REPORT.info("carried out", **{**details, "runId": response.get("runId"), "counts": counts})
    return response
