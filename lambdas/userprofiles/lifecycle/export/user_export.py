"""`GET /me/export`: the bundle of the caller, in the response or, if it is large, in S3."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from userprofiles import aws, settings
from userprofiles.api import avatars
from userprofiles.api.access_token import Caller
from userprofiles.api.avatars import URL_SECONDS
from userprofiles.api.errors import ApiError
from userprofiles.lifecycle.export import export_bundle, export_sources
from userprofiles.lifecycle.export.export_bundle import UserData
from userprofiles.lifecycle.export.export_sources import UserFiles, media_files
from userprofiles.table.store import UserItems

INLINE_BYTES = 1024 * 1024
"""The largest bundle in a response. A larger one goes to S3: the response of a function has at most 6 MB (AWS
Lambda Developer Guide, "Lambda quotas")."""

_REMAINING_MS = 4_000
"""Time that the function needs after the last page: JSON, hashes, upload."""


@dataclass(frozen=True)
class Answer:
    """The answer to a request for an export.

    Attributes:
        status: 200 with the bundle, 202 with a link to it.
        body: JSON in UTF-8.
    """

    status: int
    body: bytes


def check_time(remaining_ms: int) -> None:
    """Check that the function can finish an export.

    Raises:
        ApiError: 413; the user has more data than the function can read in its time.
    """
    if remaining_ms < _REMAINING_MS:
        raise ApiError(
            413,
            "export_too_large",
            "There is more data than this route can export. The operator of the service can export it.",
        )


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class UserExporter:
    """Exports the users of one table.

    Attributes:
        dynamodb: A botocore client of DynamoDB.
        users_table: Name of the users table.
        cognito: A botocore client of Cognito.
        pool_id: The user pool.
        files: The bucket with the pictures and bundles.
        template: Name of the template.
        clock: Returns the current time.
        media: The bucket with media; None without content.
    """

    dynamodb: Any
    users_table: str
    cognito: Any
    pool_id: str
    files: UserFiles
    template: str
    clock: Callable[[], datetime] = _now
    media: UserFiles | None = None

    def export(
        self, sub: str, user_name: str, user: UserItems, on_page: Callable[[int], None]
    ) -> export_bundle.Bundle:
        """Return the bundle of a user.

        Args:
            sub: The user's sub.
            user_name: The name by which Cognito finds the user.
            user: Account and profile. Both exist.
            on_page: Called after each page of items with their number so far. It can raise an error.

        Raises:
            userprofiles.table.store_errors.StoreError, botocore.exceptions.ClientError,
            botocore.exceptions.BotoCoreError: A call to AWS failed.
        """
        items = list(export_sources.read_items(self.dynamodb, self.users_table, sub, on_page))
        files, links = self._find_files(sub)
        data = UserData(
            account=user.account or {},
            profile=user.profile or {},
            items=items,
            cognito=export_sources.read_cognito_user(self.cognito, self.pool_id, sub, user_name),
            files=files,
            links=links,
        )
        return export_bundle.build(sub, data, template=self.template, moment=self.clock())

    def _find_files(self, sub: str) -> tuple[list[dict[str, Any]], dict[str, str]]:
        """Return key and size of each file, and the signed URLs by key."""
        files: list[dict[str, Any]] = []
        links: dict[str, str] = {}
        for source in [self.files, *([self.media] if self.media else [])]:
            own_files = source.find(sub)
            files += own_files
            links |= {file["key"]: source.sign(file["key"]) for file in own_files}
        return files, links

    def answer(
        self, caller: Caller, read_user: Callable[[Caller], UserItems], remaining_ms: Callable[[], int]
    ) -> Answer:
        """Export the caller.

        The user may be erased while the export runs. So a stored bundle is deleted again if the user does not
        exist any more: the erasure may already have deleted the other files.

        Args:
            caller: The user.
            read_user: Returns the user's items; raises ApiError 410 if the user was erased.
            remaining_ms: Returns the milliseconds until the function times out.

        Raises:
            ApiError: 401, 410, or 413 if the user has too much data.
            userprofiles.table.store_errors.StoreError, botocore.exceptions.ClientError,
            botocore.exceptions.BotoCoreError: A call to AWS failed.
        """
        user = read_user(caller)
        bundle = export_bundle.to_bytes(
            self.export(caller.sub, caller.user_name, user, lambda _: check_time(remaining_ms()))
        )
        if len(bundle) <= INLINE_BYTES:
            return Answer(200, bundle)
        stored = self.files.store(caller.sub, bundle)
        try:
            read_user(caller)
        except ApiError:
            self.files.delete(stored)
            raise
        link = {
            "url": self.files.sign(stored.key),
            "expiresIn": URL_SECONDS,
            "bytes": len(bundle),
            "sha256": hashlib.sha256(bundle).hexdigest(),
        }
        return Answer(202, export_bundle.canonical_json(link))


def from_environment(environment: Mapping[str, str], template: str) -> UserExporter:
    """Create the exporter of a function.

    Args:
        environment: USERS_TABLE, USER_POOL_ID, AVATAR_BUCKET and, with content, MEDIA_BUCKET.
        template: Name of the template.

    Raises:
        userprofiles.settings.SettingsError: The environment is wrong.
    """
    files_client, media_bucket = avatars.client(), environment.get("MEDIA_BUCKET")
    return UserExporter(
        aws.client("dynamodb"),
        settings.required(environment, "USERS_TABLE"),
        aws.client("cognito-idp"),
        settings.required(environment, "USER_POOL_ID"),
        UserFiles(settings.required(environment, "AVATAR_BUCKET"), files_client),
        template,
        media=media_files(media_bucket, files_client) if media_bucket else None,
    )
