"""The first rows of a table or an export, and the shape that they have."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from userprofiles.backfill.limits import Limits
from userprofiles.backfill.sources.clients import SourceClients
from userprofiles.backfill.sources.export_source import ExportPart, open_part
from userprofiles.backfill.sources.lines import read_lines
from userprofiles.backfill.sources.records import ItemRecords
from userprofiles.backfill.tables.calls import Calls
from userprofiles.backfill.tables.table_scan import both_shapes_error, scan
from userprofiles.backfill.tables.table_shape import TableShape, is_user_row, row_shape


def read_table_shape(calls: Calls, limits: Limits) -> tuple[TableShape, list[Mapping[str, Any]]]:
    """Return the shape of a table, and its first user rows."""
    pages: list[Sequence[Mapping[str, Any]]] = []

    def read() -> Iterator[Sequence[Mapping[str, Any]]]:
        for response in scan(calls, Limit=limits.page_rows):
            pages[:] = [response["Items"]]
            yield response["Items"]

    shape = find_shape(calls.location.table, read())
    return shape, [row for page in pages for row in page if is_user_row(row, shape)]


def find_shape(name: str, pages: Iterable[Sequence[Mapping[str, Any]]]) -> TableShape:
    """Return the shape of a table. The first page with a user row decides.

    Raises:
        RefusedError: A page has rows of both shapes.
    """
    for rows in pages:
        shapes = {shape for shape in map(row_shape, rows) if shape}
        if len(shapes) > 1:
            raise both_shapes_error(name)
        if shapes:
            return shapes.pop()
    return TableShape.PLAIN


def exported_rows(
    calls: Calls, path: str, parts: Sequence[ExportPart], clients: SourceClients
) -> Iterator[Mapping[str, Any]]:
    """Yield the items of an export, until the caller has enough of them."""
    for part in parts:
        lines = read_lines(open_part(path, part, clients).blocks(calls, 0, {}), 0)
        for line_record in ItemRecords().read_records(lines, sys.maxsize):
            item = line_record.values.get("Item")
            if isinstance(item, dict):
                yield item
