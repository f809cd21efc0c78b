"""Removes what a run created and what nobody has changed since."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import islice
from typing import Protocol

from userprofiles.backfill.errors import BackfillError, ConditionFailedError
from userprofiles.backfill.job import Job
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.outcome import Outcome, UserResult
from userprofiles.backfill.review.item_comparison import ItemComparison, is_account_changed
from userprofiles.backfill.review.item_reader import ItemReader, Items
from userprofiles.backfill.review.review import Review
from userprofiles.backfill.review.run_history import RunHistory, parse_time
from userprofiles.backfill.review.verify import Expectation
from userprofiles.backfill.segment import split_page
from userprofiles.backfill.segment_state import Chunk, SegmentState
from userprofiles.backfill.sources.source import Page, Source
from userprofiles.backfill.tables.calls import Calls
from userprofiles.backfill.tables.table_shape import TableShape, get_string, user_partition_key
from userprofiles.backfill.targets.item_remover import ItemRemover
from userprofiles.backfill.users.skip_rule import SkipRule
from userprofiles.backfill.users.user_row import RUN_ID, Row, UserRow, read_user_row
from userprofiles.table import record

CHANGED = "changed since the run"
CHANGED_NOW = "changed during the rollback"
NO_ACCOUNT = "its account does not exist any more"
NO_ROW = "its user row does not exist any more"
OTHER_TIME = "its time of creation is not that of the run"
OTHER_ITEMS = "the user has other items"

_BATCH = 100

NO_RULE = SkipRule((), ())
"""Skips nobody: also a user who is inactive now loses the profile that the run created."""


class Candidates(Protocol):
    """Finds the users of some rows whose items the run may have created."""

    def find(self, rows: Sequence[Row]) -> Mapping[str, Sequence[UserRow]]:
        """Return the rows of users by PK; no rows if the row is the account, which is read later."""


class MarkedItems:
    """Finds the users whose items have the ID of the run.

    Args:
        run_id: The ID of the run.
    """

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id

    def find(self, rows: Sequence[Row]) -> Mapping[str, Sequence[UserRow]]:
        """Return the users by PK, without rows."""
        keys = (user_partition_key(row) for row in rows if get_string(row, RUN_ID) == self._run_id)
        return {key: () for key in keys if key is not None}


class ListedProfiles:
    """Finds the users whose profiles are in the ledger's list of keys.

    Args:
        source: Reads the users.
        history: The run.
    """

    def __init__(self, source: Source, history: RunHistory) -> None:
        self._source = source
        self._history = history

    def find(self, rows: Sequence[Row]) -> Mapping[str, Sequence[UserRow]]:
        """Return the rows of users by PK."""
        users: dict[str, list[UserRow]] = {}
        for user in self._source.read_users(rows):
            key = record.partition_key(user.user_id)  # a row that can't be used any more has no profile_key
            if self._history.may_have_created(key):
                users.setdefault(key, []).append(user)
        return users


class Rollback:
    """Removes the items of the users of segments, one segment at a time.

    Args:
        source: Reads the table that the run wrote to.
        candidates: Finds the users.
        expectation: Builds their items again; None if the table has no user rows to build them from.
        comparison: Compares items.
        reader: Reads the stored items.
        remover: Deletes them; None in a dry run.
        calls: The calls of this thread.
        review: Shared by all threads.
        history: The run that is undone.
        limits: The size of a chunk.
    """

    def __init__(
        self,
        source: Source,
        candidates: Candidates,
        *,
        expectation: Expectation | None,
        comparison: ItemComparison,
        reader: ItemReader,
        remover: ItemRemover | None,
        calls: Calls,
        review: Review,
        history: RunHistory,
        limits: Limits,
    ) -> None:
        self._source = source
        self._candidates = candidates
        self._expectation = expectation
        self._comparison = comparison
        self._reader = reader
        self._remover = remover
        self._calls = calls
        self._review = review
        self._history = history
        self._limits = limits
        # The account is needed to see whether it was changed, and to build the profile of the stack shape.
        has_accounts = history.job.creates_accounts or history.job.shape is TableShape.STACK
        self._kinds = tuple(record.SORT_KEYS) if has_accounts else ("profile",)

    def process(self, state: SegmentState) -> Iterator[Chunk]:
        """Undo a segment from the cursor of its state, and yield each chunk.

        An error does not lose the results of the deletes: the last chunk has them, and the error.

        Raises:
            BackfillError: The table can't be read.
        """
        pages = self._source.read_pages(self._calls, state.segment, state.cursor)
        for page, next_rows in _with_next_rows(pages):
            # The items of the page's last user may continue on the next page.
            other_keys = _keys_with_other_items([*page.rows, *next_rows])
            for rows, cursor in split_page(page, self._limits.chunk_rows):
                results: list[UserResult] = []
                try:
                    self._undo_rows(rows, other_keys, results)
                except BackfillError as error:
                    yield Chunk(results, error=error)
                    return
                yield Chunk(results, rows=len(rows), cursor=cursor)

    def _undo_rows(
        self, rows: Sequence[Row], other_keys: AbstractSet[str], results: list[UserResult]
    ) -> None:
        users = self._candidates.find(rows)
        # A user whose row is the account was decided with the first of the two items.
        users = {
            key: user_rows
            for key, user_rows in users.items()
            if user_rows or not self._review.is_counted(key)
        }
        items = self._reader.read_items(users, self._kinds)
        for key, user_rows in users.items():
            own_items = [item for item in items.get(key, {}).values() if self._history.has_created(item)]
            if not own_items:
                continue
            has_own_account = items[key].get("account") in own_items
            reason = OTHER_ITEMS if key in other_keys and has_own_account else ""
            reason = reason or self._reason_to_keep(user_rows, items[key], own_items)
            result = self._remove(key, own_items, reason)
            if self._review.count(key, is_settled=result.outcome is not Outcome.KEPT):
                results.append(result)

    def _reason_to_keep(self, users: Sequence[UserRow], items: Items, own_items: Sequence[Row]) -> str:
        """Return why items are kept; empty if nobody has changed them since the run."""
        account, profile = items.get("account"), items.get("profile")
        if account in own_items and account is not None and is_account_changed(account):
            return CHANGED
        if profile is None or profile not in own_items:
            return ""
        return self._time_reason(profile) or self._content_reason(users, account, profile)

    def _time_reason(self, profile: Row) -> str:
        """Return why the times of a profile speak against removing it; empty if they don't."""
        if self._comparison.is_changed(profile):
            return CHANGED
        created_at = self._comparison.creation_time(profile)
        moment = parse_time(created_at)
        is_other = moment is None or self._history.is_before(moment) or self._history.is_after(moment)
        return OTHER_TIME if created_at and is_other else ""

    def _content_reason(self, users: Sequence[UserRow], account: Row | None, profile: Row) -> str:
        """Return in what a profile differs from what the run created; empty if it does not."""
        if self._expectation is None:
            return ""
        if not users:
            if account is None:
                return NO_ACCOUNT
            users = [read_user_row(account, TableShape.STACK, NO_RULE)]
        differences = [self._differing_names(profile, user) for user in users]
        if not all(differences):
            return ""
        return f"differs from what the run created: {', '.join(differences[0])}"

    def _differing_names(self, profile: Row, user: UserRow) -> list[str]:
        """Return the attributes in which a profile differs from what the run creates for a row of a user."""
        if self._expectation is None:
            return []
        if user.failure_reason is not None:
            return [user.failure_reason]
        created_at = self._comparison.creation_time(profile)
        expected = self._expectation.build_items(user, created_at, None)
        return self._comparison.differing_names(profile, expected["profile"])

    def _remove(self, key: str, items: Sequence[Row], reason: str) -> UserResult:
        """Remove items of a user unless there is a reason to keep them."""
        if reason:
            return _result(key, Outcome.KEPT, reason)
        if self._remover is None:
            return _result(key, Outcome.REMOVED)
        try:
            self._remover.remove(items)
        except ConditionFailedError as error:
            stored = self._reader.read_items([key], self._kinds, consistent=True).get(key, {})
            if any(map(self._history.has_created, stored.values())):
                return _result(key, Outcome.KEPT, CHANGED_NOW)
            # Either our delete, whose response was lost, or another process.
            return _result(key, Outcome.REMOVED if error.repeated else Outcome.GONE)
        return _result(key, Outcome.REMOVED)


def find_profiles_without_row(
    reader: ItemReader, review: Review, keys: Iterable[str]
) -> Iterator[UserResult]:
    """Yield the profiles of a run whose user row does not exist any more. They are kept.

    Args:
        reader: Reads the stored items.
        review: Has the users of all segments.
        keys: The PKs of the profiles that the run created, from the ledger.

    Raises:
        BackfillError: The table can't be read.
    """
    uncounted = (key for key in keys if not review.is_counted(key))
    while batch := list(islice(uncounted, _BATCH)):
        for key in reader.read_items(batch, ("profile",), consistent=True):
            if review.count(key, is_settled=False):
                yield _result(key, Outcome.KEPT, NO_ROW)


def create_candidates(job: Job, source: Source, history: RunHistory) -> Candidates:
    """Return what finds the users of a rollback."""
    if history.job.creates_accounts or job.shape is TableShape.STACK:
        return MarkedItems(history.job.run_id)
    return ListedProfiles(source, history)


def _with_next_rows(pages: Iterable[Page]) -> Iterator[tuple[Page, Sequence[Row]]]:
    """Yield each page with the rows of the next one."""
    previous: Page | None = None
    for page in pages:
        if previous is not None:
            yield previous, page.rows
        previous = page
    if previous is not None:
        yield previous, ()


def _keys_with_other_items(rows: Sequence[Row]) -> set[str]:
    """Return the PKs of users who have items beside account and profile."""
    own = set(record.SORT_KEYS.values())
    return {key for row in rows if get_string(row, "SK") not in own and (key := user_partition_key(row))}


def _result(key: str, outcome: Outcome, reason: str = "") -> UserResult:
    return UserResult(key.removeprefix(record.USER_PREFIX), outcome, reason, key={"PK": key})
