"""The users of a full DynamoDB export in S3, in DynamoDB JSON. Reading it consumes no capacity of the table.

An export has the folder `<prefix>/AWSDynamoDB/<ExportId>` with `manifest-files.json`, one line for each file,
and the files in `data/`, one JSON object `{"Item": …}` in each line, compressed with gzip:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html
"""

import base64
import hashlib
import json
import sys
import threading
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from userprofiles.backfill.error_messages import TableLocation
from userprofiles.backfill.errors import BackfillFailedError, ErrorKind, RefusedError
from userprofiles.backfill.sources.byte_file import S3File
from userprofiles.backfill.sources.clients import SourceClients
from userprofiles.backfill.sources.file_source import FileSource, UserReader
from userprofiles.backfill.sources.records import ItemRecords
from userprofiles.backfill.sources.source import Cursor, Page
from userprofiles.backfill.tables.calls import Calls
from userprofiles.backfill.users.user_row import Row, UserRow

_BLOCK_BYTES = 1024 * 1024
_PIECE_BYTES = 4096
_GZIP = 16 + zlib.MAX_WBITS


@dataclass(frozen=True)
class ExportPart:
    """One data file of an export.

    Attributes:
        name: The name of the file.
        md5: The MD5 of its bytes, in base64.
    """

    name: str
    md5: str


class ExportedFile:
    """A data file of an export, uncompressed.

    gzip can't be read from the middle, so reading from a position begins at the beginning.

    Args:
        file: The compressed file.
        part: Its entry in the manifest.
    """

    def __init__(self, file: S3File, part: ExportPart) -> None:
        self._file = file
        self._part = part

    def fingerprint(self, location: TableLocation) -> dict[str, Any]:
        """Return the fingerprint of the compressed file."""
        return self._file.fingerprint(location)

    def blocks(self, calls: Calls, start: int, _expected: Mapping[str, Any]) -> Iterator[bytes]:
        """Yield the uncompressed bytes from a position on.

        Raises:
            BackfillFailedError: The file is not that of the manifest, or can't be read.
        """
        for block in self._decompress(self._checked_blocks(calls)):
            skipped = min(start, len(block))
            start -= skipped
            if skipped < len(block):
                yield block[skipped:]

    def _checked_blocks(self, calls: Calls) -> Iterator[bytes]:
        digest = hashlib.md5(usedforsecurity=False)  # DynamoDB's checksum
        calls.meter.calls["GetObject"] += 1
        for block in self._file.blocks(calls, 0, self._file.fingerprint(calls.location)):
            digest.update(block)
            yield block
        if self._part.md5 and base64.b64encode(digest.digest()).decode() != self._part.md5:
            raise self._error("differs from its checksum in the manifest")

    def _decompress(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        decompressor = zlib.decompressobj(_GZIP)
        # In small pieces: each part of the file copies the rest of its piece, and a part can have 20 bytes.
        pieces = (
            block[start : start + _PIECE_BYTES]
            for block in blocks
            for start in range(0, len(block), _PIECE_BYTES)
        )
        for compressed in pieces:
            data = compressed
            while data:
                if decompressor.eof:  # a file can have several parts
                    decompressor = zlib.decompressobj(_GZIP)
                try:
                    yield decompressor.decompress(data, _BLOCK_BYTES)
                except zlib.error as error:
                    raise self._error("is not compressed with gzip") from error
                data = decompressor.unconsumed_tail or decompressor.unused_data
        if not decompressor.eof:
            raise self._error("ends in the middle of its compressed data")

    def _error(self, problem: str) -> BackfillFailedError:
        return BackfillFailedError(
            ErrorKind.STATE,
            f"The file data/{self._part.name} of the export {problem}.\nCopy it again, or make a new export.",
        )

    def count_lines(self, _start: int, _end: int) -> int | None:
        """Return None: the count would take a download."""
        return None


class ExportSource:
    """The users of an export. Each data file is a segment.

    Args:
        document: The source as the job has it.
        clients: Creates the client of S3.
        reader: Reads users from items.
        page_rows: The items of a page.
    """

    def __init__(
        self, document: Mapping[str, Any], clients: SourceClients, reader: UserReader, page_rows: int
    ) -> None:
        self._document = document
        self._path: str = document["path"]
        self._clients = clients
        self._reader = reader
        self._page_rows = page_rows
        self._lock = threading.Lock()
        self._parts: list[ExportPart] = []
        self._row_source = self._source("", ExportPart("", ""))

    @property
    def segments(self) -> int:
        """The number of data files with items."""
        files: int = self._document["files"]
        return files

    def identity(self) -> Mapping[str, Any]:
        """Return path, mapping and fingerprint of the manifest."""
        return dict(self._document)

    def read_pages(self, calls: Calls, segment: int, cursor: Cursor | None) -> Iterator[Page]:
        """Yield the items of a data file."""
        return self._part_source(calls, segment).read_pages(calls, 0, cursor)

    def read_users(self, rows: Sequence[Row]) -> list[UserRow]:
        """Read the users of some items."""
        return self._row_source.read_users(rows)

    def read_rows(self, calls: Calls, keys: Sequence[Mapping[str, str]]) -> list[Row]:
        """Read items by their positions. Each takes the download of its file up to that position."""
        return [
            row for key in keys for row in self._part_source(calls, int(key["file"])).read_rows(calls, [key])
        ]

    def _part_source(self, calls: Calls, segment: int) -> FileSource:
        with self._lock:
            if not self._parts:
                self._parts = read_manifest(calls, self._path, self._clients, self._document["fingerprint"])
            part = self._parts[segment]
        return self._source(str(segment), part)

    def _source(self, number: str, part: ExportPart) -> FileSource:
        return FileSource(
            {"fingerprint": {"size": sys.maxsize}},  # the uncompressed size is not known
            open_part(self._path, part, self._clients),
            ItemRecords(),
            self._reader,
            segments=1,
            page_rows=self._page_rows,
            file_number=number,
        )


def open_part(path: str, part: ExportPart, clients: SourceClients) -> ExportedFile:
    """Return a data file of an export."""
    return ExportedFile(S3File(f"{path}/data/{part.name}", clients), part)


def manifest_file(path: str, clients: SourceClients) -> S3File:
    """Return the list of the data files of an export."""
    return S3File(f"{path}/manifest-files.json", clients)


def read_manifest(
    calls: Calls, path: str, clients: SourceClients, fingerprint: Mapping[str, Any]
) -> list[ExportPart]:
    """Return the data files with items.

    Only the names of the files are used: they are in `data/` beside the manifest, wherever it is.

    Raises:
        RefusedError: The manifest has changed, or it is not that of an export.
        BackfillFailedError: It can't be read.
    """
    data = b"".join(manifest_file(path, clients).blocks(calls, 0, fingerprint))
    try:
        entries = [json.loads(line) for line in data.decode().splitlines() if line.strip()]
        return [
            ExportPart(str(entry["dataFileS3Key"]).rpartition("/")[2], str(entry.get("md5Checksum") or ""))
            for entry in entries
            if int(entry["itemCount"])
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise RefusedError(
            f"{path}/manifest-files.json: must be the manifest of a DynamoDB export, one JSON object with "
            "itemCount and dataFileS3Key in each line."
        ) from error


def check_summary(calls: Calls, path: str, clients: SourceClients) -> None:
    """Check that an export is a full one, in DynamoDB JSON.

    Raises:
        RefusedError: It is another kind of export.
        BackfillFailedError: Its summary can't be read.
    """
    file = S3File(f"{path}/manifest-summary.json", clients)
    data = b"".join(file.blocks(calls, 0, file.fingerprint(calls.location)))
    try:
        summary = json.loads(data)
        actual = (summary["outputFormat"], summary.get("exportType") or "FULL_EXPORT")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RefusedError(
            f"{path}/manifest-summary.json: must be the summary of a DynamoDB export."
        ) from error
    if actual != ("DYNAMODB_JSON", "FULL_EXPORT"):
        raise RefusedError(
            f"{path}: the export has the format {actual[0]} and the type {actual[1]}. Allowed are "
            "DYNAMODB_JSON and FULL_EXPORT. Make such an export with "
            "`aws dynamodb export-table-to-point-in-time`."
        )
