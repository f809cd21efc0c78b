"""The migration state machine's worker: one function for its states Prepare, Work and Finish.

What its role has to allow, and no more:

* on each table that it may backfill: dynamodb:Scan, dynamodb:BatchGetItem, dynamodb:GetItem,
  dynamodb:PartiQLInsert, dynamodb:PutItem (GetItem and PutItem stand in where the batches are denied);
* on ``<bucket>/runs/*``: s3:GetObject, s3:PutObject (nothing is listed or deleted);
* its own log stream.

Environment: USERS_TABLE, MIGRATION_BUCKET, TEMPLATE; MIGRATION_TABLES (optional): all permitted tables, with
commas between; with it, another table is refused by name rather than denied by the policy.

A refusal (`RefusedError`: a wrong input, a table that isn't permitted or has both shapes) is an expected
answer. Everything else (`CannotGoOnError`) is a failure and counts in the metric MigrationFailed.

Lambda logs the text of an error that a handler raises, and Step Functions shows it. A refusal repeats the
execution's input, which an operator wrote, and nothing of a table. A failure is raised again without the
messages of AWS and Python, because they may repeat a value of an item.
"""

import os
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from userprofiles import aws, settings
from userprofiles.backfill.errors import BackfillError, CannotGoOnError, ErrorKind, RefusedError
from userprofiles.backfill.state_machine.worker import Settings, Worker
from userprofiles.telemetry import Report, error_code

_ADVICE = {
    ErrorKind.TABLE: "Check the table's name.",
    ErrorKind.RIGHTS: "Check the rights of the worker's role on the table.",
    ErrorKind.REPORT: "Check the rights of the worker's role on the bucket.",
}


def _client(service: str) -> Any:
    # A batch has 25 statements of 17 parameters each: checking them takes a third of the time.
    return aws.client(service, connect_s=2, read_s=20, attempts=3, parameter_validation=False)


def _settings(environment: Mapping[str, str]) -> Settings:
    users_table = settings.required(environment, "USERS_TABLE")
    tables = settings.names(environment, "MIGRATION_TABLES")
    return Settings(
        users_table=users_table,
        bucket=settings.required(environment, "MIGRATION_BUCKET"),
        template=settings.template_name(environment),
        tables=frozenset({*tables, users_table}) if tables else frozenset(),
    )


REPORT = Report()
WORKER = Worker(_settings(os.environ), _client("dynamodb"), _client("s3"), REPORT.warning)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Carry out one action.

    Args:
        event: ``{"action": "prepare", …}``, ``{"action": "work", "runId", "segment"}`` or
            ``{"action": "finish", "runId"}``.
        context: Lambda's; its remaining time bounds the work.

    Returns:
        The next state's payload, as `Worker.handle` describes it.

    Raises:
        RefusedError: The input is refused.
        CannotGoOnError: Table, rights, bucket or network are not as they should be, or an unexpected error.
    """
    request = event if isinstance(event, dict) else {}
    details: dict[str, Any] = {name: request.get(name) for name in ("action", "runId", "segment")}
    try:
        answer = WORKER.handle(event, context.get_remaining_time_in_millis() / 1000)
    except RefusedError as error:
        REPORT.warning("refused", why=str(error), **details)
        raise RefusedError(str(error)) from None
    except Exception as error:  # noqa: BLE001  (reported, and raised again by a safe text)
        failure = _failure(error)
        code = error_code(_origin(error))
        REPORT.error("failed", metric="MigrationFailed", error=code, why=str(failure), **details)
        raise failure from None
    counts: dict[str, Any] = {
        name: answer[name] for name in ("done", "processed", "created", "failed") if name in answer
    }
    # Under one name: a log record has a `created` of its own.
    REPORT.info("carried out", **{**details, "runId": answer.get("runId"), "counts": counts})
    return answer


def _failure(error: Exception) -> CannotGoOnError:
    """Return the error to raise: its text repeats no message of AWS or Python.

    The text of a CannotGoOnError without a cause is our own. With a cause, it may repeat the cause's message:
    then the text names the operation and the cause's code instead.
    """
    origin = _origin(error)
    code = error_code(origin)
    if not isinstance(error, CannotGoOnError):
        return CannotGoOnError(ErrorKind.SERVICE, f"Unexpected error: {code}.")
    if origin is error:
        return CannotGoOnError(error.kind, str(error))
    operation = getattr(origin, "operation_name", "The call")
    advice = _ADVICE.get(error.kind, "Start the job again with the same input and runId.")
    return CannotGoOnError(error.kind, f"{operation} failed ({error.kind}): {code}. {advice}")


def _origin(error: BaseException) -> BaseException:
    """Return the first cause that is not an error of the backfill, or the error itself without one."""
    while isinstance(error, BackfillError) and (cause := error.__cause__ or error.__context__):
        error = cause
    return error
