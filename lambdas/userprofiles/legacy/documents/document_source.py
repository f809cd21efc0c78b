"""What an import needs of a source of documents."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

Position = dict[str, Any]
"""A JSON document. Reading continues after it. None stands for the beginning of a collection."""


@dataclass(frozen=True)
class DamagedDocument:
    """A document that can't be read, although the documents after it can.

    Attributes:
        place: Where it is, such as `byte 123` or `line 7`.
        reason: What is wrong, without data.
    """

    place: str
    reason: str


@dataclass(frozen=True)
class DocumentPage:
    """Some documents of a collection.

    Attributes:
        documents: The documents that can be read, in the order of the source.
        position: The position after the page.
        damaged: The documents of the page that can't be read.
    """

    documents: Sequence[Mapping[str, Any]]
    position: Position
    damaged: Sequence[DamagedDocument] = ()


class DocumentSource(Protocol):
    """The collections of an old database."""

    def identity(self) -> Mapping[str, Any]:
        """Return what a plan recognizes the source by. It has no data of users and no credentials."""

    def collections(self) -> Sequence[str]:
        """Return the names of the collections, sorted."""

    def read_pages(
        self, collection: str, position: Position | None = None, page_size: int = 500
    ) -> Iterator[DocumentPage]:
        """Yield the documents of a collection, page by page.

        Args:
            collection: The name of the collection.
            position: The position of the last page that is done; None for the beginning.
            page_size: The documents of a page, at most.

        Raises:
            SourceRefusedError: The collection does not exist or can't be read.
            SourceUnavailableError: The server of the source does not answer.
            SourceDamagedError: The rest of the collection can't be read.
        """

    def close(self) -> None:
        """Close files and connections."""
