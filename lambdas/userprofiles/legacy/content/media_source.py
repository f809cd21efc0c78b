"""Reads files of the old application from the place that a rule names."""

import base64
import hashlib
import mimetypes
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from userprofiles.legacy.content.media_bucket import MediaBucket, head_object
from userprofiles.legacy.content.media_errors import CopyFailedError, DeadLinkError
from userprofiles.legacy.content.stored_object import SOURCE, StoredObject, compare
from userprofiles.legacy.content.url_rules import BucketPlace, FolderPlace, OldFile, UrlRules, WebPlace
from userprofiles.legacy.content.web_files import TOO_LARGE, WebFiles

MISSING = "the old file does not exist"
ARCHIVED = "the old file is archived: restore it in S3 first"
DIFFERENT = "the copy differs from the old file"
DEFAULT_TYPE = "application/octet-stream"

_CHUNK = 1024 * 1024


class MediaSource:
    """Copies old files into the bucket for media. Its methods may be called by any thread.

    A repeated copy does nothing: the metadata of an object names the file from which it was copied.

    Args:
        bucket: The bucket for media.
        rules: The rules; only the places that they name are read.
        web: Reads files from web servers.
        source_client: A botocore client of S3 for the old buckets; None for the client of `bucket`.
    """

    def __init__(
        self, bucket: MediaBucket, rules: UrlRules, web: WebFiles, source_client: Any = None
    ) -> None:
        self._bucket = bucket
        self._rules = rules
        self._web = web
        self._source_client = source_client or bucket.client

    def copy(self, old_file: OldFile, key: str) -> StoredObject:
        """Copy an old file, or return the copy that exists.

        Args:
            old_file: A file that has a rule and no problem.
            key: The key of the copy.

        Raises:
            DeadLinkError: The file does not exist, or must not be read.
            CopyFailedError: The file could not be copied this time.
            BucketRefusedError: A bucket refuses the operation.
            StoppedError: A stop was requested.
        """
        if old_file.rule is None or old_file.problem:
            raise DeadLinkError(old_file.problem)
        place = old_file.rule.place
        if isinstance(place, BucketPlace):
            return self._copy_object(place, old_file, key)
        if isinstance(place, FolderPlace):
            return self._upload_from_folder(place, old_file, key)
        return self._upload_from_web(place, old_file, key)

    def _copy_object(self, place: BucketPlace, old_file: OldFile, key: str) -> StoredObject:
        source_key = f"{place.prefix}{old_file.name}"
        source = head_object(self._source_client, place.bucket, source_key)
        if source is None:
            raise DeadLinkError(MISSING)
        if source.is_archived:
            raise CopyFailedError(ARCHIVED)
        existing = self._bucket.head(key)
        if existing is not None and existing.metadata.get(SOURCE) == source.etag:
            return existing
        source = replace(source, content_type=_content_type(source.content_type, old_file.name))
        self._bucket.copy(key, place.bucket, source_key, source)
        return self._compare(source, key)

    def _upload_from_folder(self, place: FolderPlace, old_file: OldFile, key: str) -> StoredObject:
        root = Path(place.folder)
        try:
            path = (root / old_file.name).resolve()
            # A symbolic link can lead out of the folder.
            is_inside = path.is_relative_to(root) and path.is_file()
        except OSError:  # no file has a name of this length
            is_inside = False
        if not is_inside:
            raise DeadLinkError(MISSING)
        size = path.stat().st_size
        if size > self._rules.max_bytes:
            raise CopyFailedError(TOO_LARGE)
        identity = f"{size}-{path.stat().st_mtime_ns}"
        existing = self._bucket.head(key)
        if existing is not None and existing.metadata.get(SOURCE) == identity:
            return existing
        try:
            with path.open("rb") as file:
                return self._upload(file, _content_type("", old_file.name), key, identity)
        except OSError as error:
            raise CopyFailedError(f"the old file can't be read ({error.strerror})") from None

    def _upload_from_web(self, place: WebPlace, old_file: OldFile, key: str) -> StoredObject:
        existing = self._bucket.head(key)
        if existing is not None and existing.metadata.get(SOURCE) == old_file.media_id:
            return existing
        with tempfile.TemporaryFile() as file:
            content_type = self._web.download(place, old_file, file)
            file.seek(0)
            return self._upload(file, _content_type(content_type, old_file.name), key, old_file.media_id)

    def _upload(self, file: IO[bytes], content_type: str, key: str, identity: str) -> StoredObject:
        digest, size = hashlib.sha256(), 0
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
        file.seek(0)
        sha256 = base64.b64encode(digest.digest()).decode()
        described = StoredObject(size, content_type, checksums={"SHA256": sha256})
        self._bucket.put(key, file, described, sha256, identity)
        return self._compare(described, key)

    def _compare(self, source: StoredObject, key: str) -> StoredObject:
        """Return the copy if it equals its source.

        Raises:
            CopyFailedError: It differs.
        """
        stored = self._bucket.head(key)
        if stored is None or compare(source, stored) is None:
            raise CopyFailedError(DIFFERENT)
        return stored


def _content_type(content_type: str, name: str) -> str:
    """Return the MIME type of a file: that of its server, or that of its name."""
    plain = content_type.partition(";")[0].strip().lower()
    if plain and plain not in {DEFAULT_TYPE, "binary/octet-stream"}:
        return plain
    return mimetypes.guess_type(name)[0] or DEFAULT_TYPE
