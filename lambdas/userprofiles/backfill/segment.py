"""Works through one segment of a table, so that it can stop after every few hundred rows and resume there."""

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from userprofiles.backfill.calls import Calls
from userprofiles.backfill.job import Job
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.outcome import Outcome, ProfileResult, UserResult
from userprofiles.backfill.plan import RUN_ID, ProfileMaker, Row, User, read_page, too_large
from userprofiles.backfill.profile_reader import ProfileReader
from userprofiles.backfill.profile_writer import CREATED, EXISTED, ProfileWriter
from userprofiles.backfill.skip_rule import ERASED
from userprofiles.backfill.source import Key, Page, both_shapes, pages
from userprofiles.backfill.table_shape import Shape, evidence, is_erased, text, user_partition
from userprofiles.backfill.tally import Meter, Tally
from userprofiles.table import record


@dataclass(frozen=True)
class Chunk:
    """The work between two safe places to stop.

    Attributes:
        results: What happened to the chunk's users.
        cursor: Key of the row after which the next chunk begins; None at the segment's end.
    """

    results: list[UserResult]
    cursor: Key | None


@dataclass
class SegmentState:
    """How far a segment has come; this is what a checkpoint keeps.

    Attributes:
        segment: The segment's number.
        cursor: Key of the last row that is counted in `tally`; None at the beginning.
        done: Whether the segment is finished.
        tally: What happened to its users so far.
        meter: What that cost.
    """

    segment: int
    cursor: Key | None = None
    done: bool = False
    tally: Tally = field(default_factory=Tally)
    meter: Meter = field(default_factory=Meter)

    def advance(self, chunk: Chunk, cost: Meter) -> None:
        """Count a chunk that was carried out, and move the cursor behind it."""
        for result in chunk.results:
            self.tally.count(result)
        self.meter.add(cost)
        self.cursor = chunk.cursor
        self.done = chunk.cursor is None

    def to_json(self) -> dict[str, Any]:
        """Return the state for a checkpoint."""
        return {
            "segment": self.segment,
            "cursor": _coded(self.cursor, lambda value: base64.b64encode(value).decode()),
            "done": self.done,
            **self.tally.to_json(),
            **self.meter.to_json(),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "SegmentState":
        """Read what `to_json` wrote."""
        return cls(
            segment=int(document["segment"]),
            cursor=_coded(document["cursor"], base64.b64decode),
            done=bool(document["done"]),
            tally=Tally.from_json(document),
            meter=Meter.from_json(document),
        )


def _coded(key: Key | None, code: Callable[[Any], Any]) -> Key | None:
    """Return a key with its binary values coded for JSON, or decoded."""
    if key is None:
        return None
    return {
        name: {kind: code(part) if kind == "B" else part for kind, part in value.items()}
        for name, value in key.items()
    }


class SegmentWorker:
    """Works through segments, one at a time.

    Args:
        job: The task; its shape is decided by now.
        maker: Makes the profiles.
        calls: Calls on the table, not shared with another thread.
        reader: Reads profiles, by the same calls.
        writer: Inserts profiles, by the same calls.
        limits: The sizes of a page and of a chunk.
        now: Returns the time for createdAt.
    """

    def __init__(
        self,
        job: Job,
        maker: ProfileMaker,
        calls: Calls,
        reader: ProfileReader,
        writer: ProfileWriter,
        *,
        limits: Limits,
        now: Callable[[], str],
    ) -> None:
        self._job = job
        self._shape = job.shape or Shape.PLAIN
        self._maker = maker
        self._calls = calls
        self._reader = reader
        self._writer = writer
        self._limits = limits
        self._now = now

    def chunks(self, state: SegmentState) -> Iterator[Chunk]:
        """Carry out a segment from its state's cursor on, and yield each chunk when it is done.

        A chunk that a stop or an error interrupts is not yielded. After a resume it is carried out again, and
        finds the profiles that it created.

        Raises:
            BackfillError: The errors of `Calls` and `pages`, and RefusedError for a row of the other shape.
        """
        segments, page_rows = self._job.segments, self._limits.page_rows
        for page in pages(self._calls, state.segment, segments, state.cursor, page_rows):
            context = _Context(page, self._shape)
            for rows, cursor in _cut(page, self._limits.chunk_rows):
                yield Chunk(self._work_on(rows, context), cursor)

    def _work_on(self, rows: Sequence[Row], context: "_Context") -> list[UserResult]:
        if not self._job.shape_given and any(evidence(row) not in (None, self._shape) for row in rows):
            raise both_shapes(self._job.table)
        users = read_page(rows, self._shape, self._job.rule)
        existing = self._existing([user.key for user in users if user.key], context)
        inserts = self._create(users, existing)
        return [self._result(user, existing, inserts) for user in users]

    def _existing(self, keys: Sequence[str], context: "_Context") -> Mapping[str, Row]:
        """Return the profiles that exist.

        In the stack's shape the page itself has them, since a profile follows its account. Only that of the
        page's last account may be on the next page.
        """
        if self._shape is Shape.PLAIN:
            return self._reader.existing(keys, ("PK", "entityType"))
        cut = [key for key in keys if key == context.cut and key not in context.profiles]
        return {**context.profiles, **self._reader.existing(cut, ("PK", "entityType", RUN_ID))}

    def _create(self, users: Sequence[User], existing: Mapping[str, Row]) -> dict[str, ProfileResult]:
        """Insert the missing profiles (none in a dry run); return by key what happened to each."""
        now = self._now()
        results: dict[str, ProfileResult] = {}
        items: dict[str, Mapping[str, Any]] = {}
        for user in users:
            if not user.key or user.key in existing or user.key in items or user.key in results:
                continue
            item = self._maker.item(user, now)
            reason = too_large(item)
            if reason:
                results[user.key] = ProfileResult(Outcome.FAILED, reason)
            else:
                items[user.key] = item
        if self._job.dry_run:
            return results | dict.fromkeys(items, CREATED)
        return results | dict(zip(items, self._writer.insert(list(items.values())), strict=True))

    def _result(
        self, user: User, existing: Mapping[str, Row], inserts: dict[str, ProfileResult]
    ) -> UserResult:
        if user.failed is not None:
            return UserResult(user.user_id, Outcome.FAILED, user.failed)
        if user.skipped is not None:
            return UserResult(user.user_id, Outcome.SKIPPED, user.skipped)
        if user.key in existing:
            result = self._result_of_existing(existing[user.key])
        else:
            result = inserts[user.key]
            if result.outcome is Outcome.CREATED:
                inserts[user.key] = EXISTED  # a second row of the same user finds the profile of the first
        return UserResult(user.user_id, result.outcome, result.reason, user.email)

    def _result_of_existing(self, profile: Row) -> ProfileResult:
        if is_erased(profile):
            return ProfileResult(Outcome.SKIPPED, ERASED)
        # Created by this very run before it was stopped or killed, and not counted yet.
        is_ours = text(profile, RUN_ID) == self._job.run_id and not self._job.dry_run
        return CREATED if is_ours else EXISTED


class _Context:
    """What a whole page says about its rows.

    Attributes:
        profiles: The page's profiles, by PK. Only in the stack's shape.
        cut: PK of the page's last row, whose neighbours may be on the next page. Only in the stack's shape.
    """

    def __init__(self, page: Page, shape: Shape) -> None:
        self.profiles: dict[str, Row] = {}
        self.cut: str | None = None
        if shape is Shape.STACK:
            profile_rows = [row for row in page.rows if text(row, "SK") == record.SORT_KEYS["profile"]]
            self.profiles = {key: row for row in profile_rows if (key := user_partition(row)) is not None}
            if page.next_key and page.rows:
                self.cut = text(page.rows[-1], "PK")


def _cut(page: Page, chunk_rows: int) -> Iterator[tuple[list[Row], Key | None]]:
    """Yield the chunks of a page, each with the key of the row after which the next chunk begins."""
    for start in range(0, len(page.rows), chunk_rows):
        rows = page.rows[start : start + chunk_rows]
        if start + chunk_rows >= len(page.rows):
            yield rows, page.next_key
        else:
            yield rows, {name: dict(rows[-1][name]) for name in ("PK", "SK")}
    if not page.rows:
        yield [], page.next_key
