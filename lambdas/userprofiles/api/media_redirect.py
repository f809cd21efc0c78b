"""Redirects of old media URLs to the bucket. Everybody can follow them, so they show only public media."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from userprofiles.api.errors import ApiError
from userprofiles.api.gone import check_not_gone
from userprofiles.api.media import REDIRECT_SECONDS, Media
from userprofiles.social.content import media_prefix
from userprofiles.social.redirects import location_hash
from userprofiles.social.social_items import ACCOUNT, SocialItems
from userprofiles.table import record
from userprofiles.table.record import Item
from userprofiles.table.store import UserItems

MAX_OWNERS = 10
"""Owners of copies of one file among whom an active one is searched. Everybody can call the route."""

PREFIX = "/media/"
MAX_PATH = 2_048


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class MediaRedirects:
    """Follows redirects.

    Attributes:
        items: The redirects and accounts of the users table.
        media: The bucket with media.
        clock: Returns the current time.
    """

    items: SocialItems
    media: Media
    clock: Callable[[], datetime] = _now

    def follow(self, event: Mapping[str, Any]) -> str:
        """Return a signed URL for the old URL of a request.

        Args:
            event: An event of the HTTP API (payload version 2.0).

        Raises:
            ApiError: 404; the URL is unknown, was not public, or all its owners have left or are inactive.
                The answer is the same in all cases.
            userprofiles.table.store_errors.StoreError: DynamoDB returned an error.
        """
        path = str(event.get("rawPath", ""))
        if len(path) > MAX_PATH:
            raise _not_found()
        for hash_text in _hashes(str(event.get("requestContext", {}).get("domainName", "")), path):
            for redirect in self.items.read_redirects(hash_text, MAX_OWNERS):
                if redirect.get("isPublic") is True and self._has_active_owner(redirect):
                    key, content_type = redirect["mediaKey"], redirect["contentType"]
                    return self.media.sign_download(key, content_type, REDIRECT_SECONDS)
        raise _not_found()

    def _has_active_owner(self, redirect: Item) -> bool:
        sub = redirect["sub"]
        if not redirect["mediaKey"].startswith(media_prefix(sub)):
            return False
        account = self.items.read(sub, ACCOUNT).get(ACCOUNT)
        try:
            check_not_gone(UserItems(account, None), self.clock())
        except ApiError:
            return False
        return account is not None and not record.is_inactive(account)


def _hashes(host: str, path: str) -> list[str]:
    """Return the hashes under which an old URL can be stored.

    The old host name can be a custom domain of the API. Else the old server sends its users to
    `/media/<old host>/<old path>`.
    """
    old_host, _, old_path = path.removeprefix(PREFIX).partition("/")
    hashes = [location_hash(host, path)]
    if path.startswith(PREFIX) and old_host and old_path:
        hashes.append(location_hash(old_host, old_path))
    return hashes


def _not_found() -> ApiError:
    return ApiError(404, "media_not_found", "No public media have this old URL.")
