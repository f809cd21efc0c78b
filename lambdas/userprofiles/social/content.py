"""Content of a user: the keys and attributes of its items, and the keys of its media. Pure functions.

    PK `USER#<sub>`, SK `CONTENT#<content ID>`

| Attribute                  | Value                                                                         |
|----------------------------|-------------------------------------------------------------------------------|
| `entityType`               | `CONTENT`                                                                     |
| `title`, `text`            | texts; can be empty                                                           |
| `record_time`              | when it was recorded: ISO 8601 in UTC, with milliseconds                      |
| `created_at`, `updated_at` | when the item was written and changed here: ISO 8601 in UTC, to the second    |
| `media`                    | a list of objects, see `media_entry`; can be empty                            |
| `migrated_from_old_system` | whether it was imported                                                       |
| `old_biograph_id`          | its ID in the old system; only if it was imported                             |
| `contentDigest`            | the digest of the imported values; only if it was imported                    |
| `migrationRunId`           | the run that imported it; only if it was imported                             |
| `uploadsUntil`             | until when a signed upload can begin; only if an upload was signed            |

The ID of a content item begins with the record time, so that a query returns the items of a user by time.
Media are S3 objects with the key `media/<sub>/<content ID>/<media ID>`.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from userprofiles.table import record
from userprofiles.table.record import Item

PREFIX = "CONTENT#"
ENTITY_TYPE = "CONTENT"
MEDIA_PREFIX = "media/"

PENDING = "pending"
"""The state of a medium for which an upload was signed, and of which no object is confirmed yet."""

READY = "ready"
"""The state of a medium whose object exists."""

MISSING = "missing"
"""The state of an imported medium whose file did not exist any more; `old_path` is its former path."""

ELSEWHERE = "elsewhere"
"""The state of an imported medium on a host that was not moved; `url` is its URL."""

CONTENT_ID_PATTERN = r"[0-9]{8}T[0-9]{9}Z-[0-9a-f]{12}"
MEDIA_ID_PATTERN = "[0-9A-Za-z_-]{1,64}"
_CONTENT_ID = re.compile(CONTENT_ID_PATTERN)
_MEDIA_ID = re.compile(MEDIA_ID_PATTERN)


def content_id(record_time: datetime, identity: str) -> str:
    """Return the ID of a content item: `<record time>-<12 hex digits of a hash>`.

    The same arguments always give the same ID, so that a repeated import finds its own items.

    Args:
        record_time: When it was recorded.
        identity: Any text that identifies the content, such as `<source>#<old ID>`.
    """
    moment = record_time.astimezone(UTC)
    milliseconds = moment.microsecond // 1000
    digest = hashlib.sha256(identity.encode()).hexdigest()[:12]
    # %Y has less than four digits before the year 1000.
    return f"{moment.year:04d}{moment:%m%dT%H%M%S}{milliseconds:03d}Z-{digest}"


def is_content_id(value: object) -> bool:
    """Return whether a value has the form of a content ID, and so can be a part of a key."""
    return isinstance(value, str) and _CONTENT_ID.fullmatch(value) is not None


def content_key(sub: str, content: str) -> dict[str, str]:
    """Return the primary key of a content item.

    Args:
        sub: The owner.
        content: The content ID.
    """
    return {"PK": record.partition_key(sub), "SK": f"{PREFIX}{content}"}


def media_key(sub: str, content: str, media_id: str) -> str:
    """Return the key of an S3 object, `media/<sub>/<content ID>/<media ID>`.

    Args:
        sub: The owner.
        content: The content ID.
        media_id: 1 to 64 letters, digits, `_` and `-`; unique within the content.

    Raises:
        ValueError: An argument can't be a part of the key.
    """
    if not record.is_sub(sub) or not is_content_id(content) or not _MEDIA_ID.fullmatch(media_id):
        raise ValueError("A media key needs a sub, a content ID, and a media ID of letters, digits, _ and -.")
    return f"{MEDIA_PREFIX}{sub}/{content}/{media_id}"


def media_prefix(sub: str) -> str:
    """Return the prefix of all media of a user. It ends with a slash, so that no other sub matches."""
    return f"{MEDIA_PREFIX}{sub}/"


def media_entry(
    media_id: str,
    content_type: str,
    *,
    size: int | None,
    sha256: str | None,
    state: str = READY,
    old_url: str | None = None,
) -> dict[str, Any]:
    """Return the object of a medium in `media`.

    Args:
        media_id: The last part of the object's key; stored as `id`.
        content_type: The MIME type; stored as `content_type`.
        size: Bytes of the object; stored as `bytes`. None if unknown: not stored.
        sha256: SHA-256 of the object in base64, as S3 names it; stored as `sha256`. None: not stored.
        state: `PENDING` or `READY`; stored as `state`.
        old_url: The URL in the old system; stored as `old_url`. None: not stored.
    """
    entry = {
        "id": media_id,
        "content_type": content_type,
        "bytes": size,
        "sha256": sha256,
        "state": state,
        "old_url": old_url,
    }
    return {name: value for name, value in entry.items() if value is not None}


def content_item(
    sub: str,
    content: str,
    *,
    title: str,
    text: str,
    record_time: datetime,
    created_at: str,
    media: Sequence[Mapping[str, Any]] = (),
    uploads_until: str | None = None,
) -> Item:
    """Return a new content item.

    Args:
        sub: The owner.
        content: The content ID.
        title: The title.
        text: The text.
        record_time: When it was recorded.
        created_at: The result of `record.timestamp`.
        media: Results of `media_entry`.
        uploads_until: Until when a signed upload can begin, the result of `record.timestamp`; None if no
            upload is signed.
    """
    item: Item = {
        **content_key(sub, content),
        "entityType": ENTITY_TYPE,
        "title": title,
        "text": text,
        "record_time": record.timestamp(record_time, "milliseconds"),
        "created_at": created_at,
        "updated_at": created_at,
        "media": [dict(entry) for entry in media],
        "migrated_from_old_system": False,
    }
    return item if uploads_until is None else {**item, "uploadsUntil": uploads_until}


def imported_content_item(item: Item, *, old_id: str, digest: str, run_id: str) -> Item:
    """Return a content item with the attributes of an import.

    Args:
        item: The result of `content_item`.
        old_id: The ID in the old system; stored as `old_biograph_id`.
        digest: The digest of the imported values; stored as `contentDigest`.
        run_id: The run; stored as `migrationRunId`.
    """
    return {
        **item,
        "migrated_from_old_system": True,
        "old_biograph_id": old_id,
        "contentDigest": digest,
        record.RUN_ID: run_id,
    }
