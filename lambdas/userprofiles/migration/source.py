"""Where the users come from: pages of a table's segments, and what shape the table has."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from userprofiles.migration.calls import Calls
from userprofiles.migration.errors import (
    CannotGoOnError,
    DeniedError,
    InvalidRequestError,
    Kind,
    RefusedError,
)
from userprofiles.migration.plan import WANTED, Row
from userprofiles.migration.shape import Shape, evidence
from userprofiles.migration.trouble import access_denied, stranger

PAGE_ITEMS = 1000
"""Items in one page: eight threads hold eight pages, and memory stays small whatever a row's size."""

Key = dict[str, Any]

_NAMES = {f"#{number}": name for number, name in enumerate(WANTED)}
# A projection costs the same reads, but keeps long attributes off the wire and out of memory.
_PROJECTION = {"ProjectionExpression": ",".join(_NAMES), "ExpressionAttributeNames": _NAMES}
_KEYS_ONLY = {"ProjectionExpression": "#p,#s", "ExpressionAttributeNames": {"#p": "PK", "#s": "SK"}}
_PROBED_AT_ONCE = 100


@dataclass(frozen=True)
class Page:
    """One page of a segment.

    Attributes:
        rows: The rows in DynamoDB's JSON; items with the same PK stand together, in the order of SK.
        next_key: Where the next page begins; None after the last.
    """

    rows: list[Row]
    next_key: Key | None


def _scan(calls: Calls, **parameters: Any) -> dict[str, Any]:
    try:
        response = calls.call("Scan", TableName=calls.place.table, **parameters)
    except DeniedError as error:
        raise access_denied("Scan", calls.place) from error
    except InvalidRequestError as error:
        raise CannotGoOnError(
            Kind.TABLE, f"DynamoDB refuses to scan {calls.place.table!r}: {error}"
        ) from error
    if "Items" not in response:
        raise stranger(calls.place, "its answer lacks what DynamoDB's answers have")
    calls.progress()
    return response


def _segment_of(segment: int, segments: int) -> dict[str, int]:
    return {"Segment": segment, "TotalSegments": segments} if segments > 1 else {}


def pages(
    calls: Calls, segment: int, segments: int, start: Key | None, limit: int = PAGE_ITEMS
) -> Iterator[Page]:
    """Yield the pages of one segment.

    Args:
        calls: Calls on the table.
        segment: Number of the segment, from 0.
        segments: How many segments the table is cut into.
        start: Key of the item after which to begin; None for the segment's beginning.
        limit: Items in one page at most.

    Raises:
        CannotGoOnError: The table can't be read.
    """
    while True:
        parameters: dict[str, Any] = {"Limit": limit, **_PROJECTION, **_segment_of(segment, segments)}
        if start:
            parameters["ExclusiveStartKey"] = start
        response = _scan(calls, **parameters)
        start = response.get("LastEvaluatedKey") or None
        yield Page(response["Items"], start)
        if start is None:
            return


def probe(calls: Calls, *, given: Shape | None = None) -> Shape | None:
    """Find out the table's shape by its first rows, and that it can be read at all.

    Args:
        calls: Calls on the table.
        given: The shape that somebody named; then the rows are not asked, and the table is only tried.

    Returns:
        The shape, or None for a table in which no row tells (it is empty, or holds nothing but profiles).

    Raises:
        CannotGoOnError: The table can't be read, or its keys are not PK and SK.
        RefusedError: The first rows are of both shapes.
    """
    start: Key | None = None
    while True:
        parameters: dict[str, Any] = {"Limit": _PROBED_AT_ONCE, **_KEYS_ONLY}
        if start:
            parameters["ExclusiveStartKey"] = start
        response = _scan(calls, **parameters)
        rows: list[Row] = response["Items"]
        if any("PK" not in row or "SK" not in row for row in rows):
            raise CannotGoOnError(
                Kind.TABLE,
                f"Table {calls.place.table!r} does not have the keys PK and SK, so it is of neither shape "
                "that the backfill knows.\nCheck the table's name.",
            )
        if given:
            return given
        found = {shape for shape in map(evidence, rows) if shape}
        if len(found) > 1:
            raise both_shapes(calls.place.table)
        if found:
            return found.pop()
        start = response.get("LastEvaluatedKey") or None
        if start is None:
            return None


def both_shapes(table: str) -> RefusedError:
    """Return the refusal for a table in which rows of both shapes were seen."""
    return RefusedError(
        f"Table {table!r} holds user rows of both shapes: some whose PK does not begin with USER#, and some "
        "with SK ACCOUNT#MAIN.\nThe backfill won't guess which of them are users. Name the shape: "
        f"`userprofiles backfill run --table-name {table} --shape plain` (PK not USER#) or "
        "`--shape stack` (SK ACCOUNT#MAIN)."
    )


def count_users(calls: Calls, shape: Shape) -> int:
    """Count the user rows by a scan that brings no rows along.

    It reads the whole table once more (half a read unit for 4 KB); the README's lines begin with this number.
    """
    values = {":user": {"S": "USER#"}}
    condition = "NOT begins_with(#p, :user)"
    names = {"#p": "PK"}
    if shape is Shape.STACK:
        values[":account"] = {"S": "ACCOUNT#MAIN"}
        names["#s"] = "SK"
        condition = "begins_with(#p, :user) AND #s = :account"
    total = 0
    start: Key | None = None
    while True:
        parameters: dict[str, Any] = {
            "Select": "COUNT",
            "FilterExpression": condition,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
        }
        if start:
            parameters["ExclusiveStartKey"] = start
        response = calls.call("Scan", TableName=calls.place.table, **parameters)
        total += int(response.get("Count", 0))
        start = response.get("LastEvaluatedKey") or None
        if start is None:
            return total
