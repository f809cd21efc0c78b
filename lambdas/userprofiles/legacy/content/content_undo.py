"""Removes what a run has created for content."""

from collections.abc import Sequence
from dataclasses import replace

from userprofiles.backfill.tables.key_reader import ItemKey
from userprofiles.legacy.content.media_bucket import MediaBucket
from userprofiles.legacy.imported_items import is_as_imported
from userprofiles.legacy.job.stage import Outcome, RecordResult
from userprofiles.legacy.stage_tools import (
    CHANGED,
    ITEM,
    NOT_OF_THIS_RUN,
    OBJECT,
    UNKNOWN_KEY,
    USER_STAYS,
    StageTools,
)
from userprofiles.social import content, redirects
from userprofiles.table.record import Item

STILL_USED = "a content item still names it"

_KEY_PARTS = 4  # media/<sub>/<content ID>/<media ID>


class ContentUndo:
    """Removes items, redirects and copies.

    Args:
        tools: The table, the users and the run.
        bucket: The bucket for media.
    """

    def __init__(self, tools: StageTools, bucket: MediaBucket) -> None:
        self._tools = tools
        self._bucket = bucket

    def undo(self, keys: Sequence[str]) -> list[RecordResult]:
        """Remove targets. Return one result per key."""
        results = self._tools.undo_items({key for key in keys if key.startswith(ITEM)})
        object_keys = {key: key.removeprefix(OBJECT) for key in keys if key.startswith(OBJECT)}
        contents = {
            key: item_key for key, object_key in object_keys.items() if (item_key := _content_key(object_key))
        }
        items = self._tools.calls.read(contents.values())
        owners = {key: object_keys[key].split("/")[1] for key in contents}
        kept_owners = self._tools.kept_users.find(set(owners.values()))
        for key, item_key in contents.items():
            if owners[key] in kept_owners:
                results[key] = RecordResult(record_id=key, outcome=Outcome.KEPT, reason=USER_STAYS)
            else:
                results[key] = self._undo_object(key, object_keys[key], items.get(item_key))
        unknown = RecordResult(record_id="", outcome=Outcome.FAILED, reason=UNKNOWN_KEY)
        return [_with_kind(results[key]) if key in results else unknown for key in keys]

    def _undo_object(self, key: str, object_key: str, item: Item | None) -> RecordResult:
        """Remove a copy, unless a content item that stays names it. The keys can come in any order."""
        if item is not None and _names(item, object_key):
            if not self._tools.is_own(item):
                return RecordResult(record_id=key, outcome=Outcome.KEPT, reason=STILL_USED)
            if not is_as_imported(item):
                return RecordResult(record_id=key, outcome=Outcome.KEPT, reason=CHANGED)
        stored = self._bucket.head(object_key)
        if stored is None:
            return RecordResult(record_id=key, outcome=Outcome.REMOVED)
        if not self._bucket.is_own(stored):
            return RecordResult(record_id=key, outcome=Outcome.KEPT, reason=NOT_OF_THIS_RUN)
        self._bucket.delete(object_key, stored)
        return RecordResult(record_id=key, outcome=Outcome.REMOVED)


def _with_kind(result: RecordResult) -> RecordResult:
    """Return a result that counts what its key is. Of both items of a redirect, one counts."""
    key = result.record_id
    kind = "files" if key.startswith(OBJECT) else "content items" if f"/{content.PREFIX}" in key else ""
    kind = "old URLs" if key.startswith(f"{ITEM}{redirects.PREFIX}") else kind
    return replace(result, counts={f"{kind} {result.outcome.value}": 1}) if kind else result


def _content_key(object_key: str) -> ItemKey | None:
    """Return the key of the content item of a copy; None for another key."""
    parts = object_key.split("/")
    if len(parts) != _KEY_PARTS or not object_key.startswith(content.MEDIA_PREFIX):
        return None
    key = content.content_key(parts[1], parts[2])
    return key["PK"], key["SK"]


def _names(item: Item, object_key: str) -> bool:
    media_id = object_key.rpartition("/")[2]
    return any(entry["id"] == media_id for entry in item.get("media", ()))
