"""Finds the documents of a JSON array, or of a sequence of JSON objects."""

import codecs
import re
from collections.abc import Iterator

from userprofiles.legacy.documents.bson_decoding import decode_extended_json
from userprofiles.legacy.documents.document_source import Position
from userprofiles.legacy.documents.input_file import InputFile
from userprofiles.legacy.documents.page_building import ReadDocument, decode_document
from userprofiles.legacy.errors import SourceDamagedError

# A document of 16 MiB can be a multiple of that in Extended JSON.
MAX_DOCUMENT_BYTES = 128 * 1024 * 1024

# A whole string, a bracket, or the quote of a string that does not end in the buffer.
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}\[\]"]', re.DOTALL)
_BETWEEN_DOCUMENTS = re.compile(rb"[^ \t\r\n,]")


def scan_documents(file: InputFile, position: Position | None) -> Iterator[ReadDocument]:
    """Yield the documents of a file.

    Args:
        file: The file: one array of objects, or objects one after the other.
        position: The position after a document; None for the beginning.

    Raises:
        SourceRefusedError: The file can't be read.
        SourceDamagedError: The file ends in the middle of a document or an array, or has something else
            between two documents.
    """
    scanner = _Scanner(file, position or {"byte": 0, "array": False})
    for block in file.blocks(scanner.offset):
        scanner.add(block)
        yield from scanner.read_documents()
    scanner.check_end()


class _Scanner:
    """Finds the brackets that begin and end documents.

    Args:
        file: The file, for errors.
        position: The position of the first byte, and whether it is inside an array.

    Attributes:
        offset: The position in the file of the first byte of the buffer.
    """

    def __init__(self, file: InputFile, position: Position) -> None:
        self.offset = int(position["byte"])
        self._file = file
        self._is_in_array = bool(position["array"])
        self._is_at_beginning = self.offset == 0
        self._is_complete = False
        self._buffer = b""
        self._cursor = 0  # the next byte to scan
        self._begin: int | None = None  # the first byte of an unfinished document
        self._depth = 0

    def add(self, block: bytes) -> None:
        """Add a block, and drop what is scanned, except an unfinished document."""
        done = self._cursor if self._begin is None else self._begin
        self._buffer = self._buffer[done:] + block
        self.offset += done
        self._cursor -= done
        if self._begin is not None:
            self._begin = 0

    def read_documents(self) -> Iterator[ReadDocument]:
        """Yield the documents that end in the buffer.

        Raises:
            SourceDamagedError: There is something else between two documents.
        """
        while self._begin is not None or self._find_begin():
            begin, end = self._begin or 0, self._find_end()
            if end is None:
                if len(self._buffer) - begin > MAX_DOCUMENT_BYTES:
                    raise self._error(begin, f"a document has no end in {MAX_DOCUMENT_BYTES:,} bytes")
                return
            position: Position = {"byte": self.offset + end, "array": self._is_in_array}
            yield decode_document(
                decode_extended_json, self._buffer[begin:end], f"byte {self.offset + begin:,}", position
            )
            self._begin = None

    def check_end(self) -> None:
        """Check that the file is complete.

        Raises:
            SourceDamagedError: It is truncated.
        """
        if self._begin is not None:
            raise self._error(self._begin, "the file ends in the middle of a document")
        if self._is_in_array and not self._is_complete:
            raise self._error(len(self._buffer), "the file ends before the end of the array")

    def _find_begin(self) -> bool:
        """Move to the next document. Return whether it begins in the buffer."""
        if self._is_at_beginning and self._buffer.startswith(codecs.BOM_UTF8):
            self._cursor = len(codecs.BOM_UTF8)
        while (match := _BETWEEN_DOCUMENTS.search(self._buffer, self._cursor)) is not None:
            self._cursor = match.start()
            if match[0] == b"{" and not self._is_complete:
                self._begin = self._cursor
                self._is_at_beginning = False
                return True
            if match[0] == b"[" and self._is_at_beginning:
                self._is_in_array = True
            elif match[0] == b"]" and self._is_in_array and not self._is_complete:
                self._is_complete = True
            else:
                raise self._error(self._cursor, "there is something else than a document")
            self._is_at_beginning = False
            self._cursor += 1
        self._cursor = len(self._buffer)
        return False

    def _find_end(self) -> int | None:
        """Return the end of the unfinished document, or None if it is not in the buffer."""
        for match in _TOKEN.finditer(self._buffer, self._cursor):
            token = match[0]
            if token in {b"{", b"["}:
                self._depth += 1
            elif token in {b"}", b"]"}:
                self._depth -= 1
                if not self._depth:
                    self._cursor = match.end()
                    return self._cursor
            elif token == b'"':  # the string ends in a later block
                self._cursor = match.start()
                return None
        self._cursor = len(self._buffer)
        return None

    def _error(self, index: int, reason: str) -> SourceDamagedError:
        return self._file.damaged(f"byte {self.offset + index:,}", reason)
