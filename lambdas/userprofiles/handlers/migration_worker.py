"""The migration state machine's worker: one function for its states Prepare, Work and Finish.

What its role has to allow, and no more:

* on each table that it may backfill: dynamodb:Scan, dynamodb:BatchGetItem, dynamodb:GetItem,
  dynamodb:PartiQLInsert, dynamodb:PutItem (GetItem and PutItem stand in where the batches are denied);
* on ``<bucket>/runs/*``: s3:GetObject, s3:PutObject (nothing is listed or deleted);
* its own log stream.

Environment: USERS_TABLE, MIGRATION_BUCKET, TEMPLATE; MIGRATION_TABLES (optional): all permitted tables, with
commas between; with it, another table is refused by name rather than denied by the policy.

An input that is refused (`RefusedError`: wrong input, a table that isn't permitted or has both shapes) is an
expected answer; everything else (`CannotGoOnError`) is a failure and counts in the metric MigrationFailed.
"""

import os
from typing import Any

import botocore.session
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from userprofiles.migration.errors import RefusedError
from userprofiles.migration.worker import Settings, Worker

logger = Logger()
metrics = Metrics()

_config = Config(
    retries={"mode": "standard", "total_max_attempts": 3},
    connect_timeout=2,
    read_timeout=20,
    parameter_validation=False,
)
_session = botocore.session.get_session()
_dynamodb = _session.create_client("dynamodb", config=_config)
_s3 = _session.create_client("s3", config=_config)


def _settings() -> Settings:
    tables = {name.strip() for name in os.environ.get("MIGRATION_TABLES", "").split(",") if name.strip()}
    users_table = os.environ["USERS_TABLE"]
    return Settings(
        users_table=users_table,
        bucket=os.environ["MIGRATION_BUCKET"],
        template=os.environ.get("TEMPLATE", "marketplace"),
        tables=frozenset(tables | {users_table}) if tables else frozenset(),
    )


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Carry out one action.

    Args:
        event: ``{"action": "prepare", …}``, ``{"action": "work", "runId", "segment"}`` or
            ``{"action": "finish", "runId"}``.
        context: Lambda's; its remaining time bounds the work.

    Returns:
        The next state's payload, as `Worker.handle` describes it.

    Raises:
        RefusedError: The input is not one to carry out.
        CannotGoOnError: Table, rights, bucket or network are not as they should be.
    """
    worker = Worker(_settings(), _dynamodb, _s3, logger.warning)
    given = event if isinstance(event, dict) else {}
    details: dict[str, Any] = {name: given.get(name) for name in ("action", "runId", "segment")}
    try:
        answer = worker.handle(event, context.get_remaining_time_in_millis() / 1000)
    except RefusedError as error:
        logger.warning("refused", extra={**details, "why": str(error)})
        raise
    except Exception:
        metrics.add_metric(name="MigrationFailed", unit=MetricUnit.Count, value=1)
        metrics.flush_metrics()
        logger.exception("failed", extra=details)
        raise
    counts: dict[str, Any] = {
        name: answer[name] for name in ("done", "processed", "created", "failed") if name in answer
    }
    # Under one name: a log record has a `created` of its own.
    logger.info("carried out", extra={**details, "runId": answer.get("runId"), "counts": counts})
    return answer
