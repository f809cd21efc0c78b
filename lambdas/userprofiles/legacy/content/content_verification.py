"""Compares records with what the import created."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from userprofiles.backfill.tables.key_reader import ItemKey
from userprofiles.legacy.content.content_plan import (
    ContentPlan,
    count_media,
    count_old_urls,
    create_item,
    create_redirects,
    media_key,
    object_keys,
)
from userprofiles.legacy.content.file_owners import WITHHELD
from userprofiles.legacy.content.media_bucket import MediaBucket
from userprofiles.legacy.content.url_rules import UrlRules
from userprofiles.legacy.imported_items import is_content_unchanged
from userprofiles.legacy.job.stage import Outcome, RecordResult
from userprofiles.legacy.stage_tools import OBJECT, StageTools, ledger_key
from userprofiles.social import content
from userprofiles.social.content import READY
from userprofiles.table.record import Item

NO_ITEM = "the content item does not exist"
DIFFERENT = "the content item differs from the record"
NO_OBJECT = "a copied medium is not in the bucket, or has another size"
NO_REDIRECT = "a redirect of an old URL does not exist"
OLD_URLS_LEFT = "the content item has URLs of an old host"

_COMPARED = ("title", "text", "record_time", "old_biograph_id", "contentDigest", "migrated_from_old_system")
_HASH_DIGITS = 12

StoredPlan = tuple[ContentPlan, Item]
"""A plan with the content ID of the existing item, and the item."""


class ContentVerification:
    """Finds the items of records, and compares them.

    Args:
        tools: The table, the users and the run.
        rules: The rules for old URLs.
        bucket: The bucket for media.
    """

    def __init__(self, tools: StageTools, rules: UrlRules, bucket: MediaBucket) -> None:
        self._tools = tools
        self._rules = rules
        self._bucket = bucket

    def find(self, plans: Mapping[int, ContentPlan]) -> dict[int, StoredPlan]:
        """Return the existing items of records, by number.

        An item keeps its ID if the record time is changed in the source. So a record without an item at its
        key is searched by the hash at the end of the ID, among the content of its owner.
        """
        items = self._tools.calls.read([plan.key for plan in plans.values()])
        stored = {number: (plan, items[plan.key]) for number, plan in plans.items() if plan.key in items}
        moved: dict[int, ContentPlan] = {}
        ids_of_owners: dict[str, dict[str, str]] = {}
        for number, plan in plans.items():
            if number not in stored:
                if plan.sub not in ids_of_owners:
                    ids_of_owners[plan.sub] = self._read_ids(plan.sub)
                content_id = ids_of_owners[plan.sub].get(plan.content_id[-_HASH_DIGITS:])
                if content_id is not None:
                    moved[number] = replace(plan, content_id=content_id)
        items = self._tools.calls.read([plan.key for plan in moved.values()])
        return stored | {
            number: (plan, items[plan.key])
            for number, plan in moved.items()
            if items.get(plan.key, {}).get("old_biograph_id") == plan.record.old_id
        }

    def _read_ids(self, sub: str) -> dict[str, str]:
        """Return the content IDs of an owner by the hash at their end."""
        key = content.content_key(sub, "")
        items = self._tools.calls.read_partition(key["PK"], key["SK"], ("SK",))
        content_ids = [item["SK"].removeprefix(content.PREFIX) for item in items]
        return {content_id[-_HASH_DIGITS:]: content_id for content_id in content_ids}

    def verify(self, plans: Mapping[int, ContentPlan]) -> dict[int, RecordResult]:
        """Compare records. Return the results by number."""
        stored = self.find(plans)
        redirects = self._read_redirects(stored)
        return {
            number: self._compare(*stored[number], redirects) if number in stored else self._missing(plan)
            for number, plan in plans.items()
        }

    def _read_redirects(self, stored: Mapping[int, StoredPlan]) -> dict[ItemKey, Item]:
        expected = [
            (redirect["PK"], redirect["SK"])
            for plan, item in stored.values()
            for redirect in create_redirects(plan, item["media"], self._tools.run_id)
        ]
        return self._tools.calls.read(expected)

    def _missing(self, plan: ContentPlan) -> RecordResult:
        """Return the result for a record without an item. Its media may have been copied already."""
        objects = []
        for old_file in plan.files:
            # Another version of the import may have copied a file that is withheld now.
            if not old_file.problem or old_file.problem in WITHHELD:
                key = media_key(plan, old_file)
                existing = self._bucket.head(key)
                if existing is not None and self._bucket.is_own(existing):
                    objects.append(f"{OBJECT}{key}")
        return RecordResult(
            record_id=plan.record.old_id, outcome=Outcome.FAILED, reason=NO_ITEM, keys=tuple(objects)
        )

    def _compare(self, plan: ContentPlan, item: Item, redirects: Mapping[ItemKey, Item]) -> RecordResult:
        expected = create_redirects(plan, item["media"], self._tools.run_id)
        redirect_keys = [(redirect["PK"], redirect["SK"]) for redirect in expected]
        reason = self._difference(plan, item) or self._missing_object(plan, item["media"])
        if not reason and any(key not in redirects for key in redirect_keys):
            reason = NO_REDIRECT
        outcome = Outcome.FAILED if reason else Outcome.EXISTED
        if reason == DIFFERENT and not is_content_unchanged(item):
            outcome, reason = Outcome.CHANGED, ""
        return RecordResult(
            record_id=plan.record.old_id,
            outcome=outcome,
            reason=reason,
            keys=tuple(self._own_keys(plan, item, redirect_keys, redirects)),
            counts=count_media(item["media"]),
        )

    def _difference(self, plan: ContentPlan, item: Item) -> str:
        if count_old_urls(item, self._rules):
            return OLD_URLS_LEFT
        expected = create_item(plan, [], created_at="", run_id=self._tools.run_id)
        media_ids = [entry["id"] for entry in item["media"]]
        is_equal = all(item.get(name) == expected[name] for name in _COMPARED)
        return "" if is_equal and media_ids == [file.media_id for file in plan.files] else DIFFERENT

    def _missing_object(self, plan: ContentPlan, media: Sequence[Mapping[str, Any]]) -> str:
        for entry in media:
            if entry["state"] == READY:
                stored = self._bucket.head(content.media_key(plan.sub, plan.content_id, entry["id"]))
                if stored is None or stored.size != entry.get("bytes"):
                    return NO_OBJECT
        return ""

    def _own_keys(
        self,
        plan: ContentPlan,
        item: Item,
        redirect_keys: Sequence[ItemKey],
        redirects: Mapping[ItemKey, Item],
    ) -> list[str]:
        """Return the keys of what this run created. The rollback checks the run of each object again."""
        if not self._tools.is_own(item):
            return []
        keys = [f"{OBJECT}{key}" for key in object_keys(plan, item["media"])]
        keys.append(ledger_key(plan.key))
        return keys + [ledger_key(key) for key in redirect_keys if self._tools.is_own(redirects.get(key))]
