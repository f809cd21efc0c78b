"""The collections of a folder, each in a file: a dump or an export."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from userprofiles.legacy.documents.bson_file import read_bson_file
from userprofiles.legacy.documents.document_source import DocumentPage, Position
from userprofiles.legacy.documents.folder_listing import list_dump, list_export
from userprofiles.legacy.documents.input_file import InputFile
from userprofiles.legacy.documents.json_file import read_json_file
from userprofiles.legacy.documents.page_building import ReadDocument, build_pages
from userprofiles.legacy.errors import SourceRefusedError

DocumentReader = Callable[[InputFile, Position | None], Iterator[ReadDocument]]


def open_dump(folder: Path) -> "FolderSource":
    """Open a folder that mongodump has written.

    Raises:
        SourceRefusedError: The folder can't be read, or it is not the dump of one database.
    """
    return FolderSource("dump", list_dump(folder), read_bson_file)


def open_export(folder: Path) -> "FolderSource":
    """Open a folder with files of mongoexport.

    Raises:
        SourceRefusedError: The folder can't be read, or it has no such file.
    """
    return FolderSource("export", list_export(folder), read_json_file)


class FolderSource:
    """The collections of a folder. It opens a file only while it reads it.

    Args:
        kind: The kind of the source, such as `dump`.
        files: The file of each collection.
        read_documents: Reads the documents of a file, from a position on.
    """

    def __init__(self, kind: str, files: Mapping[str, InputFile], read_documents: DocumentReader) -> None:
        self._kind = kind
        self._files = dict(sorted(files.items()))
        self._read_documents = read_documents

    def identity(self) -> Mapping[str, Any]:
        """Return the fingerprint of each file. The folder is not a part of it, so it can be moved."""
        return {
            "kind": self._kind,
            "collections": {name: file.fingerprint() for name, file in self._files.items()},
        }

    def collections(self) -> Sequence[str]:
        """Return the names of the collections, sorted."""
        return list(self._files)

    def read_pages(
        self, collection: str, position: Position | None = None, page_size: int = 500
    ) -> Iterator[DocumentPage]:
        """Yield the documents of a collection, page by page.

        Raises:
            SourceRefusedError: The collection does not exist, or its file can't be read.
            SourceDamagedError: The rest of the file can't be read.
        """
        file = self._files.get(collection)
        if file is None:
            raise unknown_collection(collection, self.collections())
        return build_pages(self._read_documents(file, position), page_size)

    def close(self) -> None:
        """Do nothing: no file stays open."""


def unknown_collection(collection: str, collections: Sequence[str]) -> SourceRefusedError:
    """Return the error for a collection that does not exist."""
    return SourceRefusedError(
        f"The source has no collection {collection!r}. "
        f"Its collections: {', '.join(collections) or 'none'}. "
        "Change the name in the mapping, or read another source."
    )
