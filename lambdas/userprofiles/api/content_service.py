"""Content of the caller: lists, one item with its media, and new content."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from userprofiles.api.content_input import NewContent
from userprofiles.api.errors import ApiError
from userprofiles.api.media import DOWNLOAD_SECONDS, UPLOAD_SECONDS, Media
from userprofiles.api.page_query import OwnList, parse_page_query
from userprofiles.api.social_account import check_owner
from userprofiles.settings import DEFAULT_STORAGE_GB
from userprofiles.social import content
from userprofiles.social.content import ELSEWHERE, MISSING, PENDING, READY
from userprofiles.social.social_items import ACCOUNT, SocialItems, StorageFullError
from userprofiles.table import record
from userprofiles.table.record import Item
from userprofiles.table.store_errors import RecordTooLargeError, StoreBusyError

RunOnce = Callable[[Callable[[], dict[str, Any]]], dict[str, Any]]
"""Runs a function, or returns the answer of its first run."""

GB = 1024**3
EXCERPT = 200
"""Characters of the text in a list."""

# The time between the calculation of `uploadsUntil` and the signature of the upload.
_SIGNING_TIME = timedelta(seconds=60)

_FIELDS = ("title", "text", "record_time", "created_at", "updated_at", "migrated_from_old_system")


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class ContentService:
    """Reads and creates content.

    Attributes:
        items: The users table.
        media: The bucket with media.
        max_bytes: The largest number of bytes of all uploads of a user.
        clock: Returns the current time.
    """

    items: SocialItems
    media: Media
    max_bytes: int = DEFAULT_STORAGE_GB * GB
    clock: Callable[[], datetime] = _now

    def read_list(self, sub: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        """Return a page of the caller's content, newest first.

        Raises:
            ApiError: 400, 404 or 410.
            userprofiles.table.store_errors.StoreError: DynamoDB returned an error.
        """
        own_list = OwnList(sub, "content", content.is_content_id)
        query = parse_page_query(parameters, own_list)
        check_owner(self.items.read(sub, ACCOUNT), self.clock())
        page = self.items.read_page(sub, content.PREFIX, query.limit, query.after, newest_first=True)
        document: dict[str, Any] = {"content": [_summary(item) for item in page.items]}
        return document if page.last is None else {**document, "cursor": own_list.create_cursor(page.last)}

    def read(self, sub: str, content_id: str) -> dict[str, Any]:
        """Return one content item of the caller with signed URLs.

        It confirms uploads: a pending medium whose object exists becomes ready.

        Raises:
            ApiError: 404 or 410.
            userprofiles.table.store_errors.StoreError, botocore.exceptions.ClientError: A call to AWS failed.
        """
        sort_key = content.content_key(sub, content_id)["SK"]
        sort_keys = [ACCOUNT, sort_key] if content.is_content_id(content_id) else [ACCOUNT]
        items = self.items.read(sub, *sort_keys)
        check_owner(items, self.clock())
        if sort_key not in items:
            raise _not_found()
        item = items[sort_key]
        if any(entry.get("state") == PENDING for entry in item.get("media", ())):
            item = self._confirm(sub, content_id, item)
        return self._document(sub, item)

    def check_can_create(self, sub: str) -> None:
        """Check that the caller may create content.

        Raises:
            ApiError: 403 (the account is inactive), 404 or 410.
            userprofiles.table.store_errors.StoreError: DynamoDB returned an error.
        """
        account = check_owner(self.items.read(sub, ACCOUNT), self.clock())
        if record.is_inactive(account):
            raise ApiError(403, "inactive", "The account is inactive. It can't create content.")

    def create_once(self, sub: str, new: NewContent, run_once: RunOnce) -> dict[str, Any]:
        """Create a content item whose media are pending, and return it with signed uploads.

        Args:
            sub: The caller.
            new: The content.
            run_once: Runs the creation, or returns the answer of its first run.

        Raises:
            ApiError: 409, 410 or 413.
            userprofiles.table.store_errors.StoreError, botocore.exceptions.ClientError: A call to AWS failed.
        """
        created_items: list[Item] = []

        def execute() -> dict[str, Any]:
            created_items.append(self._create(sub, new))
            return {"id": created_items[0]["SK"].removeprefix(content.PREFIX)}

        content_id = run_once(execute)["id"]
        return self._document(sub, created_items[0]) if created_items else self.read(sub, content_id)

    def _create(self, sub: str, new: NewContent) -> Item:
        content_id = content.content_id(new.record_time, uuid.uuid4().hex)
        item = content.content_item(
            sub,
            content_id,
            title=new.title,
            text=new.text,
            record_time=new.record_time,
            created_at=record.timestamp(self.clock()),
            media=[
                content.media_entry(
                    f"m{number}", medium.content_type, size=medium.size, sha256=medium.sha256, state=PENDING
                )
                for number, medium in enumerate(new.media, 1)
            ],
            uploads_until=self._uploads_until() if new.media else None,
        )
        try:
            upload_bytes = sum(medium.size for medium in new.media)
            is_created = self.items.create_content(sub, item, upload_bytes, self.max_bytes)
        except RecordTooLargeError:
            raise ApiError(413, "too_large", "The content must have less than 400 KB.") from None
        except StorageFullError:
            raise ApiError(
                409, "storage_full", f"The uploads of a user have at most {self.max_bytes} bytes."
            ) from None
        if not is_created:
            self.check_can_create(sub)
            raise StoreBusyError("ContentConflict")
        return item

    def _uploads_until(self) -> str:
        return record.timestamp(self.clock() + timedelta(seconds=UPLOAD_SECONDS) + _SIGNING_TIME)

    def _confirm(self, sub: str, content_id: str, item: Item) -> Item:
        """Look for the objects of pending media, and store which uploads can still begin.

        The erasure waits until `uploadsUntil`, so that no upload can begin after it.
        """
        media = [
            {**entry, "state": READY}
            if entry["state"] == PENDING
            and self.media.exists(content.media_key(sub, content_id, entry["id"]))
            else entry
            for entry in item["media"]
        ]
        if not self.items.change_media(sub, content_id, media, self._uploads_until()):
            check_owner(self.items.read(sub, ACCOUNT), self.clock())
            raise _not_found()
        return {**item, "media": media}

    def _document(self, sub: str, item: Item) -> dict[str, Any]:
        content_id = item["SK"].removeprefix(content.PREFIX)
        document = {"id": content_id, **{name: item[name] for name in _FIELDS if name in item}}
        if "old_biograph_id" in item:
            document["old_biograph_id"] = item["old_biograph_id"]
        document["media"] = [
            self._medium(content.media_key(sub, content_id, entry["id"]), entry)
            for entry in item.get("media", ())
        ]
        return document

    def _medium(self, key: str, entry: Mapping[str, Any]) -> dict[str, Any]:
        document = _medium_summary(entry)
        if "bytes" in entry:
            document["bytes"] = int(entry["bytes"])
        if entry["state"] == READY:
            url = self.media.sign_download(key, entry["content_type"])
            return {**document, "url": url, "expires_in": DOWNLOAD_SECONDS}
        if entry["state"] == ELSEWHERE:
            return {**document, "url": entry["url"]}
        if entry["state"] == MISSING:
            return document
        upload = self.media.sign_upload(key, entry["content_type"], int(entry["bytes"]), entry["sha256"])
        return {**document, "upload": upload}


def _summary(item: Item) -> dict[str, Any]:
    return {
        "id": item["SK"].removeprefix(content.PREFIX),
        "title": item.get("title", ""),
        "excerpt": item.get("text", "")[:EXCERPT],
        "record_time": item["record_time"],
        "media": [_medium_summary(entry) for entry in item.get("media", ())],
    }


def _medium_summary(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": entry["id"], "content_type": entry["content_type"], "state": entry["state"]}


def _not_found() -> ApiError:
    return ApiError(404, "content_not_found", "The user has no content with this ID.")
