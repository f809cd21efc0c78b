"""A running MongoDB has the same users as its dump, and no message shows its password."""

import time
import uuid

import pymongo.uri_parser
import pytest
from bson import Int64, ObjectId
from document_files import read_all, write_dump
from dropping_proxy import DroppingProxy
from userprofiles.legacy.documents.open_source import open_source
from userprofiles.legacy.errors import SourceRefusedError, SourceUnavailableError
from userprofiles.legacy.mapping.first_pass import run_first_pass
from userprofiles.legacy.mapping.mapping import LegacyMapping
from userprofiles.legacy.mapping.source_check import check_source

MIXED_IDS = [
    1,
    2.5,
    Int64(2**40),
    "a",
    "b",
    {"part": 1},
    uuid.UUID(int=1),
    ObjectId("507f1f77bcf86cd799439011"),
    ObjectId("507f1f77bcf86cd799439012"),
    False,
    True,
]


@pytest.fixture
def live_source(database_uri):
    source = open_source(database_uri)
    yield source
    source.close()


def test_live_database_has_the_users_of_its_dump(tmp_path, database, live_source):
    users = [
        {"_id": ObjectId(), "username": f"ü{number}", "phone_number": str(number), "profile_settings": "F"}
        for number in range(300)
    ]
    content = [{"_id": number, "user_id": users[number]["_id"], "title": "x"} for number in range(50)]
    collections = {"authapp_usermodel": users, "biographapp_biographmodel": content}
    for name, documents in collections.items():
        database[name].insert_many(documents)
    dump = open_source(write_dump(tmp_path, collections))
    mapping = LegacyMapping.load("biograph")

    check_source(live_source, mapping)
    live_users = [mapping.read_user(user) for user in read_all(live_source, "authapp_usermodel")]

    assert live_source.collections() == dump.collections()
    assert live_users == [mapping.read_user(user) for user in read_all(dump, "authapp_usermodel")]
    assert run_first_pass(live_source, mapping).to_json() == run_first_pass(dump, mapping).to_json()


def test_reading_continues_after_each_position_whatever_the_types_of_the_ids(database, live_source):
    database.users.insert_many([{"_id": document_id} for document_id in reversed(MIXED_IDS)])

    pages = list(live_source.read_pages("users", page_size=1))
    ids = [page.documents[0]["_id"] for page in pages]
    rests = [read_all(live_source, "users", page.position, page_size=3) for page in pages]

    assert ids == MIXED_IDS
    assert rests == [[{"_id": rest} for rest in MIXED_IDS[number:]] for number in range(1, len(ids) + 1)]


def test_documents_that_are_inserted_later_are_read(database, live_source):
    database.users.insert_many([{"_id": number} for number in range(3)])
    [page] = live_source.read_pages("users")
    database.users.insert_many([{"_id": number} for number in range(3, 1500)])

    assert [user["_id"] for user in read_all(live_source, "users", page.position)] == list(range(3, 1500))


def test_large_documents_are_read_in_small_pages(database, live_source):
    for number in range(6):
        database.users.insert_one({"_id": number, "text": "x" * 3_000_000})

    assert [len(page.documents) for page in live_source.read_pages("users")] == [2, 2, 2]


def test_reading_continues_after_each_lost_connection(database, database_uri):
    """Each connection is dropped after 1 MB, in the middle of a batch."""
    database.users.insert_many([{"_id": number, "text": "x" * 1000} for number in range(5000)])
    [(host, port)] = pymongo.uri_parser.parse_uri(database_uri)["nodelist"]

    with DroppingProxy(host, port, limit=1_000_000) as proxy:
        source = open_source(database_uri.replace(f"{host}:{port}", f"127.0.0.1:{proxy.port}"))
        users = read_all(source, "users")
        source.close()

    assert [user["_id"] for user in users] == list(range(5000))
    assert proxy.drops >= 5


def test_missing_collection_is_refused(live_source):
    with pytest.raises(SourceRefusedError, match=r"no collection 'people'. Its collections: none"):
        live_source.read_pages("people")


def test_server_that_rejects_the_password_is_named_without_it(database_uri):
    scheme, _, address = database_uri.partition("://")
    source = open_source(f"{scheme}://someone:secret@{address.rpartition('@')[2]}")

    with pytest.raises(SourceRefusedError, match="can't list the collections") as refusal:
        source.collections()

    assert "secret" not in str(refusal.value) + repr(source) + str(source.identity())
    source.close()


def test_server_that_does_not_answer_is_refused_in_time(database):
    source = open_source("mongodb://u:secret@127.0.0.1:9/app?serverSelectionTimeoutMS=300")
    begin = time.monotonic()

    with pytest.raises(SourceUnavailableError, match="no suitable server answered in time") as refusal:
        source.collections()

    assert time.monotonic() - begin < 10
    assert "secret" not in str(refusal.value)
    source.close()
