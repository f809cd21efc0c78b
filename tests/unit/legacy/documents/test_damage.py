"""Damaged files: what can be read is read, and each error names the place and no data."""

import contextlib
import gzip
import json
import struct

import bson
import pytest
from bson import Code, ObjectId
from document_files import read_all, read_damaged, write_bytes, write_dump
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from userprofiles.legacy.documents.bson_decoding import decode_extended_json
from userprofiles.legacy.documents.document_source import DamagedDocument
from userprofiles.legacy.documents.open_source import open_source
from userprofiles.legacy.documents.page_building import UnreadableDocumentError
from userprofiles.legacy.errors import LegacyError, SourceDamagedError

DOCUMENTS = [{"_id": ObjectId(b"0" * 12), "name": "Zoë"}, {"_id": 2, "code": Code("f()")}, {}, {"_id": 4}]
ENCODED = [bson.encode(document) for document in DOCUMENTS]
DUMP = b"".join(ENCODED)
ENDS = [sum(map(len, ENCODED[:count])) for count in range(len(ENCODED) + 1)]


def read_until_error(source, collection="users"):
    """Return the documents before an error, and the error."""
    documents = []
    try:
        for page in source.read_pages(collection, page_size=3):
            documents += page.documents
    except LegacyError as error:
        return documents, error
    return documents, None


@pytest.fixture(scope="module")
def open_bytes(tmp_path_factory):
    """Return a function that opens a file with some bytes as the collection `users`."""
    folder = tmp_path_factory.mktemp("files")

    def open_file(data, name="users.bson"):
        for path in folder.iterdir():
            path.unlink()
        write_bytes(folder / name, data)
        return open_source(f"{'dump' if 'bson' in name else 'export'}:{folder}")

    return open_file


def test_dump_that_is_truncated_at_any_byte_has_the_whole_documents_before_it(open_bytes):
    for size in range(len(DUMP)):
        documents, error = read_until_error(open_bytes(DUMP[:size]))
        begin = max(end for end in ENDS if end <= size)

        assert documents == DOCUMENTS[: ENDS.index(begin)]
        if size == begin:
            assert error is None
        else:
            assert str(error) == (
                f"users.bson: the file can't be read from byte {begin:,} on: "
                "the file ends in the middle of a document."
            )


@pytest.mark.parametrize("members", [1, 2])
def test_compressed_dump_that_is_truncated_ends_with_an_error(open_bytes, members):
    data = gzip.compress(DUMP) if members == 1 else gzip.compress(DUMP[:30]) + gzip.compress(DUMP[30:])

    for size in range(len(data)):
        documents, error = read_until_error(open_bytes(data[:size], "users.bson.gz"))

        assert isinstance(error, SourceDamagedError), size
        assert DOCUMENTS[: len(documents)] == documents


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(DUMP) - 1), st.integers(1, 255))
def test_changed_byte_never_raises_anything_else(open_bytes, index, change):
    data = bytearray(DUMP)
    data[index] ^= change

    documents, error = read_until_error(open_bytes(bytes(data)))

    assert len(documents) <= len(DOCUMENTS)
    assert error is None or isinstance(error, SourceDamagedError)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=200), st.sampled_from(["users.bson", "users.bson.gz", "users.json", "users.json.gz"])
)
def test_file_of_any_bytes_never_raises_anything_else(open_bytes, data, name):
    _, error = read_until_error(open_bytes(data, name))

    assert error is None or isinstance(error, SourceDamagedError)


def document_with(element):
    """Return a document of BSON that has one element."""
    return struct.pack("<i", len(element) + 5) + element + b"\x00"


def nested_document(depth):
    inner = b"\x05\x00\x00\x00\x00"
    for _ in range(depth):
        inner = document_with(b"\x03a\x00" + inner)
    return inner


@pytest.mark.parametrize(
    ("element", "reason"),
    [
        (b"\x14secret\x00", "it has a value of an unknown BSON type"),
        (b"\x02a\x00\x03\x00\x00\x00\xff\xfe\x00", "it has a text that is not UTF-8"),
        (b"\x02a\x00\xff\x00\x00\x00secret\x00", "it is not valid BSON"),
        (b"\x08a\x00\x07", "it is not valid BSON"),
        (b"\x10a\x00\x01\x00", "it is not valid BSON"),
    ],
)
def test_damaged_document_of_the_right_length_is_listed_and_the_next_one_is_read(open_bytes, element, reason):
    source = open_bytes(ENCODED[0] + document_with(element) + ENCODED[3])

    assert read_all(source, "users") == [DOCUMENTS[0], DOCUMENTS[3]]
    assert read_damaged(source, "users") == [DamagedDocument(f"byte {len(ENCODED[0])}", reason)]


def test_deep_document_is_damaged(open_bytes):
    source = open_bytes(nested_document(20_000) + ENCODED[3])

    assert read_all(source, "users") == [DOCUMENTS[3]]
    assert read_damaged(source, "users") == [DamagedDocument("byte 0", "its values are nested too deeply")]


@pytest.mark.parametrize("length", [-1, 0, 4, 16_793_601, 2**31 - 1])
def test_wrong_length_ends_the_file(open_bytes, length):
    documents, error = read_until_error(open_bytes(ENCODED[0] + struct.pack("<i", length) + b"\x00" * 40))

    assert documents == [DOCUMENTS[0]]
    assert (error.file, error.place) == ("users.bson", f"byte {len(ENCODED[0])}")
    assert f"has the length {length:,}, which must be 5 to 16,793,600" in str(error)


def test_length_that_ends_in_the_middle_of_a_value_ends_the_file(open_bytes):
    documents, error = read_until_error(open_bytes(ENCODED[0] + struct.pack("<i", 6) + b"\x10abcdef"))

    assert documents == [DOCUMENTS[0]]
    assert "does not end with a zero byte" in str(error)


@pytest.mark.parametrize("name", ["users.bson", "users.json"])
def test_compressed_file_with_the_name_of_a_plain_one_is_named(open_bytes, name):
    plain = DUMP if name.endswith("bson") else b'[{"_id": 1}]'

    _, error = read_until_error(open_bytes(gzip.compress(plain), name))

    assert f"Rename it to {name}.gz" in str(error)


def test_plain_file_with_the_name_of_a_compressed_one_is_named(tmp_path):
    (tmp_path / "users.bson.gz").write_bytes(DUMP)

    _, error = read_until_error(open_source(f"dump:{tmp_path}"))

    assert "If it is not compressed, rename it to users.bson, without .gz." in str(error)


def test_text_file_is_not_a_dump(open_bytes):
    _, error = read_until_error(open_bytes(b'{"_id": 1, "name": "secret"}\n'))

    assert "Either the file is not BSON" in str(error)
    assert "secret" not in str(error)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"_id": 1, "name": "secret', "it is not valid Extended JSON"),
        (b"secret", "it is not valid Extended JSON"),
        (b"[1, 2]", "it must be a JSON object"),
        (b'"secret"', "it must be a JSON object"),
        (b'{"_id": {"$oid": "secret"}}', "it is not valid Extended JSON"),
        (b'{"_id": {"$date": {"$numberLong": "x"}}}', "it is not valid Extended JSON"),
        (b'{"_id": {"$numberDecimal": "secret"}}', "it is not valid Extended JSON"),
        (b'{"_id": {"$binary": 5}}', "it is not valid Extended JSON"),
        (b'{"name": "\xff"}', "it is not UTF-8"),
        (b'{"a":' * 20_000 + b"1" + b"}" * 20_000, "its values are nested too deeply"),
    ],
)
def test_damaged_line_is_listed_and_the_next_one_is_read(open_bytes, line, reason):
    source = open_bytes(b'{"_id": 1}\n\n' + line + b'\n{"_id": 2}\n', "users.json")

    assert read_all(source, "users") == [{"_id": 1}, {"_id": 2}]
    assert read_damaged(source, "users") == [DamagedDocument("line 3", reason)]


def test_line_that_is_too_long_is_damaged(open_bytes, monkeypatch):
    monkeypatch.setattr("userprofiles.legacy.documents.json_file.MAX_DOCUMENT_BYTES", 20)
    source = open_bytes(b'{"_id": 1}\n{"_id": 2, "text": "long text"}\n{"_id": 3}\n', "users.json")

    assert read_all(source, "users") == [{"_id": 1}, {"_id": 3}]
    assert read_damaged(source, "users") == [DamagedDocument("line 2", "it has more than 20 bytes")]


NAMES = [
    "$oid", "$date", "$numberInt", "$numberLong", "$numberDouble", "$numberDecimal", "$binary", "$type",
    "$uuid", "$regex", "$options", "$regularExpression", "$ref", "$id", "$db", "$dbPointer", "$timestamp",
    "$code", "$scope", "$symbol", "$minKey", "$maxKey", "$undefined", "base64", "subType",
    "pattern", "options", "t", "i", "a",
]  # fmt: skip
EXTENDED_JSON = st.recursive(
    st.none()
    | st.integers()
    | st.floats()
    | st.text(max_size=3)
    | st.sampled_from(["NaN", "1e9", "AA==", "04"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=4,
)


@settings(max_examples=80, deadline=None)
@given(EXTENDED_JSON)
def test_extended_json_of_any_form_is_a_document_or_damaged(value):
    with contextlib.suppress(UnreadableDocumentError):
        assert isinstance(decode_extended_json(json.dumps({"x": value}).encode()), dict)


def test_damaged_document_of_an_array_is_listed_and_the_next_one_is_read(open_bytes):
    source = open_bytes(b'[{"_id": 1},{"_id": {"$oid": "secret"}}, {secret}, {"_id": 2}]', "users.json")

    assert read_all(source, "users") == [{"_id": 1}, {"_id": 2}]
    assert [damaged.place for damaged in read_damaged(source, "users")] == ["byte 12", "byte 41"]


def test_export_that_is_truncated_at_any_byte_has_the_whole_documents_before_it(open_bytes):
    text = b'[{"_id": 1, "text": "a]}\\""},\n{"_id": 2}]'
    for size in range(1, len(text)):
        documents, error = read_until_error(open_bytes(text[:size], "users.json"))

        assert len(documents) == (size > 27) + (size >= len(text) - 1)
        assert isinstance(error, SourceDamagedError)


def test_truncated_lines_end_with_an_error(open_bytes):
    documents, error = read_until_error(open_bytes(b'{"_id": 1}\n{"_id": 2, "na', "users.json"))

    assert documents == [{"_id": 1}]
    assert str(error) == (
        "users.json: the file can't be read from line 2 on: the file ends in the middle of a document."
    )


@pytest.mark.parametrize("text", [b"[1, 2]", b'[{"_id": 1}] secret', b"[[]]", b'[{"_id": 1}][]', b"[}"])
def test_array_of_something_else_ends_the_file(open_bytes, text):
    _, error = read_until_error(open_bytes(text, "users.json"))

    assert "there is something else than a document" in str(error)


def test_document_without_end_ends_the_file(open_bytes, monkeypatch):
    monkeypatch.setattr("userprofiles.legacy.documents.json_scanner.MAX_DOCUMENT_BYTES", 20)

    _, error = read_until_error(open_bytes(b'[{"_id": 1, "text": "long text"}]', "users.json"))

    assert error is None  # the block has its end
    _, error = read_until_error(open_bytes(b'[{"_id": 1, "text": "long text', "users.json"))
    assert "a document has no end in 20 bytes" in str(error)


def test_unreadable_file_is_refused(tmp_path):
    source = open_source(write_dump(tmp_path, {"users": DOCUMENTS}))
    (tmp_path / "app" / "users.bson").unlink()

    _, error = read_until_error(source)

    assert "users.bson: the file can't be read: No such file or directory." in str(error)
