"""The collections of a running MongoDB.

No message, log line or representation contains the user name, the password or the options of the URI: texts
of pymongo are never passed on, because some contain parts of the URI.
"""

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn
from urllib.parse import parse_qs

from bson.codec_options import CodecOptions
from bson.errors import BSONError
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient
from pymongo.errors import AutoReconnect, CursorNotFound, PyMongoError, ServerSelectionTimeoutError

from userprofiles.legacy.documents.bson_decoding import (
    CODEC_OPTIONS,
    decode_bson,
    from_extended_json,
    to_extended_json,
)
from userprofiles.legacy.documents.document_source import DocumentPage, Position
from userprofiles.legacy.documents.folder_source import unknown_collection
from userprofiles.legacy.documents.id_order import later_ids
from userprofiles.legacy.documents.live_errors import refuse, refuse_database, refuse_uri
from userprofiles.legacy.documents.page_building import ReadDocument, build_pages, decode_document
from userprofiles.legacy.documents.source_text import public_source_text

_ATTEMPTS = 4
"""Attempts without a single document in between, before a lost connection ends the read."""

# Without a time-out, a lost connection would stop an import forever. With `majority`, nothing is read that a
# failover can undo (https://www.mongodb.com/docs/manual/reference/read-concern-majority/).
_DEFAULT_OPTIONS: dict[str, Any] = {
    "serverSelectionTimeoutMS": 10_000,
    "connectTimeoutMS": 10_000,
    "socketTimeoutMS": 60_000,
    "readConcernLevel": "majority",
    "appName": "userprofiles-import",
}

# Documents stay encoded until `decode_bson`, so that a damaged one does not hide the others of its batch.
_RAW_OPTIONS: CodecOptions[RawBSONDocument] = CodecOptions(
    document_class=RawBSONDocument,
    tz_aware=CODEC_OPTIONS.tz_aware,
    uuid_representation=CODEC_OPTIONS.uuid_representation,
    datetime_conversion=CODEC_OPTIONS.datetime_conversion,
)


class LiveSource:
    """The collections of a database of MongoDB, which other programs may change during the import.

    Documents come in the order of `_id`. A document that is inserted behind the position is not read. The
    delta pass reads it.

    Args:
        uri: The URI with the name of the database, such as `mongodb://HOST/DATABASE`.

    Raises:
        SourceRefusedError: The URI is not valid.
    """

    def __init__(self, uri: str) -> None:
        self._address = public_source_text(uri)
        # At level DEBUG, pymongo logs documents.
        logging.getLogger("pymongo").setLevel(logging.WARNING)
        uri_options = {name.lower() for name in parse_qs(uri.partition("?")[2], keep_blank_values=True)}
        options = {name: value for name, value in _DEFAULT_OPTIONS.items() if name.lower() not in uri_options}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", UserWarning)  # pymongo only warns of a wrong option
                self._client: MongoClient[Any] = MongoClient(uri, connect=False, **options)
        except (PyMongoError, ValueError, TypeError, UserWarning):
            refuse_uri(self._address)
        try:
            self._database = self._client.get_default_database(codec_options=_RAW_OPTIONS)
        except PyMongoError:
            self._client.close()
            refuse_database(self._address)

    def __repr__(self) -> str:
        return f"LiveSource({self._address!r})"

    def identity(self) -> Mapping[str, Any]:
        """Return host and database. Counts are not a part: the application can go on until the cut-over."""
        return {"kind": "mongodb", "address": self._address}

    def collections(self) -> Sequence[str]:
        """Return the names of the collections and views, sorted, without those of the server.

        Raises:
            SourceUnavailableError: The server does not answer.
            SourceRefusedError: The server refuses.
        """
        try:
            names = self._database.list_collection_names()
        except PyMongoError as error:
            self._refuse(error, "list the collections")
        return sorted(name for name in names if not name.startswith("system."))

    def read_pages(
        self, collection: str, position: Position | None = None, page_size: int = 500
    ) -> Iterator[DocumentPage]:
        """Yield the documents of a collection, page by page.

        Raises:
            SourceUnavailableError: The server does not answer.
            SourceRefusedError: The collection does not exist, or the server refuses.
        """
        collections = self.collections()
        if collection not in collections:
            raise unknown_collection(collection, collections)
        return build_pages(self._read_documents(collection, position, page_size), page_size)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _read_documents(
        self, collection: str, position: Position | None, batch_size: int
    ) -> Iterator[ReadDocument]:
        """Yield the documents after a position. After a lost connection, continue at the last document."""
        attempts = 0
        while True:
            try:
                for document in self._find(collection, position, batch_size):
                    yield document
                    position = document.position
                    attempts = 0
            except (AutoReconnect, CursorNotFound) as error:
                attempts += 1
                if attempts == _ATTEMPTS or isinstance(error, ServerSelectionTimeoutError):
                    self._refuse(error, f"read the collection {collection!r}")
            except PyMongoError as error:
                self._refuse(error, f"read the collection {collection!r}")
            else:
                return

    def _find(self, collection: str, position: Position | None, batch_size: int) -> Iterator[ReadDocument]:
        position = position or {"documents": 0}
        selection = later_ids(from_extended_json(position["id"])) if "id" in position else {}
        with self._database[collection].find(selection, sort=[("_id", 1)], batch_size=batch_size) as cursor:
            for raw in cursor:
                position = {**position, "documents": position["documents"] + 1}
                # Without a readable ID, reading would continue at the document before.
                if (document_id := _read_id(raw)) is not None:
                    position["id"] = to_extended_json(document_id)
                place = f"document {position['documents']:,}"
                yield decode_document(decode_bson, raw.raw, place, position)

    def _refuse(self, error: PyMongoError, action: str) -> NoReturn:
        refuse(error, self._address, action)


def _read_id(raw: RawBSONDocument) -> Any:
    try:
        return raw.get("_id")
    except BSONError:
        return None
