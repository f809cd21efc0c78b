"""What an operator should know before a plan is applied."""

from collections.abc import Iterator
from dataclasses import dataclass

from userprofiles.backfill.plan.plan_summary import HUGE_ITEM_UNITS, PlanSummary
from userprofiles.backfill.tables.table_description import TableDescription
from userprofiles.backfill.tally import Tally
from userprofiles.jobs.counted import counted


@dataclass(frozen=True)
class PlanWarning:
    """A warning.

    Attributes:
        kind: Its name for programs.
        message: Its text.
    """

    kind: str
    message: str


def find_warnings(
    table: TableDescription, summary: PlanSummary, tally: Tally, rate: float | None
) -> list[dict[str, str]]:
    """Return the warnings of a plan, each with its kind and message."""
    warnings = [
        *_row_warnings(summary, tally),
        *_table_warnings(table, tally),
        *_capacity_warnings(table, rate),
    ]
    return [{"kind": warning.kind, "message": warning.message} for warning in warnings]


def _row_warnings(summary: PlanSummary, tally: Tally) -> Iterator[PlanWarning]:
    hot_keys = summary.hot_keys()
    if hot_keys:
        counts = ", ".join(f"{count:,}" for _, count in hot_keys)
        yield PlanWarning(
            "hotKeys",
            f"Users in one partition of the source, the largest numbers: {counts}. Reads of these users are "
            "not spread over the table, so DynamoDB may throttle them.",
        )
    if summary.huge_items:
        yield PlanWarning(
            "hugeItems",
            f"New items with {HUGE_ITEM_UNITS} write units or more: {summary.huge_items:,}. Check the fields "
            "that are copied from the source.",
        )
    missing_ids = sum(count for reason, count in summary.failures.items() if "no id" in reason)
    if missing_ids:
        yield PlanWarning(
            "missingIds",
            f"Rows without an id, which get no profile: {missing_ids:,}. Correct these rows first.",
        )
    if not tally.processed:
        yield PlanWarning("noUsers", "The source has no users. Check its name.")
    if tally.failed:
        yield PlanWarning(
            "failures",
            f"Rows that can't be processed: {tally.failed:,}. The samples name some of them by reason.",
        )


def _table_warnings(table: TableDescription, tally: Tally) -> Iterator[PlanWarning]:
    if table.pitr is False:
        yield PlanWarning(
            "noPointInTimeRecovery",
            "Point-in-time recovery is off. `apply` needs --backup, --backup-arn ARN or --no-backup.",
        )
    if table.pitr is None:
        yield PlanWarning(
            "unknownPointInTimeRecovery",
            "It is not known whether point-in-time recovery is on: the permission "
            "dynamodb:DescribeContinuousBackups is missing.",
        )
    if table.ttl_attribute:
        yield PlanWarning(
            "timeToLive",
            f"The table has a time to live: DynamoDB deletes items by their attribute {table.ttl_attribute}, "
            "also while the job runs.",
        )
    if table.stream:
        yield PlanWarning(
            "stream",
            f"The table has a stream: its readers, such as functions, get the new items of "
            f"{counted(tally.created, 'user')}.",
        )
    if table.indexes:
        yield PlanWarning(
            "indexes",
            f"The table has the indexes {', '.join(table.indexes)}. An item with their keys is also written "
            "to them. The estimate does not include this.",
        )
    if table.replicas:
        yield PlanWarning(
            "replicas",
            f"The table has replicas in {', '.join(table.replicas)}. Each item is also written to them. The "
            "estimate does not include this.",
        )


def _capacity_warnings(table: TableDescription, rate: float | None) -> Iterator[PlanWarning]:
    if table.write_capacity is None:
        return
    if rate is None or rate >= table.write_capacity:
        limit = "no --rate is set" if rate is None else f"--rate is {rate:g}"
        yield PlanWarning(
            "capacity",
            f"The table takes {table.write_capacity:,} write units per second and {limit}: the job can slow "
            "down other writers. Set a lower --rate.",
        )
