"""Processes one segment of a table in chunks of a few hundred rows. It can stop after each chunk."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any

from userprofiles.backfill.calls import Calls
from userprofiles.backfill.errors import BackfillError
from userprofiles.backfill.job import Job
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.outcome import Outcome, ProfileResult, UserResult
from userprofiles.backfill.plan import RUN_ID, ProfileBuilder, Row, UserRow, read_user_rows, too_large
from userprofiles.backfill.profile_reader import ProfileReader
from userprofiles.backfill.profile_writer import CREATED, EXISTED, ProfileWriter
from userprofiles.backfill.segment_state import Chunk, SegmentState
from userprofiles.backfill.skip_rule import ERASED
from userprofiles.backfill.source import Key, Page, both_shapes_error, read_pages
from userprofiles.backfill.table_shape import TableShape, get_string, is_erased, row_shape, user_partition_key
from userprofiles.table import record


class SegmentWorker:
    """Processes segments, one at a time.

    Args:
        job: The task, with the table's shape.
        builder: Builds the profiles.
        calls: Calls on the table, not shared with another thread.
        reader: Reads profiles with the same calls.
        writer: Inserts profiles with the same calls.
        limits: The sizes of a page and of a chunk.
        now: Returns the time for createdAt.
    """

    def __init__(
        self,
        job: Job,
        builder: ProfileBuilder,
        calls: Calls,
        reader: ProfileReader,
        writer: ProfileWriter,
        *,
        limits: Limits,
        now: Callable[[], datetime],
    ) -> None:
        self._job = job
        self._shape = job.shape
        self._builder = builder
        self._calls = calls
        self._reader = reader
        self._writer = writer
        self._limits = limits
        self._now = now

    def process(self, state: SegmentState) -> Iterator[Chunk]:
        """Process a segment from the cursor of its state, and yield each chunk.

        An error during the inserts does not lose their results: the last chunk has them, and the error.

        Raises:
            BackfillError: An error of `Calls` or `read_pages` before the inserts of a chunk.
            RefusedError: A row has the other shape.
        """
        segments, page_rows = self._job.segments, self._limits.page_rows
        for page in read_pages(self._calls, state.segment, segments, state.cursor, page_rows):
            page_profiles = _PageProfiles(page, self._shape)
            for rows, cursor in _split_page(page, self._limits.chunk_rows):
                yield self._process_rows(rows, cursor, page_profiles, state.counted_keys)

    def _process_rows(
        self,
        rows: Sequence[Row],
        cursor: Key | None,
        page_profiles: "_PageProfiles",
        counted_keys: AbstractSet[str],
    ) -> Chunk:
        if not self._job.is_shape_explicit and any(row_shape(row) not in (None, self._shape) for row in rows):
            raise both_shapes_error(self._job.table)
        users = [
            user
            for user in read_user_rows(rows, self._shape, self._job.rule)
            if user.profile_key not in counted_keys
        ]
        existing = self._read_existing(
            [user.profile_key for user in users if user.profile_key], page_profiles
        )
        inserts: dict[str, ProfileResult] = {}
        try:
            self._insert_missing(users, existing, inserts)
        except BackfillError as error:
            keys = frozenset(inserts)
            inserted_users = [user for user in users if user.profile_key in keys]
            results = [self._user_result(user, existing, inserts) for user in inserted_users]
            return Chunk(results, error=error, counted_keys=keys)
        results = [self._user_result(user, existing, inserts) for user in users]
        return Chunk(results, rows=len(rows), cursor=cursor)

    def _read_existing(self, keys: Sequence[str], page_profiles: "_PageProfiles") -> Mapping[str, Row]:
        """Return the existing profiles by PK.

        In the stack shape, the page itself has them, because a profile follows its account. Only the profile
        of the page's last account may be on the next page.
        """
        if self._shape is TableShape.PLAIN:
            return self._reader.read_profiles(keys, ("PK", "entityType"))
        profiles = page_profiles.profiles
        missing = [key for key in keys if key == page_profiles.last_key and key not in profiles]
        return {**profiles, **self._reader.read_profiles(missing, ("PK", "entityType", RUN_ID))}

    def _insert_missing(
        self, users: Sequence[UserRow], existing: Mapping[str, Row], results: dict[str, ProfileResult]
    ) -> None:
        """Insert the missing profiles, or none in a dry run.

        Args:
            users: The users of a chunk.
            existing: Their existing profiles by PK.
            results: Gets the result of each missing profile by PK. It is right after an error, too.
        """
        created_at = record.timestamp(self._now())
        items: dict[str, Mapping[str, Any]] = {}
        for user in users:
            key = user.profile_key
            if not key or key in existing or key in items or key in results:
                continue
            item = self._builder.build_item(user, created_at)
            reason = too_large(item)
            if reason:
                results[key] = ProfileResult(Outcome.FAILED, reason)
            else:
                items[key] = item
        if self._job.dry_run:
            results |= dict.fromkeys(items, CREATED)
        else:
            self._writer.insert(list(items.values()), results)

    def _user_result(
        self, user: UserRow, existing: Mapping[str, Row], inserts: dict[str, ProfileResult]
    ) -> UserResult:
        def build(outcome: Outcome, reason: str = "") -> UserResult:
            return UserResult(user.user_id, outcome, reason, user.email, user.key)

        if user.failure_reason is not None:
            return build(Outcome.FAILED, user.failure_reason)
        if user.skip_reason is not None:
            return build(Outcome.SKIPPED, user.skip_reason)
        if user.profile_key in existing:
            result = self._existing_result(existing[user.profile_key])
        else:
            result = inserts[user.profile_key]
            if result.outcome is Outcome.CREATED:
                inserts[user.profile_key] = EXISTED  # for a second row of the same user
        return build(result.outcome, result.reason)

    def _existing_result(self, profile: Row) -> ProfileResult:
        if is_erased(profile):
            return ProfileResult(Outcome.SKIPPED, ERASED)
        # This run created it before it was stopped or killed, and has not counted it yet.
        is_ours = get_string(profile, RUN_ID) == self._job.run_id and not self._job.dry_run
        return CREATED if is_ours else EXISTED


class _PageProfiles:
    """The profiles on a page. In the plain shape, it is empty.

    Attributes:
        profiles: The profiles by PK.
        last_key: The PK of the last row. Its partition may continue on the next page. None on the last page.
    """

    def __init__(self, page: Page, shape: TableShape) -> None:
        self.profiles: dict[str, Row] = {}
        self.last_key: str | None = None
        if shape is TableShape.STACK:
            profile_rows = [row for row in page.rows if get_string(row, "SK") == record.SORT_KEYS["profile"]]
            self.profiles = {key: row for row in profile_rows if (key := user_partition_key(row)) is not None}
            if page.next_key and page.rows:
                self.last_key = get_string(page.rows[-1], "PK")


def _split_page(page: Page, chunk_rows: int) -> Iterator[tuple[list[Row], Key | None]]:
    """Yield the chunks of a page, each with the key after which the next chunk begins."""
    for start in range(0, len(page.rows), chunk_rows):
        rows = page.rows[start : start + chunk_rows]
        if start + chunk_rows >= len(page.rows):
            yield rows, page.next_key
        else:
            yield rows, {name: dict(rows[-1][name]) for name in ("PK", "SK")}
    if not page.rows:
        yield [], page.next_key
