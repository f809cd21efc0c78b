"""Processes one segment of a table in chunks of a few hundred rows. It can stop after each chunk."""

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from userprofiles.backfill.calls import Calls
from userprofiles.backfill.job import Job
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.outcome import Outcome, ProfileResult, UserResult
from userprofiles.backfill.plan import RUN_ID, ProfileBuilder, Row, UserRow, read_user_rows, too_large
from userprofiles.backfill.profile_reader import ProfileReader
from userprofiles.backfill.profile_writer import CREATED, EXISTED, ProfileWriter
from userprofiles.backfill.skip_rule import ERASED
from userprofiles.backfill.source import Key, Page, both_shapes_error, read_pages
from userprofiles.backfill.table_shape import TableShape, get_string, is_erased, row_shape, user_partition_key
from userprofiles.backfill.tally import Meter, Tally
from userprofiles.table import record


@dataclass(frozen=True)
class Chunk:
    """The work between two safe places to stop.

    Attributes:
        results: The results for the chunk's users.
        cursor: The key after which the next chunk begins; None at the end of the segment.
    """

    results: list[UserResult]
    cursor: Key | None


@dataclass
class SegmentState:
    """The progress of a segment, as a checkpoint stores it.

    Attributes:
        segment: The number of the segment.
        cursor: The key of the last row that `tally` includes; None at the beginning.
        done: Whether the segment is finished.
        tally: The users so far, by outcome.
        meter: The calls so far, and their cost.
    """

    segment: int
    cursor: Key | None = None
    done: bool = False
    tally: Tally = field(default_factory=Tally)
    meter: Meter = field(default_factory=Meter)

    def advance(self, chunk: Chunk, cost: Meter) -> None:
        """Count a completed chunk, and move the cursor to its end."""
        for result in chunk.results:
            self.tally.count(result)
        self.meter.add(cost)
        self.cursor = chunk.cursor
        self.done = chunk.cursor is None

    def to_json(self) -> dict[str, Any]:
        """Return the state for a checkpoint."""
        return {
            "segment": self.segment,
            "cursor": _convert_binary(self.cursor, lambda value: base64.b64encode(value).decode()),
            "done": self.done,
            **self.tally.to_json(),
            **self.meter.to_json(),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "SegmentState":
        """Read the document that `to_json` returns."""
        return cls(
            segment=int(document["segment"]),
            cursor=_convert_binary(document["cursor"], base64.b64decode),
            done=bool(document["done"]),
            tally=Tally.from_json(document),
            meter=Meter.from_json(document),
        )


def _convert_binary(key: Key | None, convert: Callable[[Any], Any]) -> Key | None:
    """Return a key with its binary values encoded for JSON, or decoded from it."""
    if key is None:
        return None
    return {
        name: {code: convert(value) if code == "B" else value for code, value in attribute.items()}
        for name, attribute in key.items()
    }


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
        """Process a segment from the cursor of its state, and yield each completed chunk.

        A chunk that a stop or an error interrupts is not yielded. A resumed run processes it again, and then
        the profiles that it created exist.

        Raises:
            BackfillError: An error of `Calls` or `read_pages`.
            RefusedError: A row has the other shape.
        """
        segments, page_rows = self._job.segments, self._limits.page_rows
        for page in read_pages(self._calls, state.segment, segments, state.cursor, page_rows):
            page_profiles = _PageProfiles(page, self._shape)
            for rows, cursor in _split_page(page, self._limits.chunk_rows):
                yield Chunk(self._process_rows(rows, page_profiles), cursor)

    def _process_rows(self, rows: Sequence[Row], page_profiles: "_PageProfiles") -> list[UserResult]:
        if not self._job.is_shape_explicit and any(row_shape(row) not in (None, self._shape) for row in rows):
            raise both_shapes_error(self._job.table)
        users = read_user_rows(rows, self._shape, self._job.rule)
        existing = self._read_existing(
            [user.profile_key for user in users if user.profile_key], page_profiles
        )
        inserts = self._insert_missing(users, existing)
        return [self._user_result(user, existing, inserts) for user in users]

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
        self, users: Sequence[UserRow], existing: Mapping[str, Row]
    ) -> dict[str, ProfileResult]:
        """Insert the missing profiles, or none in a dry run. Return the results by PK."""
        created_at = record.timestamp(self._now())
        results: dict[str, ProfileResult] = {}
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
            return results | dict.fromkeys(items, CREATED)
        return results | dict(zip(items, self._writer.insert(list(items.values())), strict=True))

    def _user_result(
        self, user: UserRow, existing: Mapping[str, Row], inserts: dict[str, ProfileResult]
    ) -> UserResult:
        if user.failure_reason is not None:
            return UserResult(user.user_id, Outcome.FAILED, user.failure_reason)
        if user.skip_reason is not None:
            return UserResult(user.user_id, Outcome.SKIPPED, user.skip_reason)
        if user.profile_key in existing:
            result = self._existing_result(existing[user.profile_key])
        else:
            result = inserts[user.profile_key]
            if result.outcome is Outcome.CREATED:
                inserts[user.profile_key] = EXISTED  # for a second row of the same user
        return UserResult(user.user_id, result.outcome, result.reason, user.email)

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
