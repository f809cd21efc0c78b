"""A DynamoDB export in S3: one segment for each file, no capacity, no damaged file."""

import argparse
import base64
import gzip
import hashlib
import json
import zlib

import pytest
from backfill_fixtures import LIMITS, Recorder, account, plain_user, profile
from source_fixtures import FakeS3
from userprofiles.backfill.command.argument_parser import CommandParser
from userprofiles.backfill.command.source_options import add_source_options, read_source
from userprofiles.backfill.errors import BackfillFailedError, RefusedError
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.table.attribute_value import serialize_item

PATH = "2026/AWSDynamoDB/01693685827463-2d8752fd"
SUMMARY = {"version": "2020-06-30", "outputFormat": "DYNAMODB_JSON", "exportType": "FULL_EXPORT"}


@pytest.fixture
def s3(monkeypatch):
    s3 = FakeS3()
    monkeypatch.setattr("userprofiles.backfill.sources.clients.aws.client", lambda *_, **__: s3)
    monkeypatch.setattr("userprofiles.backfill.sources.byte_file._S3_BLOCK_BYTES", 100)
    return s3


@pytest.fixture
def export(s3):
    """Return a function that writes an export with these items in each file."""

    def write(*files, **summary):
        entries = [{"itemCount": 0, "md5Checksum": "", "dataFileS3Key": "AWSDynamoDB/x/data/empty.json.gz"}]
        for number, items in enumerate(files):
            lines = [
                item if isinstance(item, bytes) else json.dumps({"Item": item}).encode() for item in items
            ]
            data = gzip.compress(b"".join(line + b"\n" for line in lines))
            s3.objects[f"{PATH}/data/part{number}.json.gz"] = data
            checksum = base64.b64encode(hashlib.md5(data).digest()).decode()
            key = f"AWSDynamoDB/x/data/part{number}.json.gz"
            entries.append({"itemCount": len(items), "md5Checksum": checksum, "dataFileS3Key": key})
        s3.objects[f"{PATH}/manifest-files.json"] = "".join(
            json.dumps(entry) + "\n" for entry in entries
        ).encode()
        s3.objects[f"{PATH}/manifest-summary.json"] = json.dumps(SUMMARY | summary).encode()
        return s3.objects

    return write


@pytest.fixture
def table(create_table, monkeypatch):
    table = create_table()
    monkeypatch.setattr(
        "userprofiles.backfill.command.connection.create_client",
        lambda *_, **__: (table.client, table.location),
    )
    return table


def read(path=f"s3://bucket/{PATH}/"):
    parser = CommandParser()
    add_source_options(parser)
    namespace = argparse.Namespace(template="basic", table_name="v_users_dev", limits=LIMITS)
    return read_source(parser.parse_args(["--source", f"export:{path}"], namespace))


def test_users_of_an_export(table, export, backfill):
    export(
        [plain_user("u1"), profile("u1"), plain_user("u2", userId=None)],
        [plain_user("u3", isActive={"BOOL": False}), b"{CANARY", b'{"Item": "CANARY"}'],
    )
    source = read()
    assert (source["files"], source["shape"]) == (2, "plain")
    table.client.calls.clear()
    result = backfill(table, source=source, segments=source["files"])

    assert result.tally == {"existed": 0, "created": 2, "failed": 2, "skipped": {"inactive": 1}}
    assert sorted(table.profiles()) == ["USER#u1", "USER#u2"]
    assert table.client.count("Scan") == 0
    [bad_line, bad_item] = [result for result in result.results if result.outcome == "failed"]
    assert (bad_line.reason, bad_line.key["file"]) == ("the line is not valid JSON", "1")
    assert bad_item.reason.startswith("the line is not an item such as")
    assert "CANARY" not in str(result.results)


def test_export_of_our_table_and_of_a_table_with_one_key(table, export):
    export([account("u1"), profile("u1")])
    assert read()["shape"] == "stack"
    export([serialize_item({"user_id": "u1", "email": "a@example.com"})])
    source = read()
    assert "shape" not in source
    assert source["columns"]["id"] == "user_id"


def test_stopped_run_continues_in_the_file(table, export, backfill):
    export([plain_user(f"u{n:02d}") for n in range(20)])
    source = read()
    recorder = Recorder()
    limits = type(LIMITS)(threads=1, page_rows=4, chunk_rows=2)
    saved = []

    def stop(operation, _):
        if operation == "BatchExecuteStatement" and len(table.profiles()) == 6:
            saved[:] = recorder.saved_states
            raise KeyboardInterrupt

    table.client.hooks.append(stop)
    with pytest.raises(KeyboardInterrupt):
        backfill(table, source=source, recorder=recorder, limits=limits)
    table.client.hooks.clear()
    states = [SegmentState.from_json(state) for state in saved]
    assert states[0].cursor["offset"] > 0
    result = backfill(table, source=source, states=states, limits=limits)

    assert result.tally["created"] == 20
    assert len(table.profiles()) == 20


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: data[:-9], "differs from its checksum"),
        (lambda _: b"no gzip", "is not compressed with gzip"),
        (lambda data: data + data, "differs from its checksum"),
    ],
)
def test_damaged_file_ends_the_run(table, export, backfill, damage, message):
    objects = export([plain_user("u1")])
    source = read()
    name = f"{PATH}/data/part0.json.gz"
    objects[name] = damage(objects[name])

    with pytest.raises(BackfillFailedError, match=message):
        backfill(table, source=source)


def test_file_with_many_empty_parts_is_read_in_linear_time(table, export, backfill, s3):
    """Each part has 20 bytes. Before, each of them copied the rest of a block of up to 4 MiB."""
    objects = export([plain_user("u1")])
    name = f"{PATH}/data/part0.json.gz"
    objects[name] = gzip.compress(b"") * 5_000 + objects[name]
    entry = json.loads(objects[f"{PATH}/manifest-files.json"].splitlines()[1])
    entry["md5Checksum"] = base64.b64encode(hashlib.md5(objects[name]).digest()).decode()
    objects[f"{PATH}/manifest-files.json"] = json.dumps(entry).encode()
    sizes = []
    original = zlib.decompressobj

    class Decompressor:
        def __init__(self, bits):
            self._inner = original(bits)

        def __getattr__(self, name):
            return getattr(self._inner, name)

        def decompress(self, data, limit):
            sizes.append(len(data))
            return self._inner.decompress(data, limit)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("userprofiles.backfill.sources.byte_file._S3_BLOCK_BYTES", 1_000_000)
        patch.setattr(zlib, "decompressobj", Decompressor)
        result = backfill(table, source=read(), segments=1)

    assert result.tally["created"] == 1
    assert sum(sizes) < 4_096 * len(sizes)


def test_changed_manifest_is_refused(table, export, backfill):
    export([plain_user("u1")])
    source = read()
    export([plain_user("u1")], [plain_user("u2")])

    with pytest.raises(RefusedError, match="has changed since the plan"):
        backfill(table, source=source)


@pytest.mark.parametrize(
    ("path", "summary", "message"),
    [
        ("exports", {}, "must be s3://BUCKET/PREFIX/AWSDynamoDB/EXPORT-ID"),
        (None, {"outputFormat": "ION"}, "has the format ION"),
        (None, {"exportType": "INCREMENTAL_EXPORT"}, "the type INCREMENTAL_EXPORT"),
        ("s3://bucket/other", {}, "was not found"),
    ],
)
def test_other_exports_are_refused(table, export, path, summary, message):
    export([plain_user("u1")], **summary)

    with pytest.raises((RefusedError, BackfillFailedError), match=message):
        read(path or f"s3://bucket/{PATH}")


def test_export_without_items_is_refused(table, export):
    export()

    with pytest.raises(RefusedError, match="has no items"):
        read()
