"""The stage that imports content with its media."""

from collections.abc import Mapping, Sequence
from typing import Any

from userprofiles.legacy.content.content_changes import ContentChanges
from userprofiles.legacy.content.content_plan import (
    ContentPlan,
    count_media,
    count_old_urls,
    create_item,
    create_redirects,
    find_problems,
    object_keys,
    plan_content,
)
from userprofiles.legacy.content.content_undo import ContentUndo
from userprofiles.legacy.content.content_verification import ContentVerification
from userprofiles.legacy.content.file_owners import WITHHELD
from userprofiles.legacy.content.media_bucket import MediaBucket
from userprofiles.legacy.content.media_copies import MediaCopies
from userprofiles.legacy.content.url_rules import NO_RULE, UrlRules
from userprofiles.legacy.job.stage import (
    MEDIA_WITHHELD,
    Conflict,
    Outcome,
    RecordKind,
    RecordResult,
    StageEstimate,
)
from userprofiles.legacy.mapping.records import LegacyContent
from userprofiles.legacy.stage_tools import OBJECT, StageTools, ledger_key, write_units
from userprofiles.legacy.table_inserts import InsertResult
from userprofiles.table.record import Item

NO_ID = "the record has no usable ID"
NO_OWNER = "the record names no owner"
OWNER_NOT_IMPORTED = "the owner is not imported"

_UNKNOWN_SUB = "unknown"
_READ_UNITS = 3  # the owner's claim and a content item of up to 8 KB, with consistent reads


class ContentStage:
    """Imports content: the item, copies of its media, and redirects of their old URLs.

    The media come first, then the item, then the redirects. So no item names an object that does not exist.

    Args:
        tools: The table, the users and the run.
        rules: The rules for old URLs.
        bucket: The bucket for media.
        copies: Copies media.
    """

    name = "content"
    reads = RecordKind.CONTENT

    def __init__(self, tools: StageTools, rules: UrlRules, bucket: MediaBucket, copies: MediaCopies) -> None:
        self._tools = tools
        self._rules = rules
        self._copies = copies
        self._verification = ContentVerification(tools, rules, bucket)
        self._changes = ContentChanges(tools, copies)
        self._undo = ContentUndo(tools, bucket)

    def preview(self, records: Sequence[LegacyContent]) -> list[RecordResult]:
        """Return what `process` will do if all owners are imported and no link is dead. It calls nothing."""
        return [_record_problem(record) or self._preview(record) for record in records]

    def _preview(self, record: LegacyContent) -> RecordResult:
        plan = plan_content(record, _UNKNOWN_SUB, self._tools.source, self._rules)
        problems = [old_file.problem for old_file in plan.files]
        elsewhere = problems.count(NO_RULE)
        copied = problems.count("")
        withheld = sum(problem in WITHHELD for problem in problems)
        dead = len(problems) - elsewhere - copied - withheld
        counts = {
            "media": copied,
            "media elsewhere": elsewhere,
            MEDIA_WITHHELD: withheld,
            "dead links": dead,
        }
        findings = [*plan.findings, *(problem for problem in problems if problem)]
        return RecordResult(
            record_id=record.old_id,
            outcome=Outcome.CREATED,
            counts={name: number for name, number in counts.items() if number},
            findings=tuple(f"content {record.old_id}: {finding}" for finding in findings),
        )

    def conflicts(self) -> Sequence[Conflict]:
        """Return nothing: content has no conflicts among records."""
        return ()

    def estimate(self, records: Sequence[LegacyContent]) -> StageEstimate:
        """Return what records need in AWS."""
        units, copied = 0.0, 0
        for record in records:
            plan = plan_content(record, _UNKNOWN_SUB, self._tools.source, self._rules)
            files = [old_file for old_file in plan.files if not old_file.problem]
            item = create_item(plan, [], created_at="", run_id=self._tools.run_id)
            units += write_units(item) + 2 * sum(old_file.has_redirect for old_file in files)
            copied += len(files)
        return StageEstimate(
            write_units=units,
            rollback_write_units=units,
            read_units=_READ_UNITS * len(records),
            copied_objects=copied,
        )

    def process(self, records: Sequence[LegacyContent]) -> list[RecordResult]:
        """Import records. Existing items are never changed."""
        plans, results = self._plan(records)
        existing = self._tools.calls.read([plan.key for plan in plans.values()])
        results |= self._import({n: plan for n, plan in plans.items() if plan.key not in existing})
        stored = {n: (plan, existing[plan.key]) for n, plan in plans.items() if plan.key in existing}
        results |= self._confirm(stored)
        return [results[number] for number in range(len(records))]

    def update(self, records: Sequence[LegacyContent]) -> list[RecordResult]:
        """Import new records, and change items whose record has changed, except those changed here."""
        plans, results = self._plan(records)
        stored = self._verification.find(plans)
        changed = self._changes.apply(stored)
        unchanged = {number: entry for number, entry in stored.items() if number not in changed}
        results |= self._import({n: plan for n, plan in plans.items() if n not in stored})
        results |= changed | self._confirm(unchanged)
        return [results[number] for number in range(len(records))]

    def verify(self, records: Sequence[LegacyContent]) -> list[RecordResult]:
        """Compare records with their items, media and redirects."""
        plans, results = self._plan(records)
        results |= self._verification.verify(plans)
        return [results[number] for number in range(len(records))]

    def undo(self, keys: Sequence[str]) -> list[RecordResult]:
        """Remove items, redirects and copies that this run created and nobody has changed since."""
        return self._undo.undo(keys)

    def _plan(
        self, records: Sequence[LegacyContent]
    ) -> tuple[dict[int, ContentPlan], dict[int, RecordResult]]:
        """Return what becomes of the records that have an owner, and the results of the others, by number."""
        problems = {number: _record_problem(record) for number, record in enumerate(records)}
        results = {number: problem for number, problem in problems.items() if problem is not None}
        owners = self._tools.users.find(
            {record.owner_id for number, record in enumerate(records) if number not in results}
        )
        plans: dict[int, ContentPlan] = {}
        for number, record in enumerate(records):
            sub = owners.get(record.owner_id)
            if number in results:
                continue
            if sub is None:
                results[number] = _conflict(record, OWNER_NOT_IMPORTED)
            else:
                plans[number] = plan_content(record, sub, self._tools.source, self._rules)
        return plans, results

    def _import(self, plans: Mapping[int, ContentPlan]) -> dict[int, RecordResult]:
        """Copy media, insert items and then redirects. Return the results by number."""
        results: dict[int, RecordResult] = {}
        created_at = self._tools.created_at()
        items: dict[int, Item] = {}
        for (number, plan), media in zip(plans.items(), self._copies.copy(list(plans.values())), strict=True):
            if media.failure:
                results[number] = RecordResult(
                    record_id=plan.record.old_id,
                    outcome=Outcome.FAILED,
                    reason=media.failure,
                    keys=tuple(f"{OBJECT}{key}" for key in object_keys(plan, media.entries)),
                )
            else:
                items[number] = create_item(
                    plan, media.entries, created_at=created_at, run_id=self._tools.run_id
                )
        inserted = dict(zip(items, self._tools.inserts.insert(list(items.values())), strict=True))
        return results | self._results(
            {number: (plans[number], items[number], inserted[number]) for number in items}
        )

    def _confirm(self, stored: Mapping[int, tuple[ContentPlan, Item]]) -> dict[int, RecordResult]:
        """Return the results for items that exist. Those of this run get the redirects that they lack."""
        own, other = InsertResult("created"), InsertResult("existed")
        return self._results(
            {
                number: (plan, item, own if self._tools.is_own(item) else other)
                for number, (plan, item) in stored.items()
            }
        )

    def _results(
        self, inserted: Mapping[int, tuple[ContentPlan, Item, InsertResult]]
    ) -> dict[int, RecordResult]:
        """Insert the redirects of created items, and return the results by number."""
        redirects = {
            number: create_redirects(plan, item["media"], self._tools.run_id)
            for number, (plan, item, result) in inserted.items()
            if result.outcome == "created"
        }
        redirect_results = iter(
            self._tools.inserts.insert([item for items in redirects.values() for item in items])
        )
        results: dict[int, RecordResult] = {}
        for number, (plan, item, result) in inserted.items():
            own_redirects = [(redirect, next(redirect_results)) for redirect in redirects.get(number, ())]
            results[number] = self._result(plan, item, result, own_redirects)
        return results

    def _result(
        self,
        plan: ContentPlan,
        item: Item,
        result: InsertResult,
        redirects: Sequence[tuple[Item, InsertResult]],
    ) -> RecordResult:
        outcome = Outcome(result.outcome)
        keys = [f"{OBJECT}{key}" for key in object_keys(plan, item["media"])]
        keys += [_item_key(item)] if outcome is Outcome.CREATED else []
        keys += [_item_key(redirect) for redirect, inserted in redirects if inserted.outcome == "created"]
        left = count_old_urls(item, self._rules)
        taken = sum(inserted.outcome == "existed" for _, inserted in redirects)
        counts = count_media(item["media"]) | {"old URLs left": left, "old URLs of other content": taken}
        return RecordResult(
            record_id=plan.record.old_id,
            outcome=outcome,
            reason=result.reason,
            keys=tuple(keys) if outcome is not Outcome.EXISTED else (),
            counts={name: number for name, number in counts.items() if number},
            findings=tuple(find_problems(plan, item["media"])),
            write_units=result.write_units + sum(inserted.write_units for _, inserted in redirects),
        )


def _item_key(item: Mapping[str, Any]) -> str:
    return ledger_key((item["PK"], item["SK"]))


def _record_problem(record: LegacyContent) -> RecordResult | None:
    """Return the result for a record that can't be imported, whoever its owner is."""
    if not record.old_id:
        return RecordResult(record_id="", outcome=Outcome.FAILED, reason=NO_ID)
    return None if record.owner_id else _conflict(record, NO_OWNER)


def _conflict(record: LegacyContent, reason: str) -> RecordResult:
    return RecordResult(record_id=record.old_id, outcome=Outcome.CONFLICT, reason=reason)
