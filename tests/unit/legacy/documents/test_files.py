"""Dumps and exports have the same documents, in whatever form they are written."""

import gzip

import pytest
from document_files import (
    CANONICAL,
    JSON_FORMS,
    RELAXED,
    encode,
    read_all,
    write_bytes,
    write_dump,
    write_export,
)
from userprofiles.legacy.documents.open_source import open_source
from userprofiles.legacy.errors import SourceRefusedError


@pytest.mark.parametrize("compressed", [False, True])
def test_dump_has_the_documents_in_order(tmp_path, all_types, compressed):
    source = open_source(write_dump(tmp_path, {"users": all_types, "empty": []}, compressed=compressed))

    assert source.collections() == ["empty", "users"]
    assert read_all(source, "users") == all_types
    assert read_all(source, "empty") == []


@pytest.mark.parametrize("form", JSON_FORMS)
@pytest.mark.parametrize("options", [RELAXED, CANONICAL], ids=["relaxed", "canonical"])
def test_export_has_the_documents_of_the_dump(tmp_path, all_types, form, options):
    source = open_source(write_export(tmp_path, {"users": all_types, "empty": []}, form, options))

    assert read_all(source, "users") == all_types
    assert read_all(source, "empty") == []


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("form", ["dump", *JSON_FORMS])
def test_reading_continues_after_each_position(tmp_path, all_types, form, compressed):
    if form == "dump":
        text = write_dump(tmp_path, {"users": all_types}, compressed=compressed)
    else:
        text = write_export(tmp_path, {"users": all_types}, form, compressed=compressed)
    source = open_source(text)

    pages = list(source.read_pages("users", page_size=2))
    rests = [read_all(open_source(text), "users", page.position) for page in pages]

    assert [len(page.documents) for page in pages] == [2, 2, 1]
    assert rests == [all_types[2:], all_types[4:], []]


@pytest.mark.parametrize("form", ["dump", *JSON_FORMS])
def test_document_may_be_larger_than_a_block(tmp_path, form):
    documents = [
        {"_id": 1, "text": 'a\\"{' * 300_000},
        {"_id": 2},
        {"_id": 3, "list": ["\\"] * 200_000},
        {"_id": 4},
    ]
    write = write_dump if form == "dump" else write_export
    source = open_source(write(tmp_path, {"users": documents}, **({} if form == "dump" else {"form": form})))

    assert read_all(source, "users") == documents


def test_document_of_16_mib_is_read(tmp_path):
    document = {"_id": 1, "text": "x" * (16 * 1024 * 1024 - 25)}
    source = open_source(write_dump(tmp_path, {"users": [document, {"_id": 2}]}))

    assert len(encode(document)) == 16 * 1024 * 1024
    assert read_all(source, "users") == [document, {"_id": 2}]


def test_page_of_large_documents_is_small(tmp_path):
    """The size of a page in memory does not depend on the size of the documents."""
    documents = [{"_id": number, "text": "x" * 1024 * 1024} for number in range(10)]
    source = open_source(write_dump(tmp_path, {"users": documents}))

    assert [len(page.documents) for page in source.read_pages("users")] == [4, 4, 2]


def test_compressed_file_may_have_several_members(tmp_path, all_types):
    encoded = [gzip.compress(encode(document)) for document in all_types]
    write_bytes(tmp_path / "users.bson.gz", b"".join(encoded))

    source = open_source(f"dump:{tmp_path}")

    assert read_all(source, "users") == all_types


def test_export_may_begin_with_a_byte_order_mark(tmp_path):
    for name, text in {
        "lines": '{"_id": 1}\n',
        "array": '[{"_id": 1}]',
        "crlf": '{"_id": 1}\r\n\r\n',
    }.items():
        write_bytes(tmp_path / f"{name}.jsonl", b"\xef\xbb\xbf" + text.encode())
    source = open_source(f"export:{tmp_path}")

    assert [read_all(source, name) for name in source.collections()] == [[{"_id": 1}]] * 3


def test_last_line_needs_no_line_end(tmp_path):
    write_bytes(tmp_path / "users.json", b'{"_id": 1}\n{"_id": 2}')

    assert read_all(open_source(f"export:{tmp_path}"), "users") == [{"_id": 1}, {"_id": 2}]


def test_names_of_files_are_percent_encoded(tmp_path):
    write_dump(tmp_path, {"app%2Fusers": [{"_id": 1}], "system.users": [{"_id": 2}]})
    write_bytes(tmp_path / "oplog.bson", b"")
    write_dump(tmp_path, {"system.version": [{"_id": 3}]}, database="admin")

    assert open_source(f"dump:{tmp_path}").collections() == ["app/users"]


def test_folder_of_one_database_is_a_dump(tmp_path):
    write_dump(tmp_path, {"users": [{"_id": 1}]}, database="first")
    write_dump(tmp_path, {"users": [{"_id": 2}]}, database="second")

    assert read_all(open_source(f"dump:{tmp_path / 'second'}"), "users") == [{"_id": 2}]
    with pytest.raises(SourceRefusedError, match="several databases: first, second"):
        open_source(f"dump:{tmp_path}")


def test_identity_changes_with_the_file_and_not_with_the_folder(tmp_path):
    text = write_dump(tmp_path / "old", {"users": [{"_id": 1, "name": "secret name"}]})
    identity = open_source(text).identity()

    (tmp_path / "old").rename(tmp_path / "new")
    moved = open_source(f"dump:{tmp_path / 'new'}").identity()
    write_dump(tmp_path / "new", {"users": [{"_id": 1, "name": "other_ name"}]})
    changed = open_source(f"dump:{tmp_path / 'new'}").identity()

    assert moved == identity
    assert changed != identity
    assert "secret" not in str(identity)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("dump:{folder}/missing", "the folder can't be read: No such file or directory"),
        ("dump:{folder}", "has no collection"),
        ("export:{folder}", "has no collection"),
        ("dump:{folder}/file", "must be a folder, not a file"),
        ("export:{folder}/file", "must be a folder, not a file"),
        ("export:{folder}/twice", "has two files of the collection 'users': users.json and users.json.gz"),
        ("postgres://user:secret@host/db", "--source postgres: is not a source of documents"),
        ("users.bson", "is not a source of documents"),
        ("dump:", "is not a source of documents"),
        ("dump:{folder}/twice", "For files of mongoexport: export:"),
        ("export:{folder}/old/dump", "For files of mongodump: dump:"),
        ("dump:{folder}/old/dump/users.bson", "must be a folder. Name that of the file: dump:"),
        ("env:NO_SUCH_VARIABLE", "the environment variable NO_SUCH_VARIABLE must have the text of a source"),
    ],
)
def test_wrong_source_is_refused(tmp_path, text, message):
    write_bytes(tmp_path / "file", b"")
    write_bytes(tmp_path / "old" / "dump" / "users.bson", b"")
    write_bytes(tmp_path / "twice" / "users.json", b"")
    write_bytes(tmp_path / "twice" / "users.json", b"", compressed=True)

    with pytest.raises(SourceRefusedError) as refusal:
        open_source(text.format(folder=tmp_path))

    assert message in str(refusal.value)
    assert "secret" not in str(refusal.value)


def test_unknown_collection_is_refused_with_the_names_that_exist(tmp_path):
    source = open_source(write_dump(tmp_path, {"users": [], "posts": []}))

    with pytest.raises(SourceRefusedError, match=r"no collection 'people'. Its collections: posts, users"):
        source.read_pages("people")


def test_source_can_come_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("OLD_DATABASE", write_dump(tmp_path, {"users": [{"_id": 1}]}))

    assert read_all(open_source("env:OLD_DATABASE"), "users") == [{"_id": 1}]


def test_message_names_the_missing_package(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)

    with pytest.raises(SourceRefusedError, match=r"pip install 'pymongo>=4\.10,<4\.18'"):
        open_source("dump:folder")
