"""Processes one segment of a source in chunks of a few hundred rows. It can stop after each chunk."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from userprofiles.backfill.errors import BackfillError
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.outcome import Outcome, ProfileResult, UserResult
from userprofiles.backfill.segment_state import Chunk, PlannedInserts, SegmentState
from userprofiles.backfill.sources.source import Cursor, Page, Source
from userprofiles.backfill.tables.calls import Calls
from userprofiles.backfill.tables.table_shape import get_string
from userprofiles.backfill.targets.item_inserter import CREATED, EXISTED
from userprofiles.backfill.targets.pending_inserts import PendingInserts
from userprofiles.backfill.targets.profile_writer import CREATED_AT
from userprofiles.backfill.targets.target import Target
from userprofiles.backfill.users.user_row import Row, UserRow
from userprofiles.jobs.quarantine import row_digest
from userprofiles.table import record


class SegmentProcessor(Protocol):
    """The work of one thread on its segments, whatever the operation is."""

    def process(self, state: SegmentState) -> Iterator[Chunk]:
        """Process a segment from the cursor of its state, and yield each chunk.

        The caller must store the state with a chunk's `planned_inserts` before it continues.

        Raises:
            BackfillError: The run can't continue.
        """


class DeletedUserCheck(Protocol):
    """Removes the profiles of users who were deleted at the same moment: `targets.deleted_users`."""

    def undo_inserts(
        self,
        state: SegmentState,
        rows: Sequence[Row],
        users: Sequence[UserRow],
        moment: datetime,
        results: dict[str, ProfileResult],
    ) -> None:
        """Remove the new profiles of users who have been deleted."""

    def undo_pending(self, inserts: PendingInserts, counted_keys: Iterable[str]) -> list[UserResult]:
        """Remove the profiles that a killed session created for users who have been deleted since."""


class SegmentWorker:
    """Creates the profiles of the users of segments, one segment at a time.

    Args:
        source: Reads the users.
        target: Has the profiles.
        calls: The calls of this thread.
        limits: The size of a chunk.
        now: Returns the time of creation.
        plans_inserts: Whether each chunk plans its inserts, so that a resumed run recognizes its profiles.
            This is necessary if a profile has no mark of the run, or if a user can have several rows.
        deleted_users: Removes the profiles of deleted users; None if something remains of a deleted user, so
            that no profile can be inserted.
    """

    def __init__(
        self,
        source: Source,
        target: Target,
        calls: Calls,
        *,
        limits: Limits,
        now: Callable[[], datetime],
        plans_inserts: bool,
        deleted_users: DeletedUserCheck | None = None,
    ) -> None:
        self._source = source
        self._target = target
        self._calls = calls
        self._limits = limits
        self._now = now
        self._plans_inserts = plans_inserts
        self._deleted_users = deleted_users

    def process(self, state: SegmentState) -> Iterator[Chunk]:
        """Process a segment from the cursor of its state, and yield each chunk.

        An error during the inserts does not lose their results: the last chunk has them, and the error.

        Raises:
            BackfillError: An error of the source or the target before the inserts of a chunk.
        """
        for page in self._source.read_pages(self._calls, state.segment, state.cursor):
            for rows, cursor in split_page(page, self._limits.chunk_rows):
                yield from self._process_rows(rows, cursor, page, state)

    def _process_rows(
        self, rows: Sequence[Row], cursor: Cursor | None, page: Page, state: SegmentState
    ) -> Iterator[Chunk]:
        all_users = self._source.read_users(rows)
        users = [user for user in all_users if user.profile_key not in state.counted_keys]
        keys = [user.profile_key for user in users if user.profile_key]
        existing = self._target.read_existing(keys, page)
        profiles = self._existing_results(keys, existing, state.pending_inserts)
        moment = self._now()
        missing_keys = [key for key in dict.fromkeys(keys) if key not in existing]
        if self._plans_inserts and missing_keys:
            yield Chunk([], planned_inserts=PlannedInserts(record.timestamp(moment), missing_keys))
        inserts: dict[str, ProfileResult] = {}
        try:
            self._insert(state, rows, users, existing=existing, moment=moment, results=inserts)
        except BackfillError as error:
            counted = frozenset(inserts)
            inserted_users = [user for user in users if user.profile_key in counted]
            created = _created_keys(inserts)
            results = [_user_result(user, inserts) for user in inserted_users]
            yield Chunk(results, error=error, counted_keys=counted, created_keys=created)
            return
        profiles |= inserts
        created = _created_keys(profiles)
        results = [_user_result(user, profiles) for user in users]
        counted = frozenset(map(_counted_key, all_users))
        if cursor is None and self._deleted_users:
            results += self._deleted_users.undo_pending(state.pending_inserts, counted)
        yield Chunk(results, rows=len(rows), cursor=cursor, counted_keys=counted, created_keys=created)

    def _insert(
        self,
        state: SegmentState,
        rows: Sequence[Row],
        users: Sequence[UserRow],
        *,
        existing: Mapping[str, Row],
        moment: datetime,
        results: dict[str, ProfileResult],
    ) -> None:
        """Insert the missing profiles, and remove those of users who have been deleted."""
        try:
            self._target.insert_missing(users, existing, moment, results)
        finally:  # after an error, the profiles so far are counted, too
            if self._deleted_users:
                self._deleted_users.undo_inserts(state, rows, users, moment, results)

    def _existing_results(
        self, keys: Sequence[str], existing: Mapping[str, Row], pending_inserts: PendingInserts
    ) -> dict[str, ProfileResult]:
        """Return the results for the users whose profile exists, by PK."""
        # `existing` can have the profiles of a whole page, of which this is one chunk.
        results = {key: self._target.existing_result(existing[key]) for key in keys if key in existing}
        if not self._plans_inserts:
            return results
        for key, result in results.items():
            if result.outcome is Outcome.SKIPPED:
                continue
            # A profile with the mark of this run is also that of a former row of the same user.
            has_mark = result.outcome is Outcome.CREATED
            is_ours = pending_inserts.contains(key, None if has_mark else _created_at(existing[key]))
            results[key] = CREATED if is_ours else EXISTED
        return results


def _counted_key(user: UserRow) -> str:
    """Return the PK of a user's profile, also if the row can't be used any more; empty for a skipped user."""
    return record.partition_key(user.user_id) if user.failure_reason else user.profile_key


def _created_keys(profiles: Mapping[str, ProfileResult]) -> frozenset[str]:
    return frozenset(key for key, result in profiles.items() if result.outcome is Outcome.CREATED)


def _created_at(profile: Row) -> str:
    return next((value for name in CREATED_AT if (value := get_string(profile, name))), "")


def _user_result(user: UserRow, profiles: dict[str, ProfileResult]) -> UserResult:
    """Return the result for a user. For a second row of the user, the profile exists."""

    def build(outcome: Outcome, reason: str = "", write_units: int = 0, error_code: str = "") -> UserResult:
        sha256 = row_digest(user.row) if outcome is Outcome.FAILED and user.row else ""
        return UserResult(
            user.user_id, outcome, reason, user.email, user.key, write_units, error_code, sha256
        )

    if user.failure_reason is not None:
        return build(Outcome.FAILED, user.failure_reason)
    if user.skip_reason is not None:
        return build(Outcome.SKIPPED, user.skip_reason)
    result = profiles[user.profile_key]
    if result.outcome is Outcome.CREATED:
        profiles[user.profile_key] = EXISTED
        return build(Outcome.CREATED, user.note, result.write_units)
    return build(result.outcome, result.reason, result.write_units, result.error_code)


def split_page(page: Page, chunk_rows: int) -> Iterator[tuple[Sequence[Row], Cursor | None]]:
    """Yield the chunks of a page, each with the position after which the next chunk begins."""
    for start in range(0, len(page.rows), chunk_rows):
        rows = page.rows[start : start + chunk_rows]
        end = start + len(rows)
        yield rows, page.next_cursor if end == len(page.rows) else page.cursor_after(end - 1)
    if not page.rows:
        yield [], page.next_cursor
