"""What a source of users must offer. To read users from another system, write a class like this."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from userprofiles.backfill.tables.calls import Calls
from userprofiles.backfill.users.user_row import Row, UserRow

Cursor = dict[str, Any]
"""A position in a segment, as a JSON document: reading continues after it."""


@dataclass(frozen=True)
class Page:
    """One page of a segment.

    Attributes:
        rows: The rows in DynamoDB's JSON. A row that is no user has no effect.
        next_cursor: The position after which the next page begins; None on the last page.
        cursor_after: Returns the position after the row with this index.
    """

    rows: Sequence[Row]
    next_cursor: Cursor | None
    cursor_after: Callable[[int], Cursor]


class Source(Protocol):
    """A source of users. One object serves all threads of a run, so its methods must not change it."""

    @property
    def segments(self) -> int:
        """The number of segments, which can be read independently of each other."""

    def identity(self) -> Mapping[str, Any]:
        """Return what a plan stores to recognize the source again, as a JSON document without data of users.

        Raises:
            BackfillError: The source can't be described.
        """

    def read_pages(self, calls: Calls, segment: int, cursor: Cursor | None) -> Iterator[Page]:
        """Yield the pages of a segment.

        Args:
            calls: The calls of this thread. A source with other clients counts its calls in `calls.meter`,
                and waits with `calls.wait`.
            segment: The number of the segment, from 0.
            cursor: The position after which reading begins; None for the beginning.

        Raises:
            BackfillError: The source can't be read.
        """

    def read_users(self, rows: Sequence[Row]) -> list[UserRow]:
        """Read the users of some rows. A problem of a row becomes its `failure_reason`."""

    def read_rows(self, calls: Calls, keys: Sequence[Mapping[str, str]]) -> list[Row]:
        """Read single rows again, to retry them.

        Args:
            calls: The calls of this thread.
            keys: The keys of rows, as `UserRow.key` has them. A key whose row does not exist any more has no
                row in the result.
        """
