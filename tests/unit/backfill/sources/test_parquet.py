"""Parquet files: row groups as segments, wrong values as failures, each row once."""

import datetime as dt
import decimal
import json
import math
import sys
import tracemalloc
import uuid

import pyarrow as pa
import pytest
from backfill_fixtures import LIMITS, Recorder, account, profile
from pyarrow import parquet
from source_fixtures import COLUMNS, FakeS3, person
from userprofiles.backfill.error_messages import TableLocation
from userprofiles.backfill.errors import BackfillFailedError, RefusedError
from userprofiles.backfill.job import Job
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.backfill.sources.byte_file import LocalFile, S3File, S3Reader
from userprofiles.backfill.sources.clients import SourceClients
from userprofiles.backfill.sources.open_source import open_source
from userprofiles.backfill.sources.source_kinds import refuse_local_source
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.tables.calls import Calls
from userprofiles.backfill.users.mapping import ColumnMapping

LOCATION = TableLocation("users", "us-east-1", "AWS")
SECRET = "CANARY"


def calls():
    return Calls(None, LOCATION, Stop(), LIMITS)


def write(path, table, group_rows=3, file=None):
    """Write a file, and return the source as the check of a plan completes it."""
    table = table if isinstance(table, pa.Table) else pa.Table.from_pylist(table)
    parquet.write_table(table, path, row_group_size=group_rows, compression="none")
    file = file or LocalFile(path)
    return {
        "kind": "parquet",
        "path": str(path),
        "fingerprint": file.fingerprint(LOCATION),
        "rowGroups": parquet.ParquetFile(path).num_row_groups,
        **ColumnMapping(COLUMNS).to_json(),
    }


def open_parquet_source(source, page_rows=2):
    job = Job("run-1", "users", source=source, segments=source["rowGroups"], template="marketplace")
    return open_source(job, Limits(page_rows=page_rows))


def read(source, page_rows=2):
    opened = open_parquet_source(source, page_rows)
    return [
        user
        for number in range(opened.segments)
        for page in opened.read_pages(calls(), number, None)
        for user in opened.read_users(page.rows)
    ]


@pytest.mark.parametrize("group_rows", [1, 3, 8])
def test_each_row_is_in_one_segment(tmp_path, group_rows):
    source = write(tmp_path / "users.parquet", [person(f"u{n}") for n in range(8)], group_rows)

    users = read(source)

    assert [user.user_id for user in users] == [f"u{n}" for n in range(8)]
    assert [user.key for user in users] == [{"row": str(n)} for n in range(1, 9)]
    assert users[0].attributes["email"] == "u0@Example.com"
    assert users[0].attributes["email_verified"] == "true"
    assert source["rowGroups"] == math.ceil(8 / group_rows)


def test_reading_continues_after_any_row(tmp_path):
    opened = open_parquet_source(write(tmp_path / "users.parquet", [person(f"u{n}") for n in range(8)], 5))
    for number, ids in enumerate([["u0", "u1", "u2", "u3", "u4"], ["u5", "u6", "u7"]]):
        position = 0
        for page in opened.read_pages(calls(), number, None):
            for index in range(len(page.rows)):
                position += 1
                rest = opened.read_pages(calls(), number, page.cursor_after(index))
                assert [u.user_id for p in rest for u in opened.read_users(p.rows)] == ids[position:]


def test_rows_are_read_again_by_their_numbers(tmp_path):
    opened = open_parquet_source(write(tmp_path / "users.parquet", [person(f"u{n}") for n in range(8)]))

    rows = opened.read_rows(calls(), [{"row": str(number)} for number in (8, 1, 4, 0, 9)])

    assert [user.user_id for user in opened.read_users(rows)] == ["u7", "u0", "u3"]
    assert [user.key for user in opened.read_users(rows)] == [{"row": "8"}, {"row": "1"}, {"row": "4"}]


@pytest.mark.parametrize(
    ("column", "values", "reason"),
    [
        ("mail", pa.array([{SECRET: 1}]), "mail is a map, not a text, a number or a boolean"),
        ("mail", pa.array([[SECRET]]), "mail is a list, not a text, a number or a boolean"),
        ("mail", pa.array([b"CANARY"]), "mail is binary, not a text, a number or a boolean"),
        ("mail", pa.array([math.nan]), "mail can't be used: DynamoDB can't store Infinity or NaN."),
        ("mail", pa.array([decimal.Decimal("1" * 50)]), "mail can't be used: A number must have at most 38"),
        (
            "mail",
            pa.array([dt.timedelta(1)]),
            "mail can't be used: DynamoDB can't store a value of type time",
        ),
        (
            "mail",
            pa.array([4 * 10**18], pa.timestamp("us")),
            "mail can't be used: can't be read as timestamp",
        ),
        (
            "mail",
            pa.Array.from_buffers(pa.string(), 1, pa.array([b"\xff\xfeCANARY"]).buffers()),
            "mail can't be used: is not UTF-8",
        ),
        ("sub", pa.array([17]), "sub is a number, not a string"),
        ("sub", pa.array(["ann@example.com"]), "the id must have 1 to 128 letters"),
        ("sub", pa.array([None], pa.string()), "the row has no id: sub is missing or empty"),
        ("state", pa.array([["CANARY"]]), "status is a list, not a string"),
    ],
)
def test_wrong_value_is_a_failure_without_the_value(tmp_path, column, values, reason):
    """F34: the row is reported with its number."""
    columns = {"sub": pa.array(["u1"]), "name": pa.array([SECRET])} | {column: values}

    [user] = read(write(tmp_path / "users.parquet", pa.table(columns)))

    assert user.failure_reason.startswith(reason)
    assert user.profile_key == ""
    assert user.key == {"row": "1"}
    assert user.user_id in ("u1", "row 1")
    assert SECRET not in user.failure_reason + user.user_id
    assert "ann" not in user.failure_reason + user.user_id


def test_one_wrong_value_in_a_batch_fails_alone(tmp_path):
    texts = pa.Array.from_buffers(pa.string(), 3, pa.array([b"a@x.org", b"\xff", b"c@x.org"]).buffers())
    table = pa.table({"sub": pa.array(["u1", "u2", "u3"]), "mail": texts})

    users = read(write(tmp_path / "users.parquet", table), page_rows=10)

    assert [user.failure_reason for user in users] == [None, "mail can't be used: is not UTF-8", None]
    assert [user.attributes.get("email") for user in users] == ["a@x.org", None, "c@x.org"]


def test_types_that_a_parquet_file_has_become_texts(tmp_path):
    identifier = uuid.UUID("9cead295-2c5c-4c13-934b-6f4cacbc6217")
    columns = {
        "sub": pa.ExtensionArray.from_storage(pa.uuid(), pa.array([identifier.bytes], pa.binary(16))),
        "mail": pa.array(["a@example.com"]).dictionary_encode(),
        "name": pa.array([1_700_000_000_123_456_789], pa.timestamp("ns", "UTC")),
        "first": pa.array([dt.date(2026, 2, 4)]),
        "phone": pa.array([4912345]),
    }

    [user] = read(write(tmp_path / "users.parquet", pa.table(columns)))

    assert user.failure_reason is None
    assert user.user_id == str(identifier)
    assert user.attributes["name"].startswith("2023-11-14T22:13:20.123456")
    assert user.attributes["given_name"] == "2026-02-04"
    assert user.attributes["phone_number"] == "4912345"


def test_skipped_user_with_an_id_of_a_wrong_column_is_shown_by_its_row(tmp_path):
    [user] = read(write(tmp_path / "users.parquet", [person("ann@example.com", state="disabled")]))

    assert (user.skip_reason, user.user_id) == ("inactive", "row 1")


def test_changed_file_is_refused(tmp_path):
    path = tmp_path / "users.parquet"
    source = write(path, [person("u1")])
    write(path, [person("u2")])

    with pytest.raises(RefusedError, match="has changed since the plan"):
        read(source)


def test_damaged_row_group_ends_the_run_without_a_value(tmp_path):
    path = tmp_path / "users.parquet"
    source = write(path, [person("u1", name=SECRET * 100)])
    data = bytearray(path.read_bytes())
    data[100:200] = b"\0" * 100
    path.write_bytes(data)
    source["fingerprint"] = LocalFile(path).fingerprint(None)

    with pytest.raises(BackfillFailedError, match="the row group 0 can't be read") as error:
        read(source)
    assert SECRET not in str(error.value)


def test_columns_that_nobody_mapped_are_not_read(tmp_path, monkeypatch):
    names = []
    original = parquet.ParquetFile.iter_batches

    def iter_batches(self, **arguments):
        names.append(arguments["columns"])
        return original(self, **arguments)

    monkeypatch.setattr(parquet.ParquetFile, "iter_batches", iter_batches)
    read(write(tmp_path / "users.parquet", [person("u1", wishlist=["x"])]))

    assert names == [["sub", "mail", "verified", "name", "first"]]


def test_object_in_s3_is_read_in_parts_of_the_same_version(tmp_path, monkeypatch):
    s3 = FakeS3()
    monkeypatch.setattr("userprofiles.backfill.sources.clients.aws.client", lambda *_, **__: s3)
    source = write(tmp_path / "users.parquet", [person(f"u{n}") for n in range(8)])
    s3.objects["users.parquet"] = (tmp_path / "users.parquet").read_bytes()
    file = S3File("s3://bucket/users.parquet", SourceClients())
    source |= {"path": "s3://bucket/users.parquet", "fingerprint": file.fingerprint(LOCATION)}
    meter = calls()
    opened = open_parquet_source(source)

    users = [
        u for n in range(3) for p in opened.read_pages(meter, n, None) for u in opened.read_users(p.rows)
    ]
    assert [user.user_id for user in users] == [f"u{n}" for n in range(8)]
    assert meter.meter.calls["GetObject"] >= 3

    pages = opened.read_pages(calls(), 2, None)
    s3.objects["users.parquet"] += b"x"
    with pytest.raises(RefusedError, match="has changed since the plan"):
        list(pages)


def test_reader_of_s3_is_a_file(monkeypatch):
    s3 = FakeS3()
    monkeypatch.setattr("userprofiles.backfill.sources.clients.aws.client", lambda *_, **__: s3)
    s3.objects["key"] = b"0123456789"
    file = S3File("s3://bucket/key", SourceClients())
    reader = S3Reader(file, calls(), file.fingerprint(LOCATION))

    assert (reader.readable(), reader.seekable()) == (True, True)
    assert (reader.read(3), reader.tell()) == (b"012", 3)
    assert (reader.seek(2, 1), reader.read(2)) == (5, b"56")
    assert (reader.seek(-3, 2), reader.read()) == (7, b"789")
    assert (reader.read(5), reader.tell()) == (b"", 10)
    assert (reader.seek(8), reader.read(100)) == (8, b"89")


def test_stopped_run_continues_in_the_row_group(tmp_path, create_table, backfill):
    table = create_table(account("old"), profile("old"))
    source = write(tmp_path / "users.parquet", [person(f"u{n:02d}") for n in range(20)], 20)
    limits = type(LIMITS)(threads=1, page_rows=4, chunk_rows=2)
    recorder = Recorder()
    saved = []

    def stop(operation, _):
        if operation == "BatchExecuteStatement" and len(table.profiles()) == 7:
            saved[:] = recorder.saved_states
            raise KeyboardInterrupt

    table.client.hooks.append(stop)
    arguments = {"source": source, "segments": 1, "limits": limits, "template": "marketplace"}
    with pytest.raises(KeyboardInterrupt):
        backfill(table, recorder=recorder, **arguments)
    table.client.hooks.clear()
    states = [SegmentState.from_json(state) for state in saved]
    assert 0 < states[0].cursor["row"] < 20
    result = backfill(table, states=states, **arguments)

    assert result.tally["created"] == 20
    assert len(table.profiles()) == 21


@pytest.mark.long
def test_memory_does_not_grow_with_the_row_group(tmp_path):
    """A row group of 200,000 rows is decoded in batches, not as a whole."""

    def peak(rows):
        path = tmp_path / f"{rows}.parquet"
        names = [f"u{n}" for n in range(rows)]
        source = write(path, pa.table({"sub": names, "mail": [f"{n:0100}" for n in range(rows)]}), rows)
        opened = open_parquet_source(source, page_rows=1000)
        arrow_bytes = 0
        tracemalloc.start()
        for page in opened.read_pages(calls(), 0, None):
            assert len(page.rows) <= 1000
            arrow_bytes = max(arrow_bytes, pa.total_allocated_bytes())
        python_bytes = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return arrow_bytes + python_bytes

    small, large = peak(20_000), peak(200_000)
    assert large < small + 10_000_000


class TestOptions:
    @pytest.fixture
    def plan(self, create_table, connect, tmp_path, capsys):
        columns = {"id": "sub", "email": "mail", "name": "name", "role": "kind", "status": "state"}
        mapping = tmp_path / "mapping.json"
        commands = connect(create_table(account("old"), profile("old")))

        def run(source, *arguments, mapped=columns):
            document = {"format": "userprofiles-mapping", "version": 1, "columns": mapped}
            mapping.write_text(json.dumps(document))
            options = ("--template", "marketplace", "--mapping", str(mapping))
            code = commands.plan("--source", f"parquet:{source}", *options, *arguments)
            return code, capsys.readouterr()

        run.commands = commands
        return run

    @pytest.mark.long
    def test_plan_apply_quarantine_and_undo(self, plan, tmp_path, capsys):
        rows = [person(f"u{n}", kind="vendor", state="active") for n in range(6)]
        rows += [person("ann@example.com", kind="vendor", state="active"), person("off", state="disabled")]
        write(tmp_path / "users.parquet", rows)
        commands = plan.commands
        before = commands.table.digest()
        code, _ = plan(tmp_path / "users.parquet")
        assert code == 0
        run_id = commands.document()["planId"]
        assert commands.document()["job"]["segments"] == 3

        assert commands.apply("--no-backup", "--json") == 2
        report = json.loads(capsys.readouterr().out)
        assert (report["created"], report["failed"], report["skipped"]["inactive"]) == (6, 1, 1)
        assert "ann" not in json.dumps(report)
        assert commands.run("quarantine", "list", run_id) == 0
        assert "row 7: the id must have" in capsys.readouterr().out
        assert commands.run("quarantine", "retry", run_id, "--json") == 2
        assert json.loads(capsys.readouterr().out)["failed"] == 1
        assert commands.run("rollback", run_id, "--json", "--yes") == 0
        assert commands.table.digest() == before

    def test_missing_package_is_named(self, plan, tmp_path, monkeypatch):
        write(tmp_path / "users.parquet", [person("u1")])
        monkeypatch.setitem(sys.modules, "pyarrow", None)

        code, output = plan(tmp_path / "users.parquet")
        assert code == 5
        assert "pip install 'pulumi-userprofiles[parquet]'" in output.err

    @pytest.mark.parametrize(
        ("content", "message"),
        [(b"sub,mail\nu1,a@example.com\n", "must be a Parquet file"), (b"", "the file is empty")],
    )
    def test_other_file_is_refused(self, plan, tmp_path, content, message):
        (tmp_path / "users.parquet").write_bytes(content)

        code, output = plan(tmp_path / "users.parquet")
        assert code == 5
        assert message in output.err

    def test_file_without_rows_or_columns_is_refused(self, plan, tmp_path):
        path = tmp_path / "users.parquet"
        write(path, pa.table({"sub": pa.array([], pa.string())}))
        code, output = plan(path)
        assert (code, "the file has no rows" in output.err) == (5, True)

        write(path, [{"sub": "u1", "post": "x"}])
        code, output = plan(path, mapped={"id": "sub", "email": "mail"})
        assert (code, "has the column 'mail'. The rows have: post, sub." in output.err) == (5, True)

    def test_state_machine_refuses_it(self, plan, tmp_path):
        for path in ("/data/users.parquet", "s3://bucket/users.parquet"):
            with pytest.raises(RefusedError, match="can't read Parquet, because the package pyarrow"):
                refuse_local_source({"kind": "parquet", "path": path})
        write(tmp_path / "users.parquet", [person("u1", kind="vendor", state="active")])
        code, output = plan(tmp_path / "users.parquet", "--engine", "stepfunctions")
        assert code == 5
        assert "a state machine can't read Parquet" in output.err
