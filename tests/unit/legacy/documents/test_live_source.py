"""A running MongoDB, here a fake one: lost connections, errors, secrets. tests/mongodb has a real server."""

import datetime as dt
import logging
import uuid

import bson
import pytest
from bson import Decimal128, Int64, ObjectId, Timestamp
from bson.raw_bson import RawBSONDocument
from document_files import CODEC_OPTIONS, read_all
from pymongo.errors import (
    AutoReconnect,
    ConfigurationError,
    ConnectionFailure,
    CursorNotFound,
    NetworkTimeout,
    OperationFailure,
    ServerSelectionTimeoutError,
)
from userprofiles.legacy.documents import live_source
from userprofiles.legacy.documents.document_source import DamagedDocument
from userprofiles.legacy.documents.id_order import later_ids
from userprofiles.legacy.documents.open_source import open_source
from userprofiles.legacy.documents.source_text import public_source_text
from userprofiles.legacy.errors import LegacyError, SourceRefusedError, SourceUnavailableError

URI = "mongodb://user:pass%40word@db.example/app?authSource=admin&replicaSet=secretset"
SECRETS = ("user", "pass", "word", "secret")


class FakeServer:
    """Documents with whole numbers as IDs, and errors that come before one of them.

    Attributes:
        documents: The encoded documents by ID.
        errors: The errors of the next reads: the number of documents before each of them, and the error.
        queries: The selections of all reads.
    """

    def __init__(self):
        self.documents = {number: bson.encode({"_id": number}) for number in range(1, 6)}
        self.errors = []
        self.queries = []

    def __call__(self, _uri, **_options):
        return self

    def __getitem__(self, _name):
        return self

    def get_default_database(self, **_options):
        return self

    def list_collection_names(self):
        return ["users", "system.views"]

    def find(self, selection, **_options):
        self.queries.append(selection)
        return FakeCursor(self, selection["$or"][0]["_id"]["$gt"] if selection else 0)


class FakeCursor:
    def __init__(self, server, last_id):
        self.server = server
        self.last_id = last_id

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        pass

    def __iter__(self):
        count, error = self.server.errors.pop(0) if self.server.errors else (99, None)
        for number, data in self.server.documents.items():
            if number > self.last_id:
                if not count:
                    raise error
                count -= 1
                yield RawBSONDocument(data)
        if not count:
            raise error


@pytest.fixture
def server(monkeypatch):
    fake_server = FakeServer()
    monkeypatch.setattr(live_source, "MongoClient", fake_server)
    return fake_server


def read_ids(source):
    return [document["_id"] for document in read_all(source, "users", page_size=2)]


def test_reading_continues_after_a_lost_connection(server):
    server.errors = [
        (3, AutoReconnect("secret")),
        (0, CursorNotFound("secret")),
        (1, NetworkTimeout("secret")),
    ]

    assert read_ids(open_source(URI)) == [1, 2, 3, 4, 5]
    assert [query and query["$or"][0] for query in server.queries] == [
        {},
        {"_id": {"$gt": 3}},
        {"_id": {"$gt": 3}},
        {"_id": {"$gt": 4}},
    ]


def test_connection_that_is_always_lost_ends_the_read(server):
    server.errors = [(2, AutoReconnect("secret"))] + [(0, AutoReconnect("secret"))] * 3

    with pytest.raises(SourceUnavailableError, match="the connection was lost several times"):
        read_ids(open_source(URI))

    assert len(server.queries) == 4


def test_damaged_document_is_listed_and_the_next_one_is_read(server):
    server.documents[2] = bson.encode({"_id": 2, "a": "x"}).replace(b"\x02a\x00", b"\x14a\x00")

    pages = list(open_source(URI).read_pages("users", page_size=2))

    assert [document["_id"] for page in pages for document in page.documents] == [1, 3, 4, 5]
    assert pages[0].damaged == [DamagedDocument("document 2", "it has a value of an unknown BSON type")]
    assert pages[0].position == {"documents": 2, "id": {"$numberInt": "1"}}


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ServerSelectionTimeoutError("secret"), "no suitable server answered in time"),
        (OperationFailure("secret", 18), "wrong user name or password"),
        (OperationFailure("secret", 13), "the user has no right to it. Required: the role `read`"),
        (OperationFailure("secret", 50), "the server refused with the code 50"),
        (ConfigurationError("secret"), "it is older than pymongo"),
    ],
)
def test_error_says_what_to_do_without_secrets(server, error, message):
    server.errors = [(0, error)]
    source = open_source(URI)

    with pytest.raises(LegacyError) as refusal:
        read_ids(source)

    shown = str(refusal.value) + repr(source) + str(source.identity())
    assert str(refusal.value).startswith(
        "--source mongodb://db.example/app: can't read the collection 'users': "
    )
    assert message in str(refusal.value)
    assert [word for word in SECRETS if f"{word}:" in shown or f"{word}%" in shown or "secret" in shown] == []
    assert refusal.value.__suppress_context__
    assert isinstance(refusal.value, SourceUnavailableError) == isinstance(error, ConnectionFailure)


def test_collections_of_the_server_are_left_out(server):
    assert open_source(URI).collections() == ["users"]
    with pytest.raises(SourceRefusedError, match=r"no collection 'people'. Its collections: users"):
        open_source(URI).read_pages("people")


def test_uri_without_a_database_is_named():
    with pytest.raises(SourceRefusedError, match="has no valid name of the database"):
        open_source("mongodb://user:secret@host/")


@pytest.mark.parametrize(
    "uri",
    [
        "mongodb://user:secret@host",
        "mongodb://user:sec@ret@host/app",
        "mongodb://user:se/c?ret@host/app",
        "mongodb://user:secret@host:99999/app",
        "mongodb://user:secret@/app",
        "mongodb://host/app?readPreference=secret",
        "mongodb://host/app?noSuchOption=secret",
        "mongodb://host/app?tls=secret",
        "mongodb://",
    ],
)
def test_wrong_uri_is_refused_without_its_secrets(uri):
    with pytest.raises(SourceRefusedError, match=r"the URI (is not valid|has no valid name)") as refusal:
        open_source(uri)

    assert "sec" not in str(refusal.value)


def test_options_of_the_uri_replace_ours():
    source = open_source("mongodb://host/app?sockettimeoutms=5&readPreference=secondaryPreferred")
    options = source._client.options

    assert options.pool_options.socket_timeout == 0.005
    assert options.server_selection_timeout == 10
    assert source._database.read_preference.mongos_mode == "secondaryPreferred"
    assert source._database.read_concern.level == "majority"
    source.close()


def test_pymongo_does_not_log_documents():
    logging.getLogger("pymongo").setLevel(logging.DEBUG)

    open_source("mongodb://host/app").close()

    assert not logging.getLogger("pymongo.command").isEnabledFor(logging.DEBUG)


@pytest.mark.parametrize(
    ("text", "public_text"),
    [
        (URI, "mongodb://db.example/app"),
        ("mongodb+srv://u:p@db.example/app?x=y", "mongodb+srv://db.example/app"),
        ("mongodb://a,b:27018/app", "mongodb://a,b:27018/app"),
        ("mongodb://u:p?q@host/app", "mongodb://host/app"),
        ("mongodb://u:p@host/app?tlsCertificateKeyFilePassword=a@b", "mongodb://…"),
        ("mongodb://u:p/q?r@host/app", "mongodb://…"),
        ("dump:some/folder", "dump:some/folder"),
        ("env:OLD_DATABASE", "env:OLD_DATABASE"),
    ],
)
def test_public_text_has_no_secrets(text, public_text):
    assert public_source_text(text) == public_text


IDS = [
    None, 1, 2.5, Decimal128("3"), Int64(4), "a", {"a": 1}, uuid.UUID(int=1), b"b", ObjectId(), False, True,
    dt.datetime(2020, 1, 1, tzinfo=dt.UTC), Timestamp(1, 1),
]  # fmt: skip


def test_later_ids_are_those_of_later_types_too():
    types = [later_ids(value)["$or"][1:] for value in IDS]

    counts = [len(conditions[0]["_id"]["$type"]) if conditions else 0 for conditions in types]
    assert counts == [8, 7, 7, 7, 7, 6, 5, 4, 4, 3, 2, 2, 1, 0]
    assert later_ids("a")["$or"][0] == {"_id": {"$gt": "a"}}


def test_id_without_a_place_in_the_order_is_refused():
    with pytest.raises(SourceRefusedError, match="an _id of the type MinKey"):
        later_ids(bson.MinKey())


def test_codec_of_the_tests_is_that_of_the_source():
    assert CODEC_OPTIONS.uuid_representation == live_source.CODEC_OPTIONS.uuid_representation
