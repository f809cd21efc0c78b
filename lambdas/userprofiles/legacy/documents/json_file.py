"""Reads a file of mongoexport document by document. Flat memory: one block and one document.

Without options, mongoexport writes one document in each line; with `--jsonArray`, one array, and with
`--pretty`, documents of several lines (https://www.mongodb.com/docs/database-tools/mongoexport). In lines, a
damaged document ends with its line. In the other forms, it ends with the bracket that closes it.
"""

import codecs
import itertools
from collections.abc import Iterator

from userprofiles.backfill.sources.lines import Line, read_lines
from userprofiles.legacy.documents.bson_decoding import decode_extended_json
from userprofiles.legacy.documents.document_source import Position
from userprofiles.legacy.documents.input_file import InputFile
from userprofiles.legacy.documents.json_scanner import MAX_DOCUMENT_BYTES, scan_documents
from userprofiles.legacy.documents.page_building import ReadDocument, decode_document

_HEAD_BYTES = 1024


def read_json_file(file: InputFile, position: Position | None) -> Iterator[ReadDocument]:
    """Yield the documents of a file.

    Args:
        file: The file.
        position: The position after a document; None for the beginning.

    Raises:
        SourceRefusedError: The file can't be read.
        SourceDamagedError: The file ends in the middle of a document or an array, or has something else
            between two documents.
    """
    if _has_lines(file):
        return _read_lines(file, position)
    return scan_documents(file, position)


def _has_lines(file: InputFile) -> bool:
    """Return whether each line is a document. The answer is the same wherever reading continues."""
    head = b"".join(itertools.islice(file.blocks(0), 1))[:_HEAD_BYTES]
    head = head.removeprefix(codecs.BOM_UTF8).lstrip()
    first_line = head.partition(b"\n")[0].strip()
    return not head.startswith(b"[") and first_line != b"{"


def _read_lines(file: InputFile, position: Position | None) -> Iterator[ReadDocument]:
    start = int(position["byte"]) if position else 0
    number = int(position["line"]) if position else 0
    for line in read_lines(file.blocks(start), start, MAX_DOCUMENT_BYTES):
        number += 1
        document = _read_line(line, number)
        if document.document is None and not _has_line_end(line):
            raise file.damaged(document.place, "the file ends in the middle of a document")
        if document.size:
            yield document


def _read_line(line: Line, number: int) -> ReadDocument:
    """Read the document of a line. Its size is 0 if the line is empty."""
    place, position = f"line {number:,}", {"byte": line.end, "line": number}
    if line.data is None:
        problem = f"it has more than {MAX_DOCUMENT_BYTES:,} bytes"
        return ReadDocument(place, position, line.end - line.offset, problem=problem)
    data = line.data.removeprefix(codecs.BOM_UTF8) if line.offset == 0 else line.data
    if not data.strip():
        return ReadDocument(place, position, 0, {})
    return decode_document(decode_extended_json, data, place, position)


def _has_line_end(line: Line) -> bool:
    """Return whether a line is complete: mongoexport ends each line. If too long, assume it."""
    return line.data is None or line.end > line.offset + len(line.data)
