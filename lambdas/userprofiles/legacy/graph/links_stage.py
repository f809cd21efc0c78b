"""The stage that imports friends, subscribers and blocks."""

from collections.abc import Mapping, Sequence

from userprofiles.backfill.tables.key_reader import ItemKey
from userprofiles.legacy.graph.listed_links import KINDS, LinkSplit, read_links, split_links
from userprofiles.legacy.job.stage import Conflict, Outcome, RecordKind, RecordResult, StageEstimate
from userprofiles.legacy.mapping.records import LegacyUser
from userprofiles.legacy.stage_tools import UNKNOWN_KEY, StageTools, ledger_key
from userprofiles.legacy.table_inserts import InsertResult
from userprofiles.social.links import link_items
from userprofiles.table import record
from userprofiles.table.record import Item

NO_LINKS = "the user lists nobody"
NOT_IMPORTED = "the user is not imported"
LINK_MISSING = "a link is not in the table"


class LinksStage:
    """Imports links: two items for each, one in the partition of each user.

    A friendship that only one of the users lists becomes a friendship of both. The stage `counters` lists it.

    Args:
        tools: The table, the users and the run.
    """

    name = "links"
    reads = RecordKind.USERS

    def __init__(self, tools: StageTools) -> None:
        self._tools = tools

    def preview(self, records: Sequence[LegacyUser]) -> list[RecordResult]:
        """Return what `process` will do if all users are imported. It calls no service."""
        results = []
        for user in records:
            subs = {old_id: old_id for old_id in (user.old_id, *(other for _, other in read_links(user)))}
            split = split_links(user, subs)
            results.append(_result(user, split, Outcome.CREATED if split.links else Outcome.SKIPPED))
        return results

    def conflicts(self) -> Sequence[Conflict]:
        """Return nothing: links need no decisions."""
        return ()

    def estimate(self, records: Sequence[LegacyUser]) -> StageEstimate:
        """Return what records need in AWS."""
        links = sum(len(set(read_links(user))) for user in records)
        return StageEstimate(
            write_units=2.0 * links, rollback_write_units=2.0 * links, read_units=float(links + len(records))
        )

    def process(self, records: Sequence[LegacyUser]) -> list[RecordResult]:
        """Import the links of users."""
        subs, splits = self._split(records)
        created_at = self._tools.created_at()
        items = [
            self._items(subs, user, split, created_at) for user, split in zip(records, splits, strict=True)
        ]
        inserted = iter(self._tools.inserts.insert([item for of_user in items for item in of_user]))
        return [
            self._imported(user, split, [(item, next(inserted)) for item in of_user], user.old_id in subs)
            for user, split, of_user in zip(records, splits, items, strict=True)
        ]

    def update(self, records: Sequence[LegacyUser]) -> list[RecordResult]:
        """Import new links. A link that the source does not have any more stays."""
        return self.process(records)

    def verify(self, records: Sequence[LegacyUser]) -> list[RecordResult]:
        """Compare the links of users with the items."""
        subs, splits = self._split(records)
        keys = [
            [(item["PK"], item["SK"]) for item in self._items(subs, user, split, "")]
            for user, split in zip(records, splits, strict=True)
        ]
        existing = self._tools.calls.read([key for of_user in keys for key in of_user], (record.RUN_ID,))
        return [
            self._compared(user, split, of_user, existing)
            for user, split, of_user in zip(records, splits, keys, strict=True)
        ]

    def undo(self, keys: Sequence[str]) -> list[RecordResult]:
        """Remove links that this run created."""
        results = self._tools.undo_items(set(keys))
        unknown = RecordResult(record_id="", outcome=Outcome.FAILED, reason=UNKNOWN_KEY)
        return [results.get(key, unknown) for key in keys]

    def _split(self, records: Sequence[LegacyUser]) -> tuple[Mapping[str, str], list[LinkSplit]]:
        old_ids = {user.old_id for user in records}
        old_ids |= {old_id for user in records for _, old_id in read_links(user)}
        subs = self._tools.users.find(old_ids)
        return subs, [split_links(user, subs) for user in records]

    def _items(
        self, subs: Mapping[str, str], user: LegacyUser, split: LinkSplit, created_at: str
    ) -> list[Item]:
        """Return both items of each link of a user."""
        run_id = self._tools.run_id
        return [
            item
            for kind, other in split.links
            for item in link_items(subs[user.old_id], kind, other, created_at=created_at, run_id=run_id)
        ]

    def _imported(
        self,
        user: LegacyUser,
        split: LinkSplit,
        inserted: Sequence[tuple[Item, InsertResult]],
        is_imported: bool,
    ) -> RecordResult:
        outcomes = {result.outcome for _, result in inserted}
        failure = next((result.reason for _, result in inserted if result.outcome == "failed"), "")
        outcome, reason = Outcome.SKIPPED, NO_LINKS if is_imported else NOT_IMPORTED
        if "failed" in outcomes:
            outcome, reason = Outcome.FAILED, failure
        elif outcomes:
            outcome, reason = Outcome.CREATED if "created" in outcomes else Outcome.EXISTED, ""
        elif split.dangling and is_imported:
            reason = "all links of the user are dangling"
        keys = [
            ledger_key((item["PK"], item["SK"])) for item, result in inserted if result.outcome == "created"
        ]
        units = sum(result.write_units for _, result in inserted)
        return _result(user, split, outcome, reason, keys=keys, write_units=units)

    def _compared(
        self,
        user: LegacyUser,
        split: LinkSplit,
        keys: Sequence[ItemKey],
        existing: Mapping[ItemKey, Item],
    ) -> RecordResult:
        is_complete = all(key in existing for key in keys)
        own_keys = [ledger_key(key) for key in keys if self._tools.is_own(existing.get(key))]
        if not is_complete:
            return _result(user, split, Outcome.FAILED, LINK_MISSING, keys=own_keys)
        return _result(user, split, Outcome.EXISTED, keys=own_keys)


def _result(
    user: LegacyUser,
    split: LinkSplit,
    outcome: Outcome,
    reason: str = "",
    *,
    keys: Sequence[str] = (),
    write_units: float = 0.0,
) -> RecordResult:
    findings = [
        f"user {user.old_id}: {KINDS[kind]} {old_id} is not imported"
        if split.is_imported
        else f"user {user.old_id} is not imported, so the {KINDS[kind]} {old_id} is left out"
        for kind, old_id in split.dangling
    ]
    return RecordResult(
        record_id=user.old_id,
        outcome=outcome,
        reason=reason,
        keys=tuple(keys),
        counts=split.counts,
        findings=tuple(findings),
        write_units=write_units,
    )
