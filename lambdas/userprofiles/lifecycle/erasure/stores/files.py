"""The files of a user in the bucket: uploads, claimed pictures and exports, with all their versions.

In a versioned bucket, only a delete with a version ID removes the data; without one, S3 adds a delete marker
(Amazon S3 User Guide, "Deleting object versions from a versioning-enabled bucket").
"""

from collections.abc import Iterator
from typing import Any

from userprofiles.api.avatars import CLAIMED_PREFIX
from userprofiles.api.picture_key import PREFIX
from userprofiles.lifecycle.erasure.stores.store import CheckStop, CountedStore, StoreFailedError

EXPORTS_PREFIX = "exports/"
_PAGE = 1_000
"""Objects of one ListObjectVersions and of one DeleteObjects: the maximum of both."""


class FileStore(CountedStore):
    """All versions and delete markers below the prefixes of a user.

    Uploads come first: after that, no request that still runs can claim one of them.

    Args:
        client: A botocore client of S3.
        bucket: Name of the bucket.
    """

    name = "files"

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def count(self, sub: str, check_stop: CheckStop) -> int:
        """Return the number of versions and delete markers."""
        return sum(len(versions) for versions in self._pages(sub, check_stop))

    def delete(self, sub: str, check_stop: CheckStop) -> None:
        """Delete all versions and delete markers."""
        for versions in self._pages(sub, check_stop):
            if versions:
                response = self._client.delete_objects(
                    Bucket=self._bucket, Delete={"Objects": versions, "Quiet": True}
                )
                errors = response.get("Errors")
                if errors:
                    raise StoreFailedError(str(errors[0].get("Code")))

    def prefixes(self, sub: str) -> tuple[str, ...]:
        """Return the prefixes of a user's files. They end with a slash, so that no other sub matches."""
        return f"{PREFIX}{sub}/", f"{CLAIMED_PREFIX}{PREFIX}{sub}/", f"{EXPORTS_PREFIX}{sub}/"

    def _pages(self, sub: str, check_stop: CheckStop) -> Iterator[list[dict[str, str]]]:
        for prefix in self.prefixes(sub):
            position: dict[str, str] = {}
            while True:
                check_stop()
                response = self._client.list_object_versions(
                    Bucket=self._bucket, Prefix=prefix, MaxKeys=_PAGE, **position
                )
                entries = [*response.get("Versions", ()), *response.get("DeleteMarkers", ())]
                yield [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in entries]
                if not response.get("IsTruncated"):
                    break
                position = {
                    "KeyMarker": response["NextKeyMarker"],
                    "VersionIdMarker": response["NextVersionIdMarker"],
                }
