"""Works through one segment of a table, so that it can stop after every few hundred rows and go on there."""

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from userprofiles.migration.calls import Calls
from userprofiles.migration.job import Job
from userprofiles.migration.plan import RUN_ID, ProfileMaker, Row, User, read_page, too_large
from userprofiles.migration.rule import ERASED
from userprofiles.migration.shape import PROFILE_SK, TOMBSTONE, USER_PREFIX, Shape, evidence, text
from userprofiles.migration.source import Key, Page, both_shapes, pages
from userprofiles.migration.stop import Stop
from userprofiles.migration.tally import Meter, Tally
from userprofiles.migration.target import EXISTED, Made, Target

CHUNK_ROWS = 300
"""Rows between two safe places to stop: three batch reads, twelve batch inserts at most."""

EXISTED_ALREADY = "existed"
CREATED = "created"
SKIPPED = "skipped"
FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one user.

    Attributes:
        user_id: The user's id, or what the row can be named by.
        outcome: ``existed``, ``created``, ``skipped`` or ``failed``.
        reason: Why, for the last two.
        email: For a line on a terminal.
    """

    user_id: str
    outcome: str
    reason: str = ""
    email: str | None = None


@dataclass
class SegmentState:
    """How far a segment has come; this is what a checkpoint keeps.

    Attributes:
        segment: The segment's number.
        cursor: Key of the last row that is counted in `tally`; None at the beginning.
        done: Whether the whole segment is worked through.
        tally: What became of its users so far.
        meter: What that cost.
    """

    segment: int
    cursor: Key | None = None
    done: bool = False
    tally: Tally = field(default_factory=Tally)
    meter: Meter = field(default_factory=Meter)

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


Commit = Callable[[SegmentState, Callable[[], None], Sequence[Result]], None]
"""Called after each chunk with the state, a function that brings it up to date, and the chunk's results."""


class SegmentWorker:
    """Works through segments, one at a time.

    Args:
        job: What to do; its shape is known by now.
        maker: Makes the profiles.
        calls: Calls on the table, not shared with another thread.
        target: The table's profiles, by the same calls.
        stop: Asked between two chunks.
        commit: Takes each chunk's results.
        now: Gives the time for createdAt.
    """

    def __init__(
        self,
        job: Job,
        maker: ProfileMaker,
        calls: Calls,
        target: Target,
        *,
        stop: Stop,
        commit: Commit,
        now: Callable[[], str],
    ) -> None:
        self._job = job
        self._shape = job.shape or Shape.PLAIN
        self._maker = maker
        self._calls = calls
        self._target = target
        self._stop = stop
        self._commit = commit
        self._now = now

    def run(self, state: SegmentState) -> None:
        """Work from the state's cursor to the segment's end, or to a stop.

        A chunk that a stop or an error breaks off is not counted: it is done again after a resume, and what
        it had made is found then.

        Raises:
            BackfillError: As `Calls` and `pages` have it, and RefusedError for a row of the other shape.
        """
        if state.done:
            return
        for page in pages(self._calls, state.segment, self._job.segments, state.cursor):
            context = _Context(page, self._shape)
            for rows, cursor in _chunks(page):
                results = self._chunk(rows, context)
                self._hand_over(state, results, cursor)
                if self._stop.asked:
                    return

    def _hand_over(self, state: SegmentState, results: Sequence[Result], cursor: Key | None) -> None:
        def bring_up_to_date() -> None:
            for result in results:
                _count(state.tally, result)
            state.meter.add(self._calls.take_meter())
            state.cursor = cursor
            state.done = cursor is None

        self._commit(state, bring_up_to_date, results)

    def _chunk(self, rows: Sequence[Row], context: "_Context") -> list[Result]:
        if not self._job.shape_given and any(evidence(row) not in (None, self._shape) for row in rows):
            raise both_shapes(self._job.table)
        users = read_page(rows, self._shape, self._job.rule)
        there = self._existing([user.key for user in users if user.key], context)
        made = self._make(users, there)
        return [self._result(user, there, made) for user in users]

    def _existing(self, keys: Sequence[str], context: "_Context") -> Mapping[str, Row]:
        """Return the profiles that are there.

        In the stack's shape the page itself tells, since a profile stands behind its account: only the page's
        last account may have it on the next page.
        """
        names = ("PK", "entityType", RUN_ID)
        if self._shape is Shape.PLAIN:
            return self._target.existing(keys, names[:2])
        cut = [key for key in keys if key == context.cut and key not in context.profiles]
        return {**context.profiles, **self._target.existing(cut, names)}

    def _make(self, users: Sequence[User], there: Mapping[str, Row]) -> dict[str, Made]:
        """Insert what is missing (or would be, in a dry run); return by key what became of it."""
        now = self._now()
        made: dict[str, Made] = {}
        items: dict[str, Mapping[str, Any]] = {}
        for user in users:
            if not user.key or user.key in there or user.key in items or user.key in made:
                continue
            item = self._maker.item(user, now)
            reason = too_large(item)
            if reason:
                made[user.key] = Made(failed=reason)
            else:
                items[user.key] = item
        if self._job.dry_run:
            return made | dict.fromkeys(items, Made(created=True))
        return made | dict(zip(items, self._target.insert(list(items.values())), strict=True))

    def _result(self, user: User, there: Mapping[str, Row], made: dict[str, Made]) -> Result:
        failed, skipped = user.failed, user.skipped
        created = False
        if user.key in there:
            row = there[user.key]
            skipped = ERASED if text(row, "entityType") == TOMBSTONE else None
            # Made by this very run before it was stopped or killed, and not counted yet.
            created = text(row, RUN_ID) == self._job.run_id and not self._job.dry_run
        elif user.key:
            outcome = made[user.key]
            failed, skipped, created = outcome.failed, outcome.skipped, outcome.created
            if created:
                made[user.key] = EXISTED  # a second row of the same user finds the first one's profile
        if failed is not None:
            return Result(user.user_id, FAILED, failed)
        if skipped is not None:
            return Result(user.user_id, SKIPPED, skipped)
        if created:
            return Result(user.user_id, CREATED, email=user.email)
        return Result(user.user_id, EXISTED_ALREADY)


class _Context:
    """What a page as a whole tells about its rows."""

    def __init__(self, page: Page, shape: Shape) -> None:
        self.profiles: dict[str, Row] = {}
        self.cut: str | None = None
        if shape is Shape.STACK:
            self.profiles = {
                key: row
                for row in page.rows
                if text(row, "SK") == PROFILE_SK and (key := text(row, "PK") or "").startswith(USER_PREFIX)
            }
            if page.next_key and page.rows:
                self.cut = text(page.rows[-1], "PK")


def _chunks(page: Page) -> Iterator[tuple[list[Row], Key | None]]:
    """Cut a page; after a chunk the cursor is its last row's key, after the last the next page's start."""
    for start in range(0, len(page.rows), CHUNK_ROWS):
        rows = page.rows[start : start + CHUNK_ROWS]
        if start + CHUNK_ROWS >= len(page.rows):
            yield rows, page.next_key
        else:
            yield rows, {name: dict(rows[-1][name]) for name in ("PK", "SK")}
    if not page.rows:
        yield [], page.next_key


def _count(tally: Tally, result: Result) -> None:
    match result.outcome:
        case "existed":
            tally.existed += 1
        case "created":
            tally.created += 1
        case "skipped":
            tally.skipped[result.reason] += 1
        case _:
            tally.failed += 1
