"""The users of another table than the one that the accounts and profiles are written to."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from userprofiles.backfill.error_messages import access_denied_error
from userprofiles.backfill.errors import DeniedError
from userprofiles.backfill.job import Job
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.sources.source import Cursor, Page
from userprofiles.backfill.sources.source_kinds import SourceKind
from userprofiles.backfill.tables.calls import Calls
from userprofiles.backfill.tables.table_scan import projection, scan
from userprofiles.backfill.tables.table_shape import get_string
from userprofiles.backfill.users.table_user_reader import TableUserReader
from userprofiles.backfill.users.user_row import Row, UserRow
from userprofiles.settings import Roles


class OtherTableSource:
    """The users of a table in the seed's or this project's shape, or of a table with the ID as its only key.

    Args:
        job: The task. Its source has the name, keys and columns of the table, and the shape of a `table`.
        limits: The rows of a page.
        roles: The roles that the source may set.
    """

    def __init__(self, job: Job, limits: Limits, roles: Roles) -> None:
        document = job.source
        self._document = document
        self._table: str = document["name"]
        self._key_names: list[str] = document["key"]
        self._total_segments = job.segments
        self._page_rows = limits.page_rows
        self._reader = TableUserReader(document, job.rule, roles)
        self._projection = projection(sorted({*self._key_names, *self._reader.columns}))

    @property
    def segments(self) -> int:
        """The number of segments of the scan."""
        return self._total_segments

    def identity(self) -> Mapping[str, Any]:
        """Return name, key, shape and mapping of the table."""
        return dict(self._document)

    def read_pages(self, calls: Calls, segment: int, cursor: Cursor | None) -> Iterator[Page]:
        """Yield the pages of a segment of the scan."""
        parameters: dict[str, Any] = {"Limit": self._page_rows, **self._projection}
        if self._total_segments > 1:
            parameters |= {"Segment": segment, "TotalSegments": self._total_segments}
        while True:
            response = next(scan(calls.for_table(self._table), cursor, **parameters))
            cursor = response.get("LastEvaluatedKey") or None
            yield Page(response["Items"], cursor, self._key_of(response["Items"]))
            if cursor is None:
                return

    def read_users(self, rows: Sequence[Row]) -> list[UserRow]:
        """Read the users of some rows. Rows of a table in a shape that are not users are ignored."""
        users = (self._reader.read(row, self._report_key(row)) for row in rows)
        return [user for user in users if user is not None]

    def read_rows(self, calls: Calls, keys: Sequence[Mapping[str, str]]) -> list[Row]:
        """Read rows by their keys."""
        table_calls = calls.for_table(self._table)
        rows: list[Row] = []
        for key in keys:
            try:
                response = table_calls.call(
                    "GetItem",
                    TableName=self._table,
                    Key={name: {"S": key[name]} for name in self._key_names},
                    ConsistentRead=True,
                    **self._projection,
                )
            except DeniedError as error:
                raise access_denied_error("GetItem", table_calls.location) from error
            rows += [response["Item"]] if response.get("Item") else []
        return rows

    def _report_key(self, row: Row) -> dict[str, str]:
        return {name: value for name in self._key_names if (value := get_string(row, name)) is not None}

    def _key_of(self, rows: Sequence[Row]) -> Callable[[int], Cursor]:
        return lambda index: {name: dict(rows[index][name]) for name in self._key_names}


def kind_of_table(key_names: Sequence[str]) -> SourceKind | None:
    """Return the kind of source that a table with these keys can be."""
    if list(key_names) == ["PK", "SK"]:
        return SourceKind.TABLE
    return SourceKind.KEYED_TABLE if len(key_names) == 1 else None
