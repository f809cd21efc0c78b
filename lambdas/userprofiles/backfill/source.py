"""Reads a table: pages of its segments, its shape, and how many users it has."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from userprofiles.backfill.calls import Calls
from userprofiles.backfill.error_messages import access_denied, stranger
from userprofiles.backfill.errors import (
    CannotGoOnError,
    DeniedError,
    ErrorKind,
    InvalidRequestError,
    RefusedError,
)
from userprofiles.backfill.plan import ROW_ATTRIBUTES, Row
from userprofiles.backfill.table_shape import Shape, evidence, user_filter
from userprofiles.table import record

Key = dict[str, Any]


@dataclass(frozen=True)
class Page:
    """One page of a segment.

    Attributes:
        rows: The rows in DynamoDB's JSON; items with the same PK are neighbours, in the order of SK.
        next_key: Where the next page begins; None after the last.
    """

    rows: list[Row]
    next_key: Key | None


def projection(names: Iterable[str]) -> dict[str, Any]:
    """Return the parameters of a read that brings only these attributes.

    It costs the same read units, but keeps long attributes off the wire and out of memory.
    """
    aliases = {f"#{number}": name for number, name in enumerate(names)}
    return {"ProjectionExpression": ",".join(aliases), "ExpressionAttributeNames": aliases}


def _scan(calls: Calls, start: Key | None = None, **parameters: Any) -> Iterator[dict[str, Any]]:
    """Yield the answers of a scan, page by page.

    Args:
        calls: Calls on the table.
        start: Key of the item after which to begin; None for the beginning.
        **parameters: What each call has besides.

    Raises:
        CannotGoOnError: The table can't be read.
    """
    while True:
        position = {"ExclusiveStartKey": start} if start else {}
        try:
            response = calls.call("Scan", TableName=calls.place.table, **position, **parameters)
        except DeniedError as error:
            raise access_denied("Scan", calls.place) from error
        except InvalidRequestError as error:
            raise CannotGoOnError(
                ErrorKind.TABLE, f"DynamoDB refuses to scan {calls.place.table!r}: {error}"
            ) from error
        if not {"Items", "Count"} & response.keys():
            raise stranger(calls.place, "its answer lacks what DynamoDB's answers have")
        calls.progress()
        yield response
        start = response.get("LastEvaluatedKey")
        if not start:
            return


def pages(calls: Calls, segment: int, segments: int, start: Key | None, page_rows: int) -> Iterator[Page]:
    """Yield the pages of one segment.

    Args:
        calls: Calls on the table.
        segment: Number of the segment, from 0.
        segments: How many segments the table is cut into.
        start: Key of the item after which to begin; None for the segment's beginning.
        page_rows: Rows in one page at most.

    Raises:
        CannotGoOnError: The table can't be read.
    """
    parameters: dict[str, Any] = {"Limit": page_rows, **projection(ROW_ATTRIBUTES)}
    if segments > 1:
        parameters |= {"Segment": segment, "TotalSegments": segments}
    for response in _scan(calls, start, **parameters):
        yield Page(response["Items"], response.get("LastEvaluatedKey") or None)


def probe(calls: Calls, page_rows: int, *, expected: Shape | None = None) -> Shape | None:
    """Find out the table's shape by its first rows, and that it can be read at all.

    Args:
        calls: Calls on the table.
        page_rows: Rows in one page at most.
        expected: The shape that the user named; then only the keys of the table are checked.

    Returns:
        The shape, or None for a table in which no row decides (it is empty, or has only profiles).

    Raises:
        CannotGoOnError: The table can't be read, or its keys are not PK and SK.
        RefusedError: The first rows are of both shapes.
    """
    for response in _scan(calls, Limit=page_rows, **projection(("PK", "SK"))):
        rows: list[Row] = response["Items"]
        if any("PK" not in row or "SK" not in row for row in rows):
            raise CannotGoOnError(
                ErrorKind.TABLE,
                f"Table {calls.place.table!r} does not have the keys PK and SK, so it has neither shape "
                "that the backfill supports.\nCheck the table's name.",
            )
        if expected:
            return expected
        shapes = {shape for shape in map(evidence, rows) if shape}
        if len(shapes) > 1:
            raise both_shapes(calls.place.table)
        if shapes:
            return shapes.pop()
    return None


def both_shapes(table: str) -> RefusedError:
    """Return the refusal of a table that has rows of both shapes."""
    prefix, account = record.USER_PREFIX, record.SORT_KEYS["account"]
    return RefusedError(
        f"Table {table!r} holds user rows of both shapes: some whose PK does not begin with {prefix}, and "
        f"some with SK {account}.\nThe backfill does not guess which of them are users. Name the shape: "
        f"`userprofiles backfill run --table-name {table} --shape plain` (PK not {prefix}) or "
        f"`--shape stack` (SK {account})."
    )


def count_users(calls: Calls, shape: Shape) -> int:
    """Count the user rows by a scan that returns no rows.

    It reads the whole table once more (half a read unit for 4 KB); the README's lines begin with this number.

    Raises:
        CannotGoOnError: The table can't be read.
    """
    responses = _scan(calls, Select="COUNT", **user_filter(shape))
    return sum(int(response.get("Count", 0)) for response in responses)
