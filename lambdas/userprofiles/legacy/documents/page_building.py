"""Collects documents into pages that are bounded in number and in bytes."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from userprofiles.legacy.documents.document_source import DamagedDocument, DocumentPage, Position
from userprofiles.legacy.errors import LegacyError

_PAGE_BYTES = 4 * 1024 * 1024
"""Encoded bytes of a page, so that large documents need little memory. One document can be larger."""


class UnreadableDocumentError(Exception):
    """A document can't be decoded. The message says why, without data."""


@dataclass(frozen=True)
class ReadDocument:
    """A document of a source, or why it can't be read.

    Attributes:
        place: Where it is, such as `byte 123`.
        position: The position after it.
        size: The number of its bytes before it was decoded.
        document: The document; None if it can't be read.
        problem: Why it can't be read, without data.
    """

    place: str
    position: Position
    size: int
    document: Mapping[str, Any] | None = None
    problem: str = ""


def decode_document(
    decode: Callable[[bytes], Mapping[str, Any]], data: bytes, place: str, position: Position
) -> ReadDocument:
    """Decode a document.

    Args:
        decode: Decodes it, or raises an UnreadableDocumentError.
        data: The bytes of the document.
        place: Where it is.
        position: The position after it.
    """
    try:
        return ReadDocument(place, position, len(data), decode(data))
    except UnreadableDocumentError as error:
        return ReadDocument(place, position, len(data), problem=str(error))


def build_pages(read_documents: Iterable[ReadDocument], page_size: int) -> Iterator[DocumentPage]:
    """Yield pages of documents. Before an error, yield what was read up to it.

    Args:
        read_documents: The documents.
        page_size: The documents of a page, at most.

    Raises:
        LegacyError: The error of `read_documents`.
    """
    page: list[ReadDocument] = []
    page_bytes = 0
    try:
        for document in read_documents:
            page.append(document)
            page_bytes += document.size
            if len(page) >= page_size or page_bytes >= _PAGE_BYTES:
                yield _to_page(page)
                page, page_bytes = [], 0
    except LegacyError:
        if page:
            yield _to_page(page)
        raise
    if page:
        yield _to_page(page)


def _to_page(page: list[ReadDocument]) -> DocumentPage:
    return DocumentPage(
        documents=[entry.document for entry in page if entry.document is not None],
        position=page[-1].position,
        damaged=[DamagedDocument(entry.place, entry.problem) for entry in page if entry.document is None],
    )
