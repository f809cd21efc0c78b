"""A file of a dump or an export, plain or compressed with gzip, as a stream of blocks."""

import gzip
import hashlib
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

from userprofiles.legacy.errors import SourceDamagedError, SourceRefusedError

GZIP_SUFFIX = ".gz"

_GZIP_HEAD = b"\x1f\x8b\x08"

_BLOCK_BYTES = 1024 * 1024
_DIGEST_BYTES = 64 * 1024


class InputFile:
    """A file that must not change during an import.

    A position in a compressed file counts the bytes after decompression. A file of gzip can have several
    members, as `cat a.gz b.gz` writes them.

    Args:
        path: The path. The suffix `.gz` stands for gzip.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_compressed = path.suffix == GZIP_SUFFIX

    @property
    def name(self) -> str:
        """The name of the file in its folder."""
        return self._path.name

    def fingerprint(self) -> dict[str, Any]:
        """Return size, time of the last change, and SHA-256 of the head and the tail.

        Raises:
            SourceRefusedError: The file can't be read.
        """
        try:
            with self._path.open("rb") as file:
                status = os.fstat(file.fileno())
                digest = hashlib.sha256(file.read(_DIGEST_BYTES))
                file.seek(max(0, status.st_size - _DIGEST_BYTES))
                digest.update(file.read(_DIGEST_BYTES))
        except OSError as error:
            raise self._unreadable(error) from None
        return {"size": status.st_size, "modified": status.st_mtime_ns, "sha256": digest.hexdigest()}

    def blocks(self, start: int) -> Iterator[bytes]:
        """Yield the bytes from a position on. Of a compressed file, the part before it is decompressed, too.

        Raises:
            SourceRefusedError: The file can't be read.
            SourceDamagedError: The file is not valid gzip, or ends in the middle of it.
        """
        position = start
        try:
            if self._is_compressed and not self._path.stat().st_size:
                raise self._damaged_at(0, "the compressed file is empty")
            with self._open() as file:
                file.seek(start)
                while block := file.read(_BLOCK_BYTES):
                    yield block
                    position += len(block)
        except EOFError:
            raise self._damaged_at(position, "the compressed file is truncated") from None
        except (gzip.BadGzipFile, zlib.error):
            raise self._damaged_at(position, self._explain_gzip()) from None
        except OSError as error:
            raise self._unreadable(error) from None

    def damaged(self, place: str, reason: str) -> SourceDamagedError:
        """Return the error for a file that can't be read from a place on.

        Args:
            place: The place, such as `byte 123` or `line 7`.
            reason: What is wrong there, without data.
        """
        if self._has_gzip_head() and not self._is_compressed:
            reason = (
                f"the file is compressed with gzip, but its name does not end with {GZIP_SUFFIX}. "
                f"Rename it to {self.name}{GZIP_SUFFIX}"
            )
        return SourceDamagedError(self.name, place, reason)

    def _has_gzip_head(self) -> bool:
        try:
            with self._path.open("rb") as file:
                return file.read(len(_GZIP_HEAD)) == _GZIP_HEAD
        except OSError:
            return False

    def _explain_gzip(self) -> str:
        if self._has_gzip_head():
            return "the file is not valid gzip"
        return (
            f"the file is not valid gzip. If it is not compressed, rename it to {self._path.stem}, "
            f"without {GZIP_SUFFIX}"
        )

    def _open(self) -> IO[bytes]:
        if self._is_compressed:
            return cast("IO[bytes]", gzip.open(self._path, "rb"))
        return self._path.open("rb")

    def _damaged_at(self, position: int, reason: str) -> SourceDamagedError:
        return self.damaged(f"byte {position:,}", reason)

    def _unreadable(self, error: OSError) -> SourceRefusedError:
        return SourceRefusedError(
            f"{self._path}: the file can't be read: {error.strerror or 'unknown reason'}. "
            "Check the path and the permissions."
        )
