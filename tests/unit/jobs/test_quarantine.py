"""The quarantine in files and in S3: rows without values, in the order and number that the units count."""

import errno
import io
import json
import resource

import pytest
from botocore.exceptions import ClientError
from userprofiles.jobs.bucket_quarantine import BucketQuarantine
from userprofiles.jobs.file_quarantine import FileQuarantine
from userprofiles.jobs.quarantine import Part, QuarantinedRow, QuarantineError, row_digest


def rows(*numbers, unit=0, reason="PK is a number, not a string"):
    return [
        QuarantinedRow("run-1", unit, f"u{n}", {"PK": f"u{n}", "SK": "METADATA"}, "0" * 64, reason)
        for n in numbers
    ]


class Bucket:
    """The part of S3 that the quarantine uses."""

    def __init__(self):
        self.objects = {}
        self.denied = False

    def put_object(self, *, Bucket, Key, Body, ContentType):  # noqa: N803 - S3's names
        if self.denied:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "PutObject")
        self.objects[Key] = Body

    def get_object(self, *, Bucket, Key):  # noqa: N803 - S3's names
        if Key not in self.objects:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return {"Body": io.BytesIO(self.objects[Key])}


@pytest.fixture(params=["file", "bucket"])
def open_quarantine(request, tmp_path):
    """Return a function that opens the same quarantine, as a new process does."""
    bucket = Bucket()

    def open_it():
        if request.param == "file":
            return FileQuarantine(tmp_path / "run-1")
        return BucketQuarantine(bucket, "reports", "run-1")

    return open_it


def test_rows_are_read_in_the_order_of_their_unit(open_quarantine):
    quarantine = open_quarantine()
    quarantine.append(Part(0), rows(1, 2))
    quarantine.append(Part(1), rows(9, unit=1))
    quarantine.append(Part(0, 2), rows(3))
    quarantine.append(Part(0, 3), rows(4))

    assert list(open_quarantine().read(Part(0, 4))) == rows(1, 2, 3, 4)
    assert list(open_quarantine().read(Part(1, 1))) == rows(9, unit=1)
    assert list(open_quarantine().read(Part(2))) == []


def test_rows_after_the_last_stored_progress_are_replaced(open_quarantine):
    """F36: a process was killed after it wrote rows, and before it stored the progress that counts them."""
    killed = open_quarantine()
    killed.append(Part(0), rows(1))
    killed.append(Part(0, 1), rows(2, 3))

    resumed = open_quarantine()
    resumed.append(Part(0, 1), rows(7))

    assert list(open_quarantine().read(Part(0, 2))) == rows(1, 7)
    assert list(open_quarantine().read(Part(0, 1))) == rows(1)


def test_rows_that_the_progress_does_not_count_are_replaced_by_the_same_process(open_quarantine):
    """The progress could not be stored, and the process goes on."""
    quarantine = open_quarantine()
    quarantine.append(Part(0), rows(1))
    quarantine.append(Part(0, 1), rows(2))
    quarantine.append(Part(0, 1), rows(3))

    assert list(quarantine.read(Part(0, 2))) == rows(1, 3)


def test_new_version_of_a_part_leaves_the_former_one_valid(open_quarantine):
    quarantine = open_quarantine()
    quarantine.append(Part(0), rows(1, 2))
    quarantine.append(Part(0, version=1), rows(2))

    assert list(quarantine.read(Part(0, 2))) == rows(1, 2)
    assert list(quarantine.read(Part(0, 1, version=1))) == rows(2)


def test_rows_that_a_retry_has_finished_are_not_read(open_quarantine):
    quarantine = open_quarantine()
    quarantine.append(Part(0), rows(1, 2))
    quarantine.append(Part(0, 2), rows(3))
    quarantine.append(Part(0, 1, first=2), rows(4))

    assert list(open_quarantine().read(Part(0, 2, first=2))) == rows(3, 4)
    assert list(open_quarantine().read(Part(0, 2, first=1))) == rows(2, 3)
    assert list(open_quarantine().read(Part(0, 0, first=9))) == []


def test_missing_row_is_an_error_with_its_place(open_quarantine):
    quarantine = open_quarantine()
    quarantine.append(Part(3), rows(1, unit=3))

    with pytest.raises(QuarantineError, match=r"has 1 row of unit 3, must have 2"):
        list(quarantine.read(Part(3, 2)))


@pytest.mark.parametrize("line", ['{"runId": 1', "[" * 100_000, '{"a":' * 100_000, "[]", "\ud800"])
def test_damaged_row_is_an_error_with_its_number(tmp_path, line):
    quarantine = FileQuarantine(tmp_path)
    quarantine.append(Part(0), rows(1))
    with quarantine.path(Part(0)).open("ab") as file:
        file.write(line.encode(errors="surrogatepass") + b"\n")

    with pytest.raises(QuarantineError, match=r"is damaged: row 2 of .*000000.jsonl can't be read") as error:
        list(quarantine.read(Part(0, 2)))
    assert len(str(error.value)) < 500


def test_damaged_row_of_the_bucket_is_an_error_with_its_number():
    bucket = Bucket()
    quarantine = BucketQuarantine(bucket, "bucket", "run-1")
    quarantine.append(Part(0), rows(1, 2))
    [key] = bucket.objects
    bucket.objects[key] = bucket.objects[key].split(b"\n")[0] + b"\n" + b"[" * 100_000 + b"\n"

    with pytest.raises(QuarantineError, match=r"row 2 of s3://bucket/.*00000000.jsonl can't be read"):
        list(quarantine.read(Part(0, 2, first=1)))


def test_row_after_those_of_another_process_is_written_at_the_right_position(tmp_path):
    """Another process has replaced a row that was never counted by a longer one, so the count is the same."""
    first, second = FileQuarantine(tmp_path), FileQuarantine(tmp_path)
    first.append(Part(0), rows(1))
    first.append(Part(0, 1), rows(2))
    second.append(Part(0, 1), rows(1234567))
    first.append(Part(0, 2), rows(3))

    assert list(FileQuarantine(tmp_path).read(Part(0, 3))) == rows(1, 1234567, 3)


def test_row_after_more_rows_of_another_process_is_written_at_the_right_position(tmp_path):
    first, second = FileQuarantine(tmp_path), FileQuarantine(tmp_path)
    first.append(Part(0), rows(1))
    second.append(Part(0, 1), rows(2, 3))
    first.append(Part(0, 3), rows(4))
    second.append(Part(0, 2), rows(5))

    assert list(FileQuarantine(tmp_path).read(Part(0, 3))) == rows(1, 2, 5)


def test_deleted_part_can_be_written_again(tmp_path):
    quarantine = FileQuarantine(tmp_path)
    quarantine.append(Part(0, version=1), rows(1))
    quarantine.delete(Part(0, version=1))
    quarantine.append(Part(0, version=1), rows(2))

    assert list(quarantine.read(Part(0, 1, version=1))) == rows(2)


def test_symbolic_link_is_not_followed(tmp_path):
    target = tmp_path / "target"
    target.write_text("precious")
    quarantine = FileQuarantine(tmp_path / "run-1")
    quarantine.path(Part(0)).parent.mkdir()
    quarantine.path(Part(0)).symlink_to(target)

    with pytest.raises(QuarantineError, match="it is a symbolic link"):
        quarantine.append(Part(0), rows(1))
    assert target.read_text() == "precious"


def test_existing_file_is_made_private(tmp_path):
    quarantine = FileQuarantine(tmp_path)
    path = quarantine.path(Part(0))
    path.touch(mode=0o666)
    path.chmod(0o666)
    quarantine.append(Part(0), rows(1))

    assert path.stat().st_mode & 0o777 == 0o600


def test_line_has_ids_and_digest_and_no_value(tmp_path):
    quarantine = FileQuarantine(tmp_path / "run-1")
    quarantine.append(Part(0), rows(1))

    path = quarantine.path(Part(0))
    assert json.loads(path.read_text()) == {
        "runId": "run-1",
        "unit": 0,
        "userId": "u1",
        "key": {"PK": "u1", "SK": "METADATA"},
        "sha256": "0" * 64,
        "reason": "PK is a number, not a string",
        "tries": 1,
    }
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_full_disk_keeps_the_rows_before(tmp_path):
    quarantine = FileQuarantine(tmp_path)
    quarantine.append(Part(0), rows(1))
    size = quarantine.path(Part(0)).stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 50, hard))
    try:
        with pytest.raises(
            QuarantineError, match=r"can't be written to .*File too large\.\nFree space"
        ) as error:
            quarantine.append(Part(0, 1), rows(2))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert error.value.__cause__.errno == errno.EFBIG
    assert quarantine.path(Part(0)).stat().st_size == size
    quarantine.append(Part(0, 1), rows(2))
    assert list(quarantine.read(Part(0, 2))) == rows(1, 2)


def test_denied_bucket_is_an_error_with_object_code_and_permissions():
    bucket = Bucket()
    bucket.denied = True

    with pytest.raises(
        QuarantineError,
        match=r"s3://reports/runs/run-1/quarantine/000000/0{8}.jsonl: AccessDenied.\n.*s3:PutObject",
    ):
        BucketQuarantine(bucket, "reports", "run-1").append(Part(0), rows(1))


def test_digest_depends_on_the_values_and_not_on_their_order():
    row = {"PK": {"S": "u1"}, "picture": {"B": b"\x00"}}

    assert row_digest(row) == row_digest(dict(reversed(row.items())))
    assert row_digest(row) != row_digest(row | {"PK": {"S": "u2"}})


def test_missing_parents_of_the_folder_are_private(tmp_path):
    """A run that has only findings writes them below a folder that does not exist yet."""
    folder = tmp_path / "state" / "run-1" / "findings"

    FileQuarantine(folder).append(Part(0), rows(1))

    assert {path.stat().st_mode & 0o777 for path in (folder, folder.parent, folder.parent.parent)} == {0o700}
