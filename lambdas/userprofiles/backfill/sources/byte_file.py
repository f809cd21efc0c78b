"""A file of this machine or of S3 that several segments read at the same time."""

import hashlib
import io
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Protocol, cast

from botocore.exceptions import BotoCoreError, ClientError

from userprofiles.backfill.error_messages import TableLocation
from userprofiles.backfill.errors import BackfillFailedError, ErrorKind, RefusedError
from userprofiles.backfill.sources.clients import SourceClients
from userprofiles.backfill.sources.service_errors import service_error
from userprofiles.backfill.sources.source_kinds import S3_PREFIX
from userprofiles.backfill.tables.calls import Calls

_LOCAL_BLOCK_BYTES = 1024 * 1024
_S3_BLOCK_BYTES = 4 * 1024 * 1024
_HEAD_BYTES = 64 * 1024


class ByteFile(Protocol):
    """A file that must not change between the plan and the end of the run."""

    def fingerprint(self, location: TableLocation) -> dict[str, Any]:
        """Return what the file is recognized by: its size, its time or ETag, and the SHA-256 of its head.

        Args:
            location: Region and endpoint for calls to AWS.

        Raises:
            BackfillError: The file can't be read.
        """

    def blocks(self, calls: Calls, start: int, expected: Mapping[str, Any]) -> Iterator[bytes]:
        """Yield the bytes from a position on.

        Args:
            calls: The calls of this thread, which count the calls to AWS.
            start: The position.
            expected: The fingerprint of the plan.

        Raises:
            RefusedError: The file has changed.
            BackfillFailedError: The file can't be read.
        """

    def count_lines(self, start: int, end: int) -> int | None:
        """Return the number of line ends between two positions; None if that takes a download."""


class LocalFile:
    """A file of this machine."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def fingerprint(self, _location: TableLocation) -> dict[str, Any]:
        """Return size, time of the last change, and SHA-256 of the head."""
        try:
            with self._path.open("rb") as file:
                head = file.read(_HEAD_BYTES)
                status = os.fstat(file.fileno())
        except OSError as error:
            raise _unreadable(self._path, error) from error
        if not self._path.is_file():
            raise RefusedError(f"{self._path}: must be a regular file, not a directory, a device or a pipe.")
        return {
            "size": status.st_size,
            "modified": status.st_mtime_ns,
            "head": hashlib.sha256(head).hexdigest(),
        }

    def blocks(self, calls: Calls, start: int, expected: Mapping[str, Any]) -> Iterator[bytes]:
        """Yield the bytes from a position on, after a comparison with the fingerprint."""
        with self.open(calls, expected) as file:
            try:
                file.seek(start)
                while block := file.read(_LOCAL_BLOCK_BYTES):
                    yield block
            except OSError as error:
                raise _unreadable(self._path, error) from error

    def open(self, calls: Calls, expected: Mapping[str, Any]) -> IO[bytes]:
        """Open the file for reading at any position, after a comparison with the fingerprint.

        Raises:
            RefusedError: The file has changed.
            BackfillFailedError: The file can't be read.
        """
        if self.fingerprint(calls.location) != dict(expected):
            raise changed_error(str(self._path))
        try:
            return self._path.open("rb")
        except OSError as error:
            raise _unreadable(self._path, error) from error

    def count_lines(self, start: int, end: int) -> int | None:
        """Return the number of line ends between two positions."""
        count = 0
        with self._path.open("rb") as file:
            file.seek(start)
            while start < end and (block := file.read(min(_LOCAL_BLOCK_BYTES, end - start))):
                count += block.count(b"\n")
                start += len(block)
        return count


class S3File:
    """An object in S3. Each read has the condition that the ETag is that of the plan.

    Args:
        uri: `s3://BUCKET/KEY`.
        clients: Creates the client of S3.

    Raises:
        RefusedError: The URI has no bucket or no key.
    """

    def __init__(self, uri: str, clients: SourceClients) -> None:
        self._uri = uri
        self._bucket, _, self._key = uri.removeprefix(S3_PREFIX).partition("/")
        if not self._bucket or not self._key:
            raise RefusedError(f"{uri}: must be s3://BUCKET/KEY, such as s3://my-bucket/users.jsonl.")
        self._clients = clients

    def fingerprint(self, location: TableLocation) -> dict[str, Any]:
        """Return size, ETag, and SHA-256 of the head."""
        response, head = self._get(location, 0, _HEAD_BYTES)
        size = int(response.get("ContentRange", f"/{len(head)}").rpartition("/")[2])
        return {"size": size, "etag": response["ETag"], "head": hashlib.sha256(head).hexdigest()}

    def blocks(self, calls: Calls, start: int, expected: Mapping[str, Any]) -> Iterator[bytes]:
        """Yield the bytes from a position on. Each request reads one block, so that none waits for long."""
        while start < expected["size"]:
            block = self.read(calls, start, _S3_BLOCK_BYTES, expected)
            yield block
            start += len(block)

    def open(self, calls: Calls, expected: Mapping[str, Any]) -> IO[bytes]:
        """Open the object for reading at any position. Each read is a request."""
        return cast("IO[bytes]", S3Reader(self, calls, expected))

    def read(self, calls: Calls, start: int, length: int, expected: Mapping[str, Any]) -> bytes:
        """Read a part of the object.

        Raises:
            RefusedError: The object has changed.
            BackfillFailedError: The object can't be read.
        """
        calls.meter.calls["GetObject"] += 1
        return self._get(calls.location, start, length, IfMatch=expected["etag"])[1]

    def count_lines(self, _start: int, _end: int) -> int | None:
        """Return None: the count would take a download."""
        return None

    def _get(
        self, location: TableLocation, start: int, length: int, **condition: str
    ) -> tuple[Mapping[str, Any], bytes]:
        part = f"bytes={start}-{start + length - 1}"
        try:
            client = self._clients.get("s3", location)
            response = client.get_object(Bucket=self._bucket, Key=self._key, Range=part, **condition)
            return response, response["Body"].read()
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code in {"PreconditionFailed", "412"}:
                raise changed_error(self._uri) from error
            if code in {"InvalidRange", "416"}:
                raise RefusedError(f"{self._uri}: the file is empty.") from error
            raise service_error(error, "s3:GetObject", self._uri) from error
        except BotoCoreError as error:
            raise service_error(error, "s3:GetObject", self._uri) from error


class S3Reader(io.RawIOBase):
    """An object in S3 as a file of Python.

    Args:
        file: The object.
        calls: The calls of this thread, which count the requests.
        expected: The fingerprint of the plan.
    """

    def __init__(self, file: S3File, calls: Calls, expected: Mapping[str, Any]) -> None:
        super().__init__()
        self._file = file
        self._calls = calls
        self._expected = expected
        self._position = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position of the next read."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move the position."""
        begin = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._expected["size"]}[whence]
        self._position = begin + offset
        return self._position

    def read(self, length: int = -1) -> bytes:
        """Read bytes: less than `length` only at the end of the object."""
        rest: int = self._expected["size"] - self._position
        length = rest if length < 0 else min(length, rest)
        if length <= 0:
            return b""
        data = self._file.read(self._calls, self._position, length, self._expected)
        self._position += len(data)
        return data


def changed_error(name: str) -> RefusedError:
    """Return the error for a file that has changed since the plan."""
    return RefusedError(
        f"{name}: the file has changed since the plan. Restore the file, or make a new plan with "
        "`userprofiles backfill plan`."
    )


def _unreadable(path: Path, error: OSError) -> BackfillFailedError:
    return BackfillFailedError(
        ErrorKind.STATE,
        f"{path}: the file can't be read: {error.strerror}.\n"
        "Check the path and the permissions. A state machine can't read a file of this machine: use "
        "s3://BUCKET/KEY.",
    )
