"""The users of the table that the profiles are written to."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from userprofiles.backfill.job import Job
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.sources.source import Cursor, Page
from userprofiles.backfill.tables.calls import Calls
from userprofiles.backfill.tables.table_scan import both_shapes_error, read_pages
from userprofiles.backfill.tables.table_shape import row_shape
from userprofiles.backfill.users.user_row import ROW_ATTRIBUTES, Row, UserRow, read_user_rows


class TableSource:
    """The user rows of a table with the keys PK and SK.

    Args:
        job: The task, with the table's shape.
        limits: The rows of a page.
    """

    def __init__(self, job: Job, limits: Limits) -> None:
        self._job = job
        self._page_rows = limits.page_rows

    @property
    def segments(self) -> int:
        """The number of segments of the scan."""
        return self._job.segments

    def identity(self) -> Mapping[str, Any]:
        """Return the kind of the source. The plan describes the table itself as its target."""
        return {"kind": "table"}

    def read_pages(self, calls: Calls, segment: int, cursor: Cursor | None) -> Iterator[Page]:
        """Yield the pages of a segment of the scan."""
        for page in read_pages(calls, segment, self._job.segments, cursor, self._page_rows):
            yield Page(page.rows, page.next_key, _key_of(page.rows))

    def read_users(self, rows: Sequence[Row]) -> list[UserRow]:
        """Read the users of some rows.

        Raises:
            RefusedError: A row has the other shape.
        """
        shape = self._job.shape
        if not self._job.is_shape_explicit and any(row_shape(row) not in (None, shape) for row in rows):
            raise both_shapes_error(self._job.table)
        return read_user_rows(rows, shape, self._job.rule)

    def read_rows(self, calls: Calls, keys: Sequence[Mapping[str, str]]) -> list[Row]:
        """Read rows by PK and SK."""
        rows: list[Row] = []
        for key in keys:
            response = calls.call(
                "GetItem",
                TableName=self._job.table,
                Key={name: {"S": value} for name, value in key.items()},
                ConsistentRead=True,
            )
            if response.get("Item"):
                rows.append(
                    {name: response["Item"][name] for name in ROW_ATTRIBUTES if name in response["Item"]}
                )
        return rows


def _key_of(rows: Sequence[Row]) -> Callable[[int], Cursor]:
    return lambda index: {name: dict(rows[index][name]) for name in ("PK", "SK")}
