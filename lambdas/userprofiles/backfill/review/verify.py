"""Compares the profiles of a run with the users of its source. It writes nothing."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from userprofiles.backfill.limits import Limits
from userprofiles.backfill.outcome import Outcome, UserResult
from userprofiles.backfill.review.item_comparison import ItemComparison, is_account_changed
from userprofiles.backfill.review.item_reader import ItemReader, Items
from userprofiles.backfill.review.review import Review
from userprofiles.backfill.review.run_history import parse_time
from userprofiles.backfill.segment import split_page
from userprofiles.backfill.segment_state import Chunk, SegmentState
from userprofiles.backfill.sources.source import Source
from userprofiles.backfill.tables.calls import Calls
from userprofiles.backfill.tables.table_shape import get_string, is_erased, user_partition_key
from userprofiles.backfill.users.user_row import ROW_DIGEST, RUN_ID, Row, UserRow
from userprofiles.table import record
from userprofiles.template_check import ItemKind

NO_PROFILE = "the user has no profile"
CREATED_AND_GONE = "the run created a profile, and it does not exist any more"
CREATED_AGAIN = "created again since the run"
USER_IS_SKIPPED = "the user is skipped now"

UNSETTLED = (Outcome.DIFFERING,)
"""The outcomes of a row that another row of the same user can settle."""


class Expectation(Protocol):
    """Builds the items of a user again, as a run creates them."""

    @property
    def kinds(self) -> Sequence[ItemKind]:
        """The items that a run creates for a user."""

    def build_items(self, user: UserRow, created_at: str, account: Row | None) -> Mapping[ItemKind, Row]:
        """Return the items that a run creates for a user at a time.

        Args:
            user: The user.
            created_at: The time of creation.
            account: The account of the user that somebody else created, or None.
        """


class Verifier:
    """Verifies the profiles of the users of segments, one segment at a time.

    Args:
        source: Reads the users.
        expectation: Builds their items again.
        comparison: Compares items.
        reader: Reads the stored items.
        calls: The calls of this thread.
        review: Shared by all threads.
        has_profiles: Whether the source is the table itself, so that its rows are also profiles.
        has_run_ids: Whether a backfilled profile has the ID of its run.
        limits: The size of a chunk.
    """

    def __init__(
        self,
        source: Source,
        expectation: Expectation,
        comparison: ItemComparison,
        reader: ItemReader,
        calls: Calls,
        *,
        review: Review,
        has_profiles: bool,
        has_run_ids: bool,
        limits: Limits,
    ) -> None:
        self._source = source
        self._expectation = expectation
        self._comparison = comparison
        self._reader = reader
        self._calls = calls
        self._review = review
        self._has_profiles = has_profiles
        self._has_run_ids = has_run_ids
        self._limits = limits

    def process(self, state: SegmentState) -> Iterator[Chunk]:
        """Verify a segment from the cursor of its state, and yield each chunk.

        Raises:
            BackfillError: The source or the table can't be read.
        """
        for page in self._source.read_pages(self._calls, state.segment, state.cursor):
            for rows, cursor in split_page(page, self._limits.chunk_rows):
                yield Chunk(self._verify_rows(rows), rows=len(rows), cursor=cursor)

    def _verify_rows(self, rows: Sequence[Row]) -> list[UserResult]:
        users = self._source.read_users(rows)
        self._review.add_users(record.partition_key(user.user_id) for user in users)
        if self._has_profiles:
            self._review.add_profiles(_profile_keys(rows))
        users = [user for user in users if self._review.selects(record.partition_key(user.user_id))]
        items = self._read_items(users)
        results = [
            self._verify_user(user, items.get(record.partition_key(user.user_id), {})) for user in users
        ]
        return [self._count(result) for result in results]

    def _read_items(self, users: Sequence[UserRow]) -> Mapping[str, Items]:
        """Read the stored items of users. What seems to be missing is read again, consistently."""
        keys = [record.partition_key(user.user_id) for user in users if user.failure_reason is None]
        kinds = self._expectation.kinds
        items = self._reader.read_items(keys, kinds)
        missing = [key for key in keys if len(items.get(key, {})) < len(kinds)]
        return {**items, **self._reader.read_items(missing, kinds, consistent=True)}

    def _count(self, result: UserResult) -> UserResult:
        if result.outcome in {Outcome.FAILED, Outcome.SKIPPED}:
            return result
        key = record.partition_key(result.user_id)
        if self._review.count(key, is_settled=result.outcome not in UNSETTLED):
            return result
        return _result(UserRow(result.user_id, result.key), Outcome.EXISTED)  # another row of the user

    def _verify_user(self, user: UserRow, items: Items) -> UserResult:
        if user.failure_reason is not None:
            return _result(user, Outcome.FAILED, user.failure_reason)
        if any(map(is_erased, items.values())):
            return _result(user, Outcome.ERASED)
        own_items = {kind: item for kind, item in items.items() if self._is_own(item)}
        if user.skip_reason is not None and not own_items:
            return _result(user, Outcome.SKIPPED, user.skip_reason)
        if own_items and "profile" in items:
            return self._compare(user, items, own_items)
        if "profile" in items:
            return _result(user, Outcome.EXISTED)
        return _result(user, Outcome.MISSING, self._missing_reason(user))

    def _missing_reason(self, user: UserRow) -> str:
        history = self._review.history
        key = record.partition_key(user.user_id)
        return CREATED_AND_GONE if history and history.may_have_created(key) else NO_PROFILE

    def _is_own(self, item: Row) -> bool:
        """Return whether the run, or any backfill of the table itself, created an item."""
        if self._review.history is not None:
            return self._review.history.has_created(item)
        return not self._has_run_ids or (RUN_ID in item and ROW_DIGEST not in item)

    def _compare(self, user: UserRow, items: Items, own_items: Items) -> UserResult:
        if user.skip_reason is not None:
            return _result(user, Outcome.CHANGED, USER_IS_SKIPPED)
        profile = items["profile"]
        created_at = self._comparison.creation_time(profile)
        other_account = None if "account" in own_items else items.get("account")
        expected = dict(self._expectation.build_items(user, created_at, other_account))
        if account := own_items.get("account"):
            account_time = self._account_time(account, created_at)
            expected["account"] = self._expectation.build_items(user, account_time, None)["account"]
        names = [
            name if len(self._expectation.kinds) == 1 else f"{kind}.{name}"
            for kind, item in own_items.items()
            for name in self._comparison.differing_names(item, _with_run(expected.get(kind, {}), item))
        ]
        history, moment = self._review.history, parse_time(created_at)
        if history and moment and history.is_before(moment):
            names = sorted({*names, self._comparison.creation_name(profile)})
            return _result(user, Outcome.DIFFERING, ", ".join(names))
        if history and moment and history.is_after(moment):
            return _result(user, Outcome.CHANGED, CREATED_AGAIN)
        if not names:
            return _result(user, Outcome.MATCHING)
        is_changed = self._comparison.is_changed(profile) or (
            "account" in own_items and is_account_changed(own_items["account"])
        )
        if is_changed:
            return _result(user, Outcome.CHANGED, "changed since the run")
        return _result(user, Outcome.DIFFERING, ", ".join(names))

    def _account_time(self, account: Row, profile_time: str) -> str:
        """Return the time at which the run created an account.

        A session that ended between the two inserts has created it before the profile.
        """
        time, history = self._comparison.creation_time(account), self._review.history
        moment, profile_moment = parse_time(time), parse_time(profile_time)
        if moment is None or profile_moment is None or moment > profile_moment:
            return profile_time
        return profile_time if history and history.is_before(moment) else time


def _profile_keys(rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        key = user_partition_key(row)
        is_profile = get_string(row, "SK") == record.SORT_KEYS["profile"] and not is_erased(row)
        if is_profile and key is not None:
            yield key


def _with_run(expected: Row, stored: Row) -> Row:
    """Return the expected item with the run ID of the stored one: it decided that the item is compared."""
    return {**expected, RUN_ID: stored[RUN_ID]} if RUN_ID in expected and RUN_ID in stored else expected


def _result(user: UserRow, outcome: Outcome, reason: str = "") -> UserResult:
    return UserResult(user.user_id, outcome, reason, key=user.key)
