"""The stage that computes the counters of users from what exists. It follows content and links."""

from collections.abc import Mapping, Sequence

from userprofiles.legacy.graph.listed_links import read_links
from userprofiles.legacy.graph.user_counters import UserCounters, count_items
from userprofiles.legacy.job.stage import Conflict, Outcome, RecordKind, RecordResult, StageEstimate
from userprofiles.legacy.mapping.records import LegacyUser
from userprofiles.legacy.stage_tools import UNKNOWN_KEY, StageTools, ledger_key, parse_item_key
from userprofiles.social.counters import NAMES, SORT_KEY, counters_key, read_counter
from userprofiles.social.links import FRIEND, link_prefix
from userprofiles.table.record import USER_PREFIX, Item

NOT_IMPORTED = "the user is not imported"
NOTHING = "the user has no links and no content"
WRONG_COUNTERS = "the counters differ from the links and content"
COMPUTED_AGAIN = "the user stays, so the counters were computed again"
ONE_SIDED = "friendships that one user lists"


class CountersStage:
    """Computes counters, and lists the friendships that only one of two users lists.

    Each result has the key of the counters, also of those that another run created: a rollback computes them
    again without the links and content of this run.

    Args:
        tools: The table, the users and the run.
        users_list_friends: Whether friends are lists of users. Of links in documents of their own, a user
            does not show which of them exist in both directions.
    """

    name = "counters"
    reads = RecordKind.USERS

    def __init__(self, tools: StageTools, *, users_list_friends: bool = True) -> None:
        self._tools = tools
        self._users_list_friends = users_list_friends
        self._counters = UserCounters(tools)

    def preview(self, records: Sequence[LegacyUser]) -> list[RecordResult]:
        """Return what `process` will do if all users are imported. It calls no service."""
        return [RecordResult(record_id=user.old_id, outcome=Outcome.CREATED) for user in records]

    def conflicts(self) -> Sequence[Conflict]:
        """Return nothing: counters need no decisions."""
        return ()

    def estimate(self, records: Sequence[LegacyUser]) -> StageEstimate:
        """Return what records need in AWS, without the reads of the users' partitions."""
        units = float(len(records))
        return StageEstimate(write_units=units, rollback_write_units=units, read_units=2 * units)

    def process(self, records: Sequence[LegacyUser]) -> list[RecordResult]:
        """Compute the counters of users."""
        subs = self._find(records)
        return [self._process(user, subs) for user in records]

    def update(self, records: Sequence[LegacyUser]) -> list[RecordResult]:
        """Compute the counters again: links and content of others can be new."""
        return self.process(records)

    def verify(self, records: Sequence[LegacyUser]) -> list[RecordResult]:
        """Compare the counters of users with what exists."""
        subs = self._find(records)
        return [self._verify(user, subs.get(user.old_id)) for user in records]

    def undo(self, keys: Sequence[str]) -> list[RecordResult]:
        """Compute the counters of users again. It comes after links and content are removed."""
        return [self._undo(key) for key in keys]

    def _find(self, records: Sequence[LegacyUser]) -> Mapping[str, str]:
        old_ids = {user.old_id for user in records}
        old_ids |= {old_id for user in records for _, old_id in read_links(user)}
        return self._tools.users.find(old_ids)

    def _process(self, user: LegacyUser, subs: Mapping[str, str]) -> RecordResult:
        sub = subs.get(user.old_id)
        if sub is None:
            return RecordResult(record_id=user.old_id, outcome=Outcome.SKIPPED, reason=NOT_IMPORTED)
        previous, items = self._counters.write(sub, count_items)
        one_sided = self._one_sided(user, subs, items) if self._users_list_friends else []
        if previous is None and not any(count_items(items).values()):
            return RecordResult(record_id=user.old_id, outcome=Outcome.SKIPPED, reason=NOTHING)
        is_created = previous is None or self._tools.is_own(previous)
        key = counters_key(sub)
        return RecordResult(
            record_id=user.old_id,
            outcome=Outcome.CREATED if is_created else Outcome.EXISTED,
            keys=(ledger_key((key["PK"], key["SK"])),),
            counts={ONE_SIDED: len(one_sided)} if one_sided else {},
            findings=tuple(
                f"user {user.old_id}: does not list the friend {other}, who lists this user"
                for other in one_sided
            ),
            write_units=1.0,
        )

    def _one_sided(self, user: LegacyUser, subs: Mapping[str, str], items: Sequence[Item]) -> list[str]:
        """Return the friends of a user whom the user does not list."""
        listed = {subs.get(old_id) for old_id in user.friends}
        prefix = link_prefix(FRIEND)
        friends = [item["SK"].removeprefix(prefix) for item in items if item["SK"].startswith(prefix)]
        return [other for other in friends if other not in listed]

    def _verify(self, user: LegacyUser, sub: str | None) -> RecordResult:
        if sub is None:
            return RecordResult(record_id=user.old_id, outcome=Outcome.SKIPPED, reason=NOT_IMPORTED)
        stored = self._counters.read(sub)
        expected = count_items(self._counters.read_items(sub))
        is_right = all(read_counter(stored, name) == expected[name] for name in NAMES)
        key = counters_key(sub)
        return RecordResult(
            record_id=user.old_id,
            outcome=Outcome.EXISTED if is_right else Outcome.FAILED,
            reason="" if is_right else WRONG_COUNTERS,
            keys=(ledger_key((key["PK"], key["SK"])),) if stored else (),
        )

    def _undo(self, key: str) -> RecordResult:
        item_key = parse_item_key(key)
        if item_key is None or item_key[1] != SORT_KEY:
            return RecordResult(record_id=key, outcome=Outcome.FAILED, reason=UNKNOWN_KEY)
        sub = item_key[0].removeprefix(USER_PREFIX)
        created_here = self._tools.is_own(self._counters.read(sub))

        def count(items: list[Item]) -> Mapping[str, int] | None:
            numbers = count_items(items)
            return None if created_here and not any(numbers.values()) else numbers

        previous, items = self._counters.write(sub, count)
        is_gone = previous is None or count(items) is None
        if is_gone:
            return RecordResult(record_id=key, outcome=Outcome.REMOVED, write_units=1.0)
        return RecordResult(record_id=key, outcome=Outcome.UPDATED, reason=COMPUTED_AGAIN, write_units=1.0)
