"""Reads a table: the pages of its segments, and the number of its users."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from userprofiles.backfill.error_messages import access_denied_error, not_dynamodb_error, rejected_error
from userprofiles.backfill.errors import (
    DeniedError,
    InvalidRequestError,
    RefusedError,
)
from userprofiles.backfill.tables.calls import Calls
from userprofiles.backfill.tables.table_shape import TableShape, user_filter
from userprofiles.backfill.users.user_row import ROW_ATTRIBUTES, Row
from userprofiles.table import record

Key = dict[str, Any]


@dataclass(frozen=True)
class Page:
    """One page of a segment.

    Attributes:
        rows: The rows in DynamoDB JSON. Rows with the same PK are adjacent, in the order of SK.
        next_key: The key after which the next page begins; None on the last page.
    """

    rows: list[Row]
    next_key: Key | None


def projection(names: Iterable[str]) -> dict[str, Any]:
    """Return the parameters of a read that returns only these attributes.

    The read units stay the same, but long attributes are neither transferred nor kept in memory.
    """
    aliases = {f"#{number}": name for number, name in enumerate(names)}
    return {"ProjectionExpression": ",".join(aliases), "ExpressionAttributeNames": aliases}


def scan(calls: Calls, start: Key | None = None, **parameters: Any) -> Iterator[dict[str, Any]]:
    """Yield the responses of a scan, page by page.

    Args:
        calls: Calls on the table.
        start: The key after which the scan begins; None for the beginning.
        **parameters: More parameters of each call.

    Raises:
        BackfillFailedError: The table can't be read.
    """
    while True:
        position: dict[str, Any] = {"ExclusiveStartKey": start} if start else {}
        try:
            response = calls.call("Scan", TableName=calls.location.table, **position, **parameters)
        except DeniedError as error:
            raise access_denied_error("Scan", calls.location) from error
        except InvalidRequestError as error:
            raise rejected_error("Scan", calls.location) from error
        expected = "Count" if parameters.get("Select") == "COUNT" else "Items"
        if expected not in response:
            raise not_dynamodb_error(calls.location, f"its response has no {expected}")
        calls.record_success()
        yield response
        start = response.get("LastEvaluatedKey")
        if not start:
            return


def read_pages(
    calls: Calls, segment: int, segments: int, start: Key | None, page_rows: int
) -> Iterator[Page]:
    """Yield the pages of one segment.

    Args:
        calls: Calls on the table.
        segment: The number of the segment, from 0.
        segments: The number of segments of the table.
        start: The key after which the scan begins; None for the beginning of the segment.
        page_rows: The maximum number of rows in a page.

    Raises:
        BackfillFailedError: The table can't be read.
    """
    for response in scan(calls, start, **segment_parameters(segment, segments, page_rows)):
        yield Page(response["Items"], response.get("LastEvaluatedKey") or None)


def segment_parameters(segment: int, segments: int, page_rows: int) -> dict[str, Any]:
    """Return the parameters of a scan of one segment, as `read_pages` describes them."""
    parameters: dict[str, Any] = {"Limit": page_rows, **projection(ROW_ATTRIBUTES)}
    return parameters | ({"Segment": segment, "TotalSegments": segments} if segments > 1 else {})


def both_shapes_error(table: str) -> RefusedError:
    """Return the error for a table that has rows of both shapes."""
    prefix, account = record.USER_PREFIX, record.SORT_KEYS["account"]
    return RefusedError(
        f"Table {table!r} has user rows of both shapes: rows whose PK does not begin with {prefix}, and rows "
        f"with SK {account}.\nThe backfill can't decide which of them are users. Name the shape: "
        f"`userprofiles backfill run --table-name {table} --shape plain` (PK not {prefix}) or "
        f"`--shape stack` (SK {account})."
    )


def count_users(calls: Calls, shape: TableShape) -> int:
    """Count the user rows with a scan that returns no rows.

    The scan reads the whole table once more (half a read unit for 4 KB). The README's output begins with this
    number, so it must be known before the run.

    Raises:
        BackfillFailedError: The table can't be read.
    """
    responses = scan(calls, Select="COUNT", **user_filter(shape))
    return sum(int(response.get("Count", 0)) for response in responses)
