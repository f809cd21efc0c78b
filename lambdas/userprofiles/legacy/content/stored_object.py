"""An object in S3, and what shows that two objects have the same content. Pure functions.

Checksums and ETags are those of the Amazon S3 User Guide, "Checking object integrity":
https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
A checksum of type COMPOSITE and an ETag with a hyphen depend on the sizes of the parts. An ETag is an MD5 if
the object has no parts and is encrypted with keys of S3 (API reference, "Object").
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

ALGORITHMS = ("CRC64NVME", "SHA256", "SHA1", "CRC32C", "CRC32")
"""The algorithms for which S3 can have a checksum of the full object."""

_ARCHIVES = frozenset({"GLACIER", "DEEP_ARCHIVE"})

RUN_ID = "migration-run-id"
SOURCE = "migration-source"


class Proof(StrEnum):
    """What shows that a copy equals its source."""

    CHECKSUM = "checksum"
    ETAG = "ETag"
    SIZE = "size only"


@dataclass(frozen=True)
class StoredObject:
    """An object as HeadObject describes it.

    Attributes:
        size: Its bytes.
        content_type: Its MIME type.
        etag: Its ETag with quotes.
        version: Its version; empty in a bucket without versions.
        checksums: The checksums of the full object by algorithm, in base64.
        has_md5_etag: Whether the ETag is the MD5 of the content.
        metadata: Its metadata.
        is_archived: Whether it must be restored before it can be read.
    """

    size: int
    content_type: str = ""
    etag: str = ""
    version: str = ""
    checksums: Mapping[str, str] = field(default_factory=dict)
    has_md5_etag: bool = False
    metadata: Mapping[str, str] = field(default_factory=dict)
    is_archived: bool = False


def read_head(response: Mapping[str, Any]) -> StoredObject:
    """Return the object of a response to HeadObject with `ChecksumMode` ENABLED."""
    etag = str(response.get("ETag", ""))
    is_whole = response.get("ChecksumType", "FULL_OBJECT") == "FULL_OBJECT"
    checksums = {name: response.get(f"Checksum{name}") for name in ALGORITHMS}
    return StoredObject(
        size=int(response["ContentLength"]),
        content_type=str(response.get("ContentType", "")),
        etag=etag,
        version=str(response.get("VersionId", "")),
        checksums={name: text for name, text in checksums.items() if is_whole and text and "-" not in text},
        has_md5_etag="-" not in etag and response.get("ServerSideEncryption", "AES256") == "AES256",
        metadata=dict(response.get("Metadata", {})),
        is_archived=_is_archived(response),
    )


def _is_archived(response: Mapping[str, Any]) -> bool:
    """Return whether an object can't be read. `Restore` describes a restored copy (API, "HeadObject")."""
    is_restored = 'ongoing-request="false"' in str(response.get("Restore", ""))
    in_archive = response.get("StorageClass") in _ARCHIVES or "ArchiveStatus" in response
    return in_archive and not is_restored


def compare(source: StoredObject, copy: StoredObject) -> Proof | None:
    """Return what shows that a copy equals its source; None if they differ."""
    if source.size != copy.size:
        return None
    common = source.checksums.keys() & copy.checksums.keys()
    if common:
        return (
            Proof.CHECKSUM if all(source.checksums[name] == copy.checksums[name] for name in common) else None
        )
    if source.has_md5_etag and copy.has_md5_etag:
        return Proof.ETAG if source.etag == copy.etag else None
    return Proof.SIZE
