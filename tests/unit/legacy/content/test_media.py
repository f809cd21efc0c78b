"""Copies of old files: parts, checksums, folders, and what a repeated copy does."""

import hashlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from import_table import client_error
from legacy_world import BUCKET, OLD_BUCKET
from media_bucket_fake import FakeS3, crc, sha256
from userprofiles.backfill.errors import BackfillFailedError, ErrorKind
from userprofiles.backfill.stop import Stop
from userprofiles.legacy.content.media_bucket import CopySizes, MediaBucket
from userprofiles.legacy.content.media_errors import CopyFailedError, DeadLinkError
from userprofiles.legacy.content.media_source import MediaSource
from userprofiles.legacy.content.rules_file import check_rules
from userprofiles.legacy.content.stored_object import Proof, StoredObject, compare, read_head
from userprofiles.legacy.content.web_files import WebFiles

KEY = "media/sub-1/20200506T070809123Z-0123456789ab/m"
SIZES = CopySizes(max_bytes=50, multipart_bytes=10, part_bytes=4)


@pytest.fixture
def s3():
    return FakeS3()


@pytest.fixture
def copy(s3):
    """Return a function that copies the file of a URL."""
    buckets = []

    def copy_file(place, name="a.mp3", run_id="run-1", **rules):
        document = {"rules": [{"from": "https://old.example/", **place}], **rules}
        url_rules = check_rules(document)
        buckets.append(MediaBucket(s3, BUCKET, run_id, threads=3, sizes=SIZES))
        source = MediaSource(buckets[-1], url_rules, WebFiles(url_rules, Stop()))
        return source.copy(url_rules.locate(f"https://old.example/{name}"), KEY)

    yield copy_file
    for bucket in buckets:
        bucket.close()


PLACE = {"bucket": OLD_BUCKET}


class TestBucket:
    def test_small_object_is_copied_with_one_call(self, s3, copy):
        s3.add(OLD_BUCKET, "a.mp3", b"123456789")

        stored = copy(PLACE)

        assert s3.body(BUCKET, KEY) == b"123456789"
        assert stored.checksums == {"SHA256": sha256(b"123456789")}
        assert stored.metadata["migration-run-id"] == "run-1"
        assert (s3.count("CopyObject"), s3.count("UploadPartCopy")) == (1, 0)

    @pytest.mark.parametrize("size", [11, 12, 13])
    def test_large_object_is_copied_in_parts(self, s3, copy, size):
        body = bytes(range(size))
        s3.add(OLD_BUCKET, "a.mp3", body, ChecksumCRC64NVME=crc(body))

        stored = copy(PLACE)

        assert s3.body(BUCKET, KEY) == body
        assert stored.checksums == {"CRC64NVME": crc(body)}
        assert (s3.count("CopyObject"), s3.count("UploadPartCopy")) == (0, -(-size // 4))
        assert s3.open_uploads == 0

    @pytest.mark.parametrize(("size", "parts"), [(11, 0), (50, 0), (51, 13)])
    def test_object_without_checksum_is_copied_whole_if_possible_so_that_its_etag_can_be_compared(
        self, s3, copy, size, parts
    ):
        s3.add(OLD_BUCKET, "a.mp3", bytes(size))

        copy(PLACE)

        assert s3.count("UploadPartCopy") == parts

    @pytest.mark.parametrize("body", [b"small", b"larger than one part" * 3])
    def test_repeated_copy_does_nothing(self, s3, copy, body):
        s3.add(OLD_BUCKET, "a.mp3", body)
        first = copy(PLACE)
        calls = len(s3.calls)

        assert copy(PLACE, run_id="run-2") == first
        assert [name for name, _ in s3.calls[calls:]] == ["HeadObject", "HeadObject"]

    def test_changed_source_is_copied_again(self, s3, copy):
        s3.add(OLD_BUCKET, "a.mp3", b"old")
        copy(PLACE)
        s3.add(OLD_BUCKET, "a.mp3", b"new")

        copy(PLACE)

        assert s3.body(BUCKET, KEY) == b"new"

    def test_source_that_changes_during_the_copy_fails_and_leaves_no_upload(self, s3, copy):
        s3.add(OLD_BUCKET, "a.mp3", b"larger than one part" * 3)

        def change(operation, parameters):
            if operation == "UploadPartCopy":
                s3.add(OLD_BUCKET, "a.mp3", b"another file")

        s3.hooks = [change]

        with pytest.raises(CopyFailedError, match="has changed while it was copied"):
            copy(PLACE)

        assert (s3.keys(BUCKET), s3.open_uploads) == ([], 0)

    def test_denied_part_leaves_no_upload(self, s3, copy):
        s3.add(OLD_BUCKET, "a.mp3", b"larger than one part" * 3)
        s3.refused = {("UploadPartCopy", BUCKET)}

        with pytest.raises(BackfillFailedError, match="refuses UploadPartCopy") as raised:
            copy(PLACE)

        assert (raised.value.kind, s3.open_uploads) == (ErrorKind.RIGHTS, 0)

    def test_copy_that_differs_fails(self, s3, copy):
        s3.add(OLD_BUCKET, "a.mp3", b"sound", ChecksumSHA256=sha256(b"other"), ChecksumType="FULL_OBJECT")

        with pytest.raises(CopyFailedError, match="the copy differs from the old file"):
            copy(PLACE)

    def test_type_of_the_server_wins_over_that_of_the_name(self, s3, copy):
        s3.add(OLD_BUCKET, "a.mp3", b"sound", ContentType="audio/ogg; codecs=opus")

        assert copy(PLACE).content_type == "audio/ogg"

    def test_missing_bucket_ends_the_run(self, s3, copy):
        def miss(operation, parameters):
            raise client_error(operation, "NoSuchBucket", status=404)

        s3.hooks = [miss]

        with pytest.raises(BackfillFailedError, match=f"bucket '{OLD_BUCKET}' does not exist"):
            copy(PLACE)

    def test_prefix_and_encoded_name(self, s3, copy):
        s3.add(OLD_BUCKET, "2019/ü a+b.mp3", b"sound")

        copy({"bucket": OLD_BUCKET, "prefix": "2019/"}, "%C3%BC%20a+b.mp3")

        assert s3.body(BUCKET, KEY) == b"sound"


class TestFolder:
    def test_file_is_uploaded_with_its_checksum(self, s3, copy, tmp_path):
        (tmp_path / "sub").mkdir()
        (tmp_path / "sub" / "a.png").write_bytes(b"picture")

        stored = copy({"folder": str(tmp_path)}, "sub/a.png")

        assert (stored.checksums["SHA256"], stored.content_type) == (sha256(b"picture"), "image/png")
        copy({"folder": str(tmp_path)}, "sub/a.png")
        assert s3.count("PutObject") == 1

    @pytest.mark.parametrize("name", ["a" * 300, "a/" * 3000 + "a"], ids=["name", "path"])
    def test_name_that_no_file_can_have_is_a_dead_link(self, copy, tmp_path, name):
        with pytest.raises(DeadLinkError):
            copy({"folder": str(tmp_path)}, name)

    def test_file_outside_the_folder_is_a_dead_link(self, copy, tmp_path):
        """A path can't leave the folder, also not by a symbolic link."""
        secret = tmp_path / "secret.txt"
        secret.write_text("secret")
        folder = tmp_path / "folder"
        folder.mkdir()
        (folder / "link.txt").symlink_to(secret)

        for name in ("link.txt", "../secret.txt", "%2e%2e/secret.txt", "%252e%252e/secret.txt", "missing"):
            with pytest.raises(DeadLinkError):
                copy({"folder": str(folder)}, name)

    def test_file_that_is_too_large_fails(self, copy, tmp_path):
        (tmp_path / "a.mp3").write_bytes(b"12345")

        with pytest.raises(CopyFailedError, match="larger than max_bytes"):
            copy({"folder": str(tmp_path)}, max_bytes=4)


class TestComparison:
    md5 = '"5d41402abc4b2a76b9719d911017c592"'

    @pytest.mark.parametrize(
        ("source", "copied", "proof"),
        [
            ({"checksums": {"SHA256": "a"}}, {"checksums": {"SHA256": "a"}}, Proof.CHECKSUM),
            ({"checksums": {"SHA256": "a"}}, {"checksums": {"SHA256": "b"}}, None),
            ({"etag": md5, "has_md5_etag": True}, {"etag": md5, "has_md5_etag": True}, Proof.ETAG),
            ({"etag": md5, "has_md5_etag": True}, {"etag": '"0"', "has_md5_etag": True}, None),
            ({"etag": md5, "has_md5_etag": True}, {"etag": '"0"'}, Proof.SIZE),
            ({"checksums": {"CRC32": "a"}}, {"checksums": {"SHA256": "b"}}, Proof.SIZE),
            ({"size": 2}, {"size": 3}, None),
        ],
    )
    def test_strongest_common_proof_decides(self, source, copied, proof):
        assert compare(StoredObject(**{"size": 1, **source}), StoredObject(**{"size": 1, **copied})) is proof

    def test_checksums_and_etags_of_parts_are_not_compared(self):
        head = {"ContentLength": 1, "ChecksumType": "COMPOSITE", "ChecksumSHA256": "a-2", "ETag": '"b-2"'}

        stored = read_head(head)

        assert (stored.checksums, stored.has_md5_etag) == ({}, False)
        assert not read_head(
            {"ContentLength": 1, "ETag": self.md5, "ServerSideEncryption": "aws:kms"}
        ).has_md5_etag

    @pytest.mark.parametrize(
        ("head", "is_archived"),
        [
            ({"StorageClass": "DEEP_ARCHIVE"}, True),
            ({"StorageClass": "GLACIER", "Restore": 'ongoing-request="true"'}, True),
            ({"StorageClass": "GLACIER", "Restore": 'ongoing-request="false", expiry-date="…"'}, False),
            ({"StorageClass": "INTELLIGENT_TIERING", "ArchiveStatus": "ARCHIVE_ACCESS"}, True),
            ({"StorageClass": "GLACIER_IR"}, False),
        ],
    )
    def test_archived_objects(self, head, is_archived):
        assert read_head({"ContentLength": 1, **head}).is_archived is is_archived


@given(size=st.integers(1, 6 * 1024**4), part_bytes=st.integers(5 * 1024**2, 5 * 1024**3))
def test_parts_cover_the_object_without_gaps(size, part_bytes):
    bucket = MediaBucket(None, BUCKET, "run", threads=1, sizes=CopySizes(part_bytes=part_bytes))

    parts = bucket._parts(size)
    bucket.close()

    assert len(parts) <= 10_000
    assert [parts[0][1], parts[-1][2]] == [0, size - 1]
    assert all(second[1] == first[2] + 1 for first, second in itertools.pairwise(parts))
    assert [number for number, _, _ in parts] == list(range(1, len(parts) + 1))


def test_fake_etag_is_that_of_s3():
    s3 = FakeS3()
    s3.add("b", "k", b"hello")

    assert s3.objects["b", "k"]["ETag"] == f'"{hashlib.md5(b"hello").hexdigest()}"'
