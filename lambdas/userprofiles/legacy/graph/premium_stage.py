"""The stage that imports paid plans. No plan ends earlier than in the old application."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from userprofiles.legacy.imported_items import IMPORTED_END, is_plan_unchanged
from userprofiles.legacy.job.stage import Conflict, Outcome, RecordKind, RecordResult, StageEstimate
from userprofiles.legacy.mapping.records import LegacyPremium, LegacyUser
from userprofiles.legacy.stage_tools import (
    CHANGED,
    UNKNOWN_KEY,
    StageTools,
    ledger_key,
    parse_item_key,
)
from userprofiles.social.premium import SORT_KEY, premium_item, premium_key, read_premium, remaining_days
from userprofiles.table import record
from userprofiles.table.record import Item

NO_PLAN = "the user has no paid plan"
NOT_IMPORTED = "the user is not imported"
NO_ITEM = "the paid plan is not in the table"
ENDS_EARLY = "the paid plan begins later or ends earlier than in the source"
CHANGED_NOW = "another writer changed the paid plan at the same time"

DAYS_IN = "remaining days in"
DAYS_OUT = "remaining days out"
DAYS_LEFT_BEHIND = "remaining days of users who are not imported"

EXTENSION = "importExtension"
"""What an import has extended: `run`, and the former `starts_at` and `ends_at` of a plan."""

_UNNAMED = "unnamed"
_TERM = ("starts_at", "ends_at")


@dataclass(frozen=True)
class PlanTerm:
    """The term of a paid plan.

    Attributes:
        plan: The name of the plan.
        start: Its beginning; None if the source has none.
        end: Its end; None if it does not end.
        findings: What an operator should know.
    """

    plan: str
    start: datetime | None
    end: datetime | None
    findings: tuple[str, ...] = ()

    def days(self, now: datetime) -> int:
        """Return the remaining days as the API counts them; 0 for a plan that does not end."""
        if self.end is None:
            return 0
        return remaining_days(max(now, self.start or now), self.end)


def read_term(premium: LegacyPremium) -> PlanTerm:
    """Return the term of a plan of the old application."""
    start, end = _read_time(premium.start), _read_time(premium.end)
    if end is not None and end.microsecond:
        end = end.replace(microsecond=0) + timedelta(seconds=1)  # items have whole seconds
    findings = []
    if end is None:
        findings.append("the paid plan has no end, so it does not end here")
    elif start is not None and end < start:
        findings.append("the paid plan ends before it starts")
    if not premium.plan:
        findings.append(f"the paid plan has no name; {_UNNAMED!r} stands for it")
    return PlanTerm(premium.plan or _UNNAMED, start, end, tuple(findings))


class PremiumStage:
    """Imports paid plans. A plan that a user has here is extended to cover both terms, and never shortened.

    Args:
        tools: The table, the users and the run.
    """

    name = "premium"
    reads = RecordKind.USERS

    def __init__(self, tools: StageTools) -> None:
        self._tools = tools
        self._now = tools.clock()

    def preview(self, records: Sequence[LegacyUser]) -> list[RecordResult]:
        """Return what `process` will do if all users are imported. It calls no service."""
        return [
            self._result(user, read_term(user.premium), Outcome.CREATED)
            if user.premium is not None
            else _skipped(user, NO_PLAN)
            for user in records
        ]

    def conflicts(self) -> Sequence[Conflict]:
        """Return nothing: paid plans need no decisions."""
        return ()

    def estimate(self, records: Sequence[LegacyUser]) -> StageEstimate:
        """Return what records need in AWS."""
        plans = float(sum(user.premium is not None for user in records))
        return StageEstimate(write_units=plans, rollback_write_units=plans, read_units=plans)

    def process(self, records: Sequence[LegacyUser]) -> list[RecordResult]:
        """Import the plans of users."""
        subs = self._tools.users.find({user.old_id for user in records if user.premium is not None})
        terms = {
            number: read_term(user.premium)
            for number, user in enumerate(records)
            if user.premium is not None and user.old_id in subs
        }
        items = {number: self._item(subs[records[number].old_id], term) for number, term in terms.items()}
        inserted = dict(zip(items, self._tools.inserts.insert(list(items.values())), strict=True))
        results = []
        for number, user in enumerate(records):
            if number not in terms:
                results.append(self._left_behind(user))
            elif inserted[number].outcome == "existed":
                results.append(self._extend(user, terms[number], items[number]))
            else:
                outcome, reason = Outcome(inserted[number].outcome), inserted[number].reason
                item = items[number] if outcome is Outcome.CREATED else None
                results.append(self._result(user, terms[number], outcome, reason, item))
        return results

    def update(self, records: Sequence[LegacyUser]) -> list[RecordResult]:
        """Import new plans, and extend those that end later in the source now."""
        return self.process(records)

    def verify(self, records: Sequence[LegacyUser]) -> list[RecordResult]:
        """Compare the plans of users with the items."""
        subs = self._tools.users.find({user.old_id for user in records if user.premium is not None})
        keys = {old_id: (premium_key(sub)["PK"], SORT_KEY) for old_id, sub in subs.items()}
        items = self._tools.calls.read(keys.values())
        return [
            self._compare(user, items.get(keys[user.old_id]))
            if user.premium is not None and user.old_id in keys
            else self._left_behind(user)
            for user in records
        ]

    def undo(self, keys: Sequence[str]) -> list[RecordResult]:
        """Remove plans that this run created, and end those that it extended when they ended before."""
        item_keys = {key: parse_item_key(key) for key in keys}
        items = self._tools.calls.read([item_key for item_key in item_keys.values() if item_key])
        extended = {
            key: items[item_key]
            for key, item_key in item_keys.items()
            if item_key in items and self._has_extended(items[item_key])
        }
        results = self._tools.undo_items(set(keys) - set(extended))
        results |= {key: self._shorten(key, item) for key, item in extended.items()}
        unknown = RecordResult(record_id="", outcome=Outcome.FAILED, reason=UNKNOWN_KEY)
        return [results.get(key, unknown) for key in keys]

    def _item(self, sub: str, term: PlanTerm) -> Item:
        start = term.start or min(self._now, term.end or self._now)
        ends_at = None if term.end is None else record.timestamp(term.end)
        item = premium_item(
            sub,
            plan=term.plan,
            starts_at=record.timestamp(start),
            ends_at=ends_at,
            created_at=self._tools.created_at(),
            run_id=self._tools.run_id,
        )
        return {**item, IMPORTED_END: ends_at or ""}

    def _extend(self, user: LegacyUser, term: PlanTerm, item: Item) -> RecordResult:
        """Extend the plan that a user has here, if it does not cover the term."""
        key = (item["PK"], item["SK"])
        stored = self._tools.calls.read([key]).get(key)
        if stored is None:
            return self._result(user, term, Outcome.FAILED, CHANGED_NOW)
        if self._has_extended(stored):
            return self._result(user, term, Outcome.UPDATED, item=stored)
        if _covers(stored, term, self._now):
            return self._result(user, term, Outcome.EXISTED, item=stored)
        extended = _extended_item(stored, item, self._tools.run_id)
        if not self._tools.calls.replace_unchanged(extended, stored):
            return self._result(user, term, Outcome.FAILED, CHANGED_NOW)
        return self._result(user, term, Outcome.UPDATED, item=extended)

    def _has_extended(self, item: Item) -> bool:
        return bool(item.get(EXTENSION, {}).get("run") == self._tools.run_id)

    def _shorten(self, key: str, item: Item) -> RecordResult:
        if not is_plan_unchanged(item):
            return RecordResult(record_id=key, outcome=Outcome.KEPT, reason=CHANGED)
        former = {
            name: value for name, value in item.items() if name not in {EXTENSION, IMPORTED_END, *_TERM}
        }
        former |= {name: item[EXTENSION][name] for name in _TERM if name in item[EXTENSION]}
        if not self._tools.calls.replace_unchanged(former, item):
            return RecordResult(record_id=key, outcome=Outcome.KEPT, reason=CHANGED)
        return RecordResult(record_id=key, outcome=Outcome.REMOVED, write_units=1.0)

    def _compare(self, user: LegacyUser, item: Item | None) -> RecordResult:
        if user.premium is None or item is None:
            return RecordResult(record_id=user.old_id, outcome=Outcome.FAILED, reason=NO_ITEM)
        term = read_term(user.premium)
        if not _covers(item, term, self._now):
            return self._result(user, term, Outcome.FAILED, ENDS_EARLY, item)
        return self._result(user, term, Outcome.EXISTED, item=item)

    def _left_behind(self, user: LegacyUser) -> RecordResult:
        if user.premium is None:
            return _skipped(user, NO_PLAN)
        days = read_term(user.premium).days(self._now)
        counts: Mapping[str, int] = {DAYS_IN: days, DAYS_LEFT_BEHIND: days} if days else {}
        return RecordResult(
            record_id=user.old_id, outcome=Outcome.SKIPPED, reason=NOT_IMPORTED, counts=counts
        )

    def _result(
        self,
        user: LegacyUser,
        term: PlanTerm,
        outcome: Outcome,
        reason: str = "",
        item: Item | None = None,
    ) -> RecordResult:
        days = term.days(self._now)
        stored_days = days if item is None else read_premium(item, self._now).remaining_days
        days_out = days if stored_days is None else min(days, stored_days)
        counts = {DAYS_IN: days, DAYS_OUT: 0 if item is None and outcome is Outcome.FAILED else days_out}
        is_own = self._tools.is_own(item) or (item is not None and self._has_extended(item))
        keys = (ledger_key((item["PK"], item["SK"])),) if item is not None and is_own else ()
        return RecordResult(
            record_id=user.old_id,
            outcome=outcome,
            reason=reason,
            keys=keys,
            counts={name: number for name, number in counts.items() if number},
            findings=tuple(f"user {user.old_id}: {finding}" for finding in term.findings),
            write_units=1.0 if outcome in {Outcome.CREATED, Outcome.UPDATED} else 0.0,
        )


def _covers(item: Item, term: PlanTerm, now: datetime) -> bool:
    """Return whether a stored plan begins no later than the rest of a term, and ends no earlier."""
    ends_at = item.get("ends_at")
    ends_in_time = ends_at is None or (term.end is not None and datetime.fromisoformat(ends_at) >= term.end)
    is_over = term.end is not None and term.end <= now
    begins_in_time = datetime.fromisoformat(item["starts_at"]) <= max(term.start or now, now)
    return ends_in_time and (is_over or begins_in_time)


def _extended_item(stored: Item, imported: Item, run_id: str) -> Item:
    """Return the plan that a user has here, with the earlier beginning and the later end of both plans."""
    plans = (stored, imported)
    ends = [item["ends_at"] for item in plans if "ends_at" in item]
    ends_at = max(ends, key=datetime.fromisoformat) if len(ends) == len(plans) else ""
    former = {name: stored[name] for name in _TERM if name in stored}
    extended = {name: value for name, value in stored.items() if name != "ends_at"}
    extended["starts_at"] = min((item["starts_at"] for item in plans), key=datetime.fromisoformat)
    extended |= {EXTENSION: {"run": run_id, **former}, IMPORTED_END: ends_at}
    return {**extended, "ends_at": ends_at} if ends_at else extended


def _skipped(user: LegacyUser, reason: str) -> RecordResult:
    return RecordResult(record_id=user.old_id, outcome=Outcome.SKIPPED, reason=reason)


def _read_time(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
