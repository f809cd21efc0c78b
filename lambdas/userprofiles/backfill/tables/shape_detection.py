"""Detects the shape of a table, and checks its keys, before a run."""

from collections.abc import Iterable, Sequence

from userprofiles.backfill.error_messages import TableLocation
from userprofiles.backfill.errors import BackfillFailedError, ErrorKind, RefusedError, StoppedError
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.tables.calls import Calls
from userprofiles.backfill.tables.table_scan import both_shapes_error, read_pages
from userprofiles.backfill.tables.table_shape import TableShape, row_shape
from userprofiles.backfill.users.user_row import Row
from userprofiles.jobs.ledger_items import is_ledger_key

_TYPE_NAMES = {"B": "binary", "N": "a number"}


def detect_shape(
    calls: Calls, states: Iterable[SegmentState], segments: int, limits: Limits, stop: Stop
) -> TableShape | None:
    """Detect the table's shape from the first page with a user row, and check the keys of the table.

    The first rows of the table nearly always decide. Otherwise, the pages of the segments are read until one
    has a user row. The pages before it need no other work. So the states move past them, and the run does not
    read these pages again.

    Args:
        calls: Calls on the table.
        states: The segments of a new run.
        segments: The number of segments of the table.
        limits: The sizes of the pages.
        stop: Ends the detection between two pages.

    Returns:
        The shape. None if no row decides: the segments are empty, or have only profiles.

    Raises:
        BackfillFailedError: The table can't be read, or its keys are not the strings PK and SK.
        RefusedError: A page has rows of both shapes, or of a ledger.
        StoppedError: A stop was requested.
    """
    shape = _only_shape(read_first_shapes(calls, limits.probe_rows), calls.location)
    if shape:
        return shape
    for state in states:
        for page in read_pages(calls, state.segment, segments, state.cursor, limits.page_rows):
            shape = _only_shape(_check_page(page.rows, calls.location), calls.location)
            if shape:
                return shape
            state.move_cursor(page.next_key, len(page.rows))
            if stop.is_requested:
                raise StoppedError("Stopped before the first user. Nothing was written. Run it again.")
    return None


def read_first_shapes(calls: Calls, page_rows: int) -> set[TableShape]:
    """Return the shapes of the table's first rows, and check the keys of the table.

    Args:
        calls: Calls on the table.
        page_rows: The number of rows to read.

    Raises:
        BackfillFailedError: The table can't be read, or its keys are not the strings PK and SK.
        RefusedError: The table is a ledger.
    """
    page = next(read_pages(calls, 0, 1, None, page_rows))
    return _check_page(page.rows, calls.location)


def _check_page(rows: Sequence[Row], location: TableLocation) -> set[TableShape]:
    """Return the shapes of the rows, after a check of their keys."""
    if any("PK" not in row or "SK" not in row for row in rows):
        raise BackfillFailedError(
            ErrorKind.TABLE,
            f"Table {location.table!r} does not have the keys PK and SK. The backfill supports only tables "
            "with these keys.\nCheck the table's name.",
        )
    for name in ("PK", "SK"):
        code = next((code for row in rows for code in row[name] if code != "S"), None)
        if code:
            raise BackfillFailedError(
                ErrorKind.TABLE,
                f"Table {location.table!r} has the key {name} of type {code} ({_TYPE_NAMES.get(code, code)})."
                " The backfill supports only tables whose keys PK and SK are of type S (a string).\n"
                "Check the table's name.",
            )
    if any(is_ledger_key(row["PK"]["S"], row["SK"]["S"]) for row in rows):
        raise RefusedError(
            f"Table {location.table!r} is a ledger of runs, not a table of users. Profiles in it would make "
            "the ledger unusable.\nCheck the table's name."
        )
    return {shape for shape in map(row_shape, rows) if shape}


def _only_shape(shapes: set[TableShape], location: TableLocation) -> TableShape | None:
    if len(shapes) > 1:
        raise both_shapes_error(location.table)
    return next(iter(shapes), None)
