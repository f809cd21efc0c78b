"""Splits the records of a file into pages."""

import itertools
from collections.abc import Callable, Iterator
from typing import TypeVar

from userprofiles.backfill.sources.source import Cursor, Page
from userprofiles.backfill.users.user_row import Row

T = TypeVar("T")


def split_into_pages(
    records: Iterator[T], page_rows: int, *, to_row: Callable[[T], Row], cursor_after: Callable[[T], Cursor]
) -> Iterator[Page]:
    """Yield the pages of a segment. The next page is read first, because the last one has no cursor.

    Args:
        records: The records of the segment.
        page_rows: The records of a page.
        to_row: Returns the row of a record.
        cursor_after: Returns the position after a record.
    """
    page = list(itertools.islice(records, page_rows))
    while True:
        next_page = list(itertools.islice(records, page_rows))
        yield Page(
            [to_row(record) for record in page],
            cursor_after(page[-1]) if next_page else None,
            _cursor_by_index(page, cursor_after),
        )
        if not next_page:
            return
        page = next_page


def _cursor_by_index(page: list[T], cursor_after: Callable[[T], Cursor]) -> Callable[[int], Cursor]:
    return lambda index: cursor_after(page[index])
