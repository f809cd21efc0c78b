"""Reads a file of mongodump document by document. Flat memory: one block and one document.

The file is a sequence of documents. Each begins with its length in 4 bytes, little-endian
(https://bsonspec.org/spec.html), so a document that can't be decoded does not hide the next one. A wrong
length does: the rest of the file can't be read then.
"""

from collections.abc import Iterator

from userprofiles.legacy.documents.bson_decoding import decode_bson
from userprofiles.legacy.documents.document_source import Position
from userprofiles.legacy.documents.input_file import InputFile
from userprofiles.legacy.documents.page_building import ReadDocument, decode_document

_LENGTH_BYTES = 4
_MIN_DOCUMENT_BYTES = 5
# MongoDB's limit for a document is 16 MiB (https://www.mongodb.com/docs/manual/reference/limits/). The server
# adds up to 16 KiB to documents of its own.
_MAX_DOCUMENT_BYTES = 16 * 1024 * 1024 + 16 * 1024


def read_bson_file(file: InputFile, position: Position | None) -> Iterator[ReadDocument]:
    """Yield the documents of a file.

    Args:
        file: The file.
        position: The position after a document; None for the beginning.

    Raises:
        SourceRefusedError: The file can't be read.
        SourceDamagedError: A length is wrong, or the file ends in the middle of a document.
    """
    start = int(position["byte"]) if position else 0
    buffer = bytearray()
    offset = start  # the position of the first byte of the buffer
    for block in file.blocks(start):
        buffer += block
        begin = 0
        while (end := _document_end(file, buffer, begin, offset + begin)) is not None:
            place = f"byte {offset + begin:,}"
            yield decode_document(
                decode_bson, bytes(memoryview(buffer)[begin:end]), place, {"byte": offset + end}
            )
            begin = end
        del buffer[:begin]
        offset += begin
    if buffer:
        raise file.damaged(f"byte {offset:,}", "the file ends in the middle of a document")


def _document_end(file: InputFile, buffer: bytearray, begin: int, offset: int) -> int | None:
    """Return the end of a document in the buffer, or None if the buffer does not have the whole document.

    Raises:
        SourceDamagedError: The length of the document is wrong.
    """
    if len(buffer) - begin < _LENGTH_BYTES:
        return None
    length = int.from_bytes(buffer[begin : begin + _LENGTH_BYTES], "little", signed=True)
    place = f"byte {offset:,}"
    if not _MIN_DOCUMENT_BYTES <= length <= _MAX_DOCUMENT_BYTES:
        raise file.damaged(
            place,
            f"the document there has the length {length:,}, which must be "
            f"{_MIN_DOCUMENT_BYTES} to {_MAX_DOCUMENT_BYTES:,}. Either the file is not BSON, "
            "or this document or the one before it is damaged",
        )
    end = begin + length
    if end > len(buffer):
        return None
    if buffer[end - 1]:
        raise file.damaged(
            place,
            f"the document there has the length {length:,}, but does not end with a zero byte",
        )
    return end
