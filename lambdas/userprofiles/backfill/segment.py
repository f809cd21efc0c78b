"""Processes one segment of a source in chunks of a few hundred rows. It can stop after each chunk."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Protocol

from userprofiles.backfill.calls import Calls
from userprofiles.backfill.errors import BackfillError
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.outcome import Outcome, ProfileResult, UserResult
from userprofiles.backfill.profile_writer import EXISTED
from userprofiles.backfill.segment_state import Chunk, SegmentState
from userprofiles.backfill.sources.source import Cursor, Page, Source
from userprofiles.backfill.target import Target
from userprofiles.backfill.user_row import Row, UserRow


class SegmentProcessor(Protocol):
    """The work of one thread on its segments, whatever the operation is."""

    def process(self, state: SegmentState) -> Iterator[Chunk]:
        """Process a segment from the cursor of its state, and yield each chunk.

        Raises:
            BackfillError: The run can't continue.
        """


class SegmentWorker:
    """Creates the profiles of the users of segments, one segment at a time.

    Args:
        source: Reads the users.
        target: Has the profiles.
        calls: The calls of this thread.
        limits: The size of a chunk.
        now: Returns the time of creation.
    """

    def __init__(
        self, source: Source, target: Target, calls: Calls, *, limits: Limits, now: Callable[[], datetime]
    ) -> None:
        self._source = source
        self._target = target
        self._calls = calls
        self._limits = limits
        self._now = now

    def process(self, state: SegmentState) -> Iterator[Chunk]:
        """Process a segment from the cursor of its state, and yield each chunk.

        An error during the inserts does not lose their results: the last chunk has them, and the error.

        Raises:
            BackfillError: An error of the source or the target before the inserts of a chunk.
        """
        for page in self._source.read_pages(self._calls, state.segment, state.cursor):
            for rows, cursor in split_page(page, self._limits.chunk_rows):
                yield self._process_rows(rows, cursor, page, state.counted_keys)

    def _process_rows(
        self, rows: Sequence[Row], cursor: Cursor | None, page: Page, counted_keys: AbstractSet[str]
    ) -> Chunk:
        users = [user for user in self._source.read_users(rows) if user.profile_key not in counted_keys]
        keys = [user.profile_key for user in users if user.profile_key]
        existing = self._target.read_existing(keys, page)
        inserts: dict[str, ProfileResult] = {}
        try:
            self._target.insert_missing(users, existing, self._now(), inserts)
        except BackfillError as error:
            counted = frozenset(inserts)
            inserted_users = [user for user in users if user.profile_key in counted]
            results = [self._user_result(user, existing, inserts) for user in inserted_users]
            return Chunk(results, error=error, counted_keys=counted)
        results = [self._user_result(user, existing, inserts) for user in users]
        return Chunk(results, rows=len(rows), cursor=cursor)

    def _user_result(
        self, user: UserRow, existing: Mapping[str, Row], inserts: dict[str, ProfileResult]
    ) -> UserResult:
        def build(outcome: Outcome, reason: str = "", write_units: int = 0) -> UserResult:
            return UserResult(user.user_id, outcome, reason, user.email, user.key, write_units)

        if user.failure_reason is not None:
            return build(Outcome.FAILED, user.failure_reason)
        if user.skip_reason is not None:
            return build(Outcome.SKIPPED, user.skip_reason)
        if user.profile_key in existing:
            result = self._target.existing_result(existing[user.profile_key])
        else:
            result = inserts[user.profile_key]
            if result.outcome is Outcome.CREATED:
                inserts[user.profile_key] = EXISTED  # for a second row of the same user
        return build(result.outcome, result.reason, result.write_units)


def split_page(page: Page, chunk_rows: int) -> Iterator[tuple[Sequence[Row], Cursor | None]]:
    """Yield the chunks of a page, each with the position after which the next chunk begins."""
    for start in range(0, len(page.rows), chunk_rows):
        rows = page.rows[start : start + chunk_rows]
        end = start + len(rows)
        yield rows, page.next_cursor if end == len(page.rows) else page.cursor_after(end - 1)
    if not page.rows:
        yield [], page.next_cursor
