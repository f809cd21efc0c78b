"""JSON lines and CSV in byte ranges: each user once, bad lines as failures, no change unnoticed."""

import hashlib
import json
from io import BytesIO

import pytest
from backfill_fixtures import LIMITS, client_error
from source_fixtures import COLUMNS, file_source, person, write_lines
from userprofiles.backfill.error_messages import TableLocation
from userprofiles.backfill.errors import BackfillFailedError, RefusedError
from userprofiles.backfill.job import Job
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.sources.lines import MAX_LINE_BYTES, read_lines
from userprofiles.backfill.sources.open_source import open_source
from userprofiles.backfill.sources.records import CsvRecords
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.tables.calls import Calls

LOCATION = TableLocation("users", "us-east-1", "AWS")
SECRET = "CANARY"


def calls():
    return Calls(None, LOCATION, Stop(), LIMITS)


def open_file_source(source, segments=1, page_rows=3):
    job = Job("run-1", "users", source=source, segments=segments, template="marketplace")
    return open_source(job, Limits(page_rows=page_rows))


def read(source, segments=1, page_rows=3):
    opened = open_file_source(source, segments, page_rows)
    return [
        user
        for number in range(opened.segments)
        for page in opened.read_pages(calls(), number, None)
        for user in opened.read_users(page.rows)
    ]


def write_csv(path, text, **values):
    path.write_bytes(text.encode())
    return file_source(path, "csv", **values)


@pytest.mark.parametrize("segments", [1, 2, 3, 7, 8, 50])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_each_line_is_in_one_segment(tmp_path, segments, line_end):
    path = tmp_path / "users.jsonl"
    lines = [json.dumps(person(f"u{n:02d}", name="ö" * (n % 7))).encode() for n in range(20)]
    path.write_bytes(line_end.join(lines))  # without a line end at the end of the file

    users = read(file_source(path), segments)

    assert [user.user_id for user in users] == [f"u{n:02d}" for n in range(20)]
    assert [user.failure_reason for user in users if user.failure_reason] == []


def test_reading_continues_after_any_line(tmp_path):
    source = write_lines(tmp_path / "users.jsonl", *(person(f"u{n}") for n in range(8)))
    opened = open_file_source(source, segments=2)
    all_rows = [
        (number, row)
        for number in range(2)
        for page in opened.read_pages(calls(), number, None)
        for row in page.rows
    ]
    for number in range(2):
        for page in list(opened.read_pages(calls(), number, None)):
            for index in range(len(page.rows)):
                rest = opened.read_pages(calls(), number, page.cursor_after(index))
                rest_rows = [row for next_page in rest for row in next_page.rows]
                done = all_rows.index((number, page.rows[index])) + 1
                assert rest_rows == [row for n, row in all_rows[done:] if n == number]


def test_bad_lines_are_failures_without_their_content(tmp_path):
    """F34: each bad line is reported with its number and digest; the others are read."""
    bad_lines = {
        b'{"sub": "CANARY", ': "the line is not valid JSON",
        b'["CANARY"]': "the line must be a JSON object",
        b'{"sub": "CANARY", "name": NaN}': "the line is not valid JSON",
        b'{"sub": "\xff\xfeCANARY"}': "the line is not UTF-8",
        b'{"mail": "CANARY@example.com"}': "the row has no id: sub is missing or empty",
        b'{"sub": "", "name": "CANARY"}': "the row has no id: sub is missing or empty",
        b'{"sub": 17, "name": "CANARY"}': "sub is a number, not a string",
        b'{"sub": "a b", "name": "CANARY"}': "the id must have 1 to 128 letters, digits, '-' and '_'",
        b'{"sub": "u", "mail": {"CANARY": 1}}': "mail is a map, not a text, a number or a boolean",
        b'{"sub": "u", "state": ["CANARY"]}': "status is a list, not a string",
        b'{"sub": "u", "name": "CANARY\\ud800"}': "A text contains an unpaired surrogate",
        b'{"sub": "u", "phone": 1' + b"0" * 50 + b"1}": "A number must have at most 38 significant digits",
    }
    lines = [json.dumps(person("good1")).encode(), *bad_lines, json.dumps(person("good2")).encode()]
    users = read(write_lines(tmp_path / "users.jsonl", *lines), segments=3)

    assert [user.user_id for user in users if user.failure_reason is None] == ["good1", "good2"]
    failures = [user for user in users if user.failure_reason is not None]
    for number, (failure, (line, reason)) in enumerate(zip(failures, bad_lines.items(), strict=True), 2):
        assert failure.failure_reason.startswith(reason)
        assert failure.key["line"] == str(number)
        assert failure.key["sha256"] == hashlib.sha256(line).hexdigest()
        assert SECRET not in failure.failure_reason
        assert failure.profile_key == ""
    offsets = [int(failure.key["offset"]) for failure in failures]
    data = (tmp_path / "users.jsonl").read_bytes()
    assert [data[offset:].split(b"\n", 1)[0] for offset in offsets] == list(bad_lines)


def test_skipped_user_with_an_id_of_a_wrong_column_is_shown_by_its_line(tmp_path):
    rows = [person("u0"), person("ann@example.com", state="disabled"), person("u2", state="disabled")]
    source = write_lines(tmp_path / "users.jsonl", *rows)

    _, wrong, right = read(source, segments=2)

    assert (wrong.skip_reason, wrong.user_id) == ("inactive", "line 2")
    assert wrong.failure_reason is None
    assert (right.skip_reason, right.user_id) == ("inactive", "u2")


@pytest.mark.parametrize(("end", "is_refused"), [(5, True), (6, True), (7, False), (13, False)])
def test_csv_value_with_the_beginning_of_a_segment_is_refused(end, is_refused):
    """Also if the segment begins exactly with a line of the value: it would be read as the user u2."""
    lines = read_lines([b'u1,"a\nu2,bc"\nu3,d\n'], 0)
    records = CsvRecords(["sub", "name"], ",").read_records(lines, end)

    if is_refused:
        with pytest.raises(RefusedError, match="A value with a line break is at the end of a segment"):
            list(records)
    else:
        assert [record.values["sub"] for record in records] == ["u1"]


def test_line_of_the_largest_size_is_read(tmp_path):
    sizes = [MAX_LINE_BYTES, MAX_LINE_BYTES + 1]
    rows = [b'{"sub": "u1", "name": "' + b"x" * (size - 25) + b'"}' for size in sizes]
    assert [len(row) for row in rows] == sizes

    users = read(write_lines(tmp_path / "users.jsonl", *rows))

    assert [user.failure_reason for user in users] == [None, "the line is longer than 1 MiB"]


def test_huge_line_is_a_failure_in_flat_memory(tmp_path):
    """F34: a line is never kept whole if it is longer than 1 MiB."""
    path = tmp_path / "users.jsonl"
    huge = b"x" * (3 * MAX_LINE_BYTES)
    source = write_lines(path, person("u1"), huge, person("u2"))

    [first, failure, last] = read(source, segments=2)

    assert (first.user_id, last.user_id) == ("u1", "u2")
    assert failure.failure_reason == "the line is longer than 1 MiB"
    assert failure.key["line"] == "2"
    assert failure.key["sha256"] == hashlib.sha256(huge).hexdigest()


@pytest.mark.parametrize("size", [1, 2, 5, 1000])
def test_lines_do_not_depend_on_the_blocks(size):
    data = b"a\n\nbbbbbb\ncc\nd"
    blocks = [data[start : start + size] for start in range(0, len(data), size)]

    lines = [(line.offset, line.end, line.data) for line in read_lines(blocks, 0, max_bytes=4)]

    assert lines == [(0, 2, b"a"), (2, 3, b""), (3, 10, None), (10, 13, b"cc"), (13, 14, b"d")]
    assert [line.digest for line in read_lines(blocks, 0, max_bytes=4)] == [
        hashlib.sha256(part).hexdigest() for part in data.split(b"\n")
    ]


def test_single_rows_are_read_again_by_their_keys(tmp_path):
    source = write_lines(tmp_path / "users.jsonl", *(person(f"u{n}") for n in range(5)))
    opened = open_file_source(source)
    users = read(source)

    rows = opened.read_rows(calls(), [users[3].key, users[1].key])

    assert [user.user_id for user in opened.read_users(rows)] == ["u3", "u1"]


@pytest.mark.parametrize("change", ["size", "time", "head", "missing"])
def test_changed_file_is_refused(tmp_path, change):
    path = tmp_path / "users.jsonl"
    source = write_lines(path, person("u1"), person("u2"))
    if change == "size":
        path.write_bytes(path.read_bytes() + b"{}\n")
    elif change == "time":
        path.touch()
    elif change == "head":
        source["fingerprint"]["head"] = "0" * 64
    else:
        path.unlink()

    with pytest.raises((RefusedError, BackfillFailedError), match=r"has changed|can't be read: No such file"):
        read(source)


def test_byte_order_mark_and_empty_lines_are_ignored(tmp_path):
    path = tmp_path / "users.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(person("u1")).encode() + b"\n\n  \n")

    assert [user.user_id for user in read(file_source(path))] == ["u1"]


CSV = '''sub,mail,verified,name,first,phone,kind,state
u1,U1@example.com,TRUE,"Doe, John",John,,vendor,active
u2,u2@example.com,false,"Two
lines and a ""quote""",,+15550100,,
u3,u3@example.com,,,,,,inactive
'''


def test_csv_is_read_as_rfc_4180_describes_it(tmp_path):
    users = read(write_csv(tmp_path / "users.csv", CSV))

    assert [(user.user_id, user.role, user.skip_reason, user.failure_reason) for user in users] == [
        ("u1", "vendor", None, None),
        ("u2", "customer", None, None),
        ("u3", "", "inactive", None),
    ]
    assert users[0].attributes["name"] == "Doe, John"
    assert users[1].attributes["name"] == 'Two\nlines and a "quote"'
    assert "phone_number" not in users[0].attributes


def test_csv_with_another_delimiter_and_a_byte_order_mark(tmp_path):
    path = tmp_path / "users.csv"
    path.write_bytes(b"\xef\xbb\xbf" + CSV.replace(",", ";").replace("Doe;", "Doe,").encode())
    columns = {"id": "sub", "name": "name"}
    source = file_source(path, "csv", columns) | {
        "delimiter": ";",
        "header": CSV.split("\n", maxsplit=1)[0].split(","),
    }

    assert [user.user_id for user in read(source, page_rows=1)] == ["u1", "u2", "u3"]


@pytest.mark.parametrize("segments", [1, 2, 3, 5, 9])
def test_csv_segments_have_each_user_once(tmp_path, segments):
    rows = "".join(f'u{n:02d},u{n}@example.com,,"a ""b"" c",,,,\n' for n in range(20))
    source = write_csv(tmp_path / "users.csv", CSV.split("\n", maxsplit=1)[0] + "\n" + rows)

    users = read(source, segments)

    assert [user.user_id for user in users] == [f"u{n:02d}" for n in range(20)]


def test_csv_value_that_spans_a_segment_is_refused(tmp_path):
    """A line inside a value must never become a user, whoever wrote that value."""
    injected = "evil,evil@example.com,,,,,vendor,\n" * 20
    text = f'{CSV.split(chr(10), maxsplit=1)[0]}\nu1,u1@example.com,,"hello\n{injected}",,,,\n'
    source = write_csv(tmp_path / "users.csv", text)

    assert [user.user_id for user in read(source, segments=1)] == ["u1"]
    with pytest.raises(RefusedError, match="--segments 1"):
        read(source, segments=2)


def test_value_that_is_no_id_is_not_shown(tmp_path):
    """A wrong mapping takes the e-mail address for the ID: reports and plans must not have it."""
    path = tmp_path / "users.jsonl"
    write_lines(path, person("u1"))

    [user] = read(file_source(path, columns={"id": "mail"}))

    assert user.user_id == "line 1"
    assert "example.com" not in f"{user.user_id} {user.key} {user.failure_reason}"


@pytest.mark.parametrize(
    "value",
    [b"\xe9", b"A" * 140_000, b"A" * (MAX_LINE_BYTES + 1), b'""\n\xe9'],
    ids=["Latin-1", "long value", "long line", "second line"],
)
def test_rest_of_a_csv_value_that_cannot_be_read_is_no_user(tmp_path, value):
    """A line inside a value must never become a user, also if the lines before it can't be read."""
    path = tmp_path / "users.csv"
    header = CSV.split("\n", maxsplit=1)[0].encode()
    broken = b'u1,,,"' + value + b'\nevil,evil@example.com,,,,,vendor,\n",,,,\n'
    path.write_bytes(header + b"\n" + broken + b"u2,u2@example.com,,,,,,\n")

    users = read(file_source(path, "csv"))

    assert [user.user_id for user in users if user.failure_reason is None] == ["u2"]
    opened = open_file_source(file_source(path, "csv"))
    failed_users = [user for user in users if user.failure_reason]
    rows = opened.read_rows(calls(), [user.key for user in failed_users])  # for a retry
    assert [(user.key, user.failure_reason) for user in opened.read_users(rows)] == [
        (user.key, user.failure_reason) for user in failed_users
    ]


def test_csv_record_with_a_line_break_can_be_read_again(tmp_path):
    source = write_csv(tmp_path / "users.csv", CSV)
    user = read(source)[1]
    opened = open_file_source(source)

    assert [user.user_id for user in opened.read_users(opened.read_rows(calls(), [user.key]))] == ["u2"]


def test_csv_value_that_cannot_be_read_and_spans_a_segment_is_refused(tmp_path):
    path = tmp_path / "users.csv"
    header = CSV.split("\n", maxsplit=1)[0].encode()
    path.write_bytes(header + b'\nu1,,,"\xe9\n' + b"evil,evil@example.com,,,,,vendor,\n" * 20 + b'",,,,\n')

    with pytest.raises(RefusedError, match="--segments 1"):
        read(file_source(path, "csv"), segments=2)


def test_csv_value_without_a_closing_quote_is_refused_after_a_megabyte(tmp_path):
    path = tmp_path / "users.csv"
    header = CSV.split("\n", maxsplit=1)[0].encode()
    path.write_bytes(header + b'\nu1,,,"\xe9\n' + b"u2,,,,,,,\n" * 150_000)

    with pytest.raises(RefusedError, match="closing quote"):
        read(file_source(path, "csv"))


def test_bad_csv_lines_are_failures(tmp_path):
    """F34: wrong number of values, wrong quotes; each line of a broken value counts."""
    header, first, *_ = CSV.split("\n")
    lines = [header, first, "u4,CANARY", 'u5,"CANARY"x,,,,,,', 'u6,"CANARY', "u7,,,,,,,"]
    users = read(write_csv(tmp_path / "users.csv", "\n".join(lines)))

    assert [user.user_id for user in users if user.failure_reason is None] == ["u1"]
    assert [(user.key["line"], user.failure_reason) for user in users if user.failure_reason] == [
        ("3", "the line has 2 values, must have 8"),
        ("4", "the line is not valid CSV: check its quotes"),
        ("5", "the line is not valid CSV: check its quotes"),
        ("6", "the line is not valid CSV: check its quotes"),
    ]


def test_columns_of_a_mapping_decide(tmp_path):
    path = tmp_path / "users.jsonl"
    path.write_text('{"key": "u1", "e": "a@b.c", "gone": true, "sub": "other"}\n{"key": "u2"}\n')
    columns = {"id": "key", "email": "e", "deleted": "gone"}

    users = read(file_source(path, columns=columns))

    assert [(user.user_id, user.skip_reason, user.attributes.get("email")) for user in users] == [
        ("u1", "softDeleted", None),
        ("u2", None, None),
    ]
    assert set(COLUMNS) > set(columns) - {"deleted"}


class FakeS3:
    """S3 with one object."""

    def __init__(self, data, etag='"1"'):
        self.data, self.etag = data, etag
        self.errors = []
        self.ranges = []

    def get_object(self, *, Bucket, Key, Range, IfMatch=None):  # noqa: N803 - S3's names
        assert (Bucket, Key) == ("bucket", "folder/users.jsonl")
        if self.errors:
            raise client_error("GetObject", self.errors.pop())
        if IfMatch not in (None, self.etag):
            raise client_error("GetObject", "PreconditionFailed", status=412)
        first, last = (int(number) for number in Range.removeprefix("bytes=").split("-"))
        self.ranges.append(first)
        body = self.data[first : last + 1]
        return {
            "Body": BytesIO(body),
            "ETag": self.etag,
            "ContentRange": f"bytes {first}-{first + len(body) - 1}/{len(self.data)}",
        }


@pytest.fixture
def s3_source(monkeypatch, tmp_path):
    """Return an S3 object with users, and `Job.source` for it."""
    data = b"".join(json.dumps(person(f"u{n}")).encode() + b"\n" for n in range(30)) + b"{bad\n"
    s3 = FakeS3(data)
    monkeypatch.setattr("userprofiles.backfill.sources.clients.aws.client", lambda *_, **__: s3)
    monkeypatch.setattr("userprofiles.backfill.sources.byte_file._S3_BLOCK_BYTES", 500)
    (tmp_path / "local").write_bytes(data)
    source = file_source(tmp_path / "local") | {"path": "s3://bucket/folder/users.jsonl"}
    source["fingerprint"] = {"size": len(data), "etag": '"1"', "head": "0"}
    return s3, source


def test_s3_object_is_read_in_ranges(s3_source):
    s3, source = s3_source
    users = read(source, segments=4)

    assert [user.user_id for user in users[:-1]] == [f"u{n}" for n in range(30)]
    assert users[-1].failure_reason == "the line is not valid JSON"
    assert users[-1].key["offset"] == str(len(s3.data) - 5)
    assert "line" not in users[-1].key
    assert users[-1].user_id == f"byte {len(s3.data) - 5}"
    assert len(s3.ranges) > 4


def test_changed_s3_object_is_refused(s3_source):
    s3, source = s3_source
    s3.etag = '"2"'

    with pytest.raises(RefusedError, match="has changed since the plan"):
        read(source)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("AccessDenied", r"Access Denied \(s3:GetObject on s3://bucket/folder/users.jsonl\)"),
        ("AccessDenied", "that the object exists: without s3:ListBucket, S3 denies a missing object, too"),
        ("NoSuchKey", "was not found"),
        ("SlowDown", "failed: SlowDown"),
    ],
)
def test_s3_errors_name_the_action_and_the_object(s3_source, code, message):
    s3, source = s3_source
    s3.errors = [code]

    with pytest.raises(BackfillFailedError, match=message):
        read(source)
