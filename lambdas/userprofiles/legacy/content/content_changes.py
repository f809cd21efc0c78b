"""Changes content items whose record has changed in the source."""

from collections.abc import Mapping

from userprofiles.legacy.content.content_plan import (
    ContentPlan,
    create_item,
    create_redirects,
    find_problems,
    object_keys,
)
from userprofiles.legacy.content.content_verification import StoredPlan
from userprofiles.legacy.content.media_copies import CopiedMedia, MediaCopies
from userprofiles.legacy.imported_items import is_content_unchanged
from userprofiles.legacy.job.stage import Outcome, RecordResult
from userprofiles.legacy.stage_tools import OBJECT, StageTools, write_units
from userprofiles.social.content import MISSING
from userprofiles.table import record
from userprofiles.table.record import Item

CHANGED_HERE = "it was changed here after the import"


class ContentChanges:
    """Changes items. An item keeps its ID, its time of creation and the ID of the run that created it.

    Args:
        tools: The table, the users and the run.
        copies: Copies media.
    """

    def __init__(self, tools: StageTools, copies: MediaCopies) -> None:
        self._tools = tools
        self._copies = copies

    def apply(self, stored: Mapping[int, StoredPlan]) -> dict[int, RecordResult]:
        """Change the items whose record has changed, or whose dead links can be tried again.

        Returns:
            The results of the items that had to be changed, by number.
        """
        results: dict[int, RecordResult] = {}
        open_plans: dict[int, StoredPlan] = {}
        for number, (plan, item) in stored.items():
            has_changed = item.get("contentDigest") != plan.record.digest
            if has_changed and not is_content_unchanged(item):
                results[number] = _result(plan, Outcome.SKIPPED, CHANGED_HERE)
            elif has_changed or (is_content_unchanged(item) and _has_dead_link(item)):
                open_plans[number] = (plan, item)
        copied = self._copies.copy([plan for plan, _ in open_plans.values()])
        for (number, (plan, item)), media in zip(open_plans.items(), copied, strict=True):
            result = self._change(plan, item, media)
            if result is not None:
                results[number] = result
        return results

    def _change(self, plan: ContentPlan, item: Item, media: CopiedMedia) -> RecordResult | None:
        """Change an item. Return None if there is nothing to change."""
        if media.failure:
            return _result(plan, Outcome.FAILED, media.failure)
        new_item = create_item(plan, media.entries, created_at=item["created_at"], run_id=item[record.RUN_ID])
        if new_item == item:
            return None
        if not self._tools.calls.replace_unchanged(new_item, item):
            return _result(plan, Outcome.SKIPPED, CHANGED_HERE)
        self._tools.inserts.insert(create_redirects(plan, media.entries, self._tools.run_id))
        old_objects = set(object_keys(plan, item["media"]))
        new_objects = [key for key in object_keys(plan, media.entries) if key not in old_objects]
        return RecordResult(
            record_id=plan.record.old_id,
            outcome=Outcome.UPDATED,
            keys=tuple(f"{OBJECT}{key}" for key in new_objects),
            findings=tuple(find_problems(plan, media.entries)),
            write_units=write_units(new_item),
        )


def _has_dead_link(item: Item) -> bool:
    return any(entry["state"] == MISSING for entry in item["media"])


def _result(plan: ContentPlan, outcome: Outcome, reason: str) -> RecordResult:
    return RecordResult(record_id=plan.record.old_id, outcome=outcome, reason=reason)
