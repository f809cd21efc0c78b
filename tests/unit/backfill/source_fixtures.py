"""Sources for the tests: files with users, as a job names them after its checks."""

import hashlib
import json
from io import BytesIO

from backfill_fixtures import client_error
from userprofiles.backfill.sources.byte_file import LocalFile
from userprofiles.backfill.sources.lines import read_lines
from userprofiles.backfill.sources.records import read_header
from userprofiles.backfill.users.mapping import ColumnMapping

COLUMNS = {
    "id": "sub",
    "email": "mail",
    "email_verified": "verified",
    "name": "name",
    "given_name": "first",
    "phone_number": "phone",
    "role": "kind",
    "status": "state",
}


def person(user_id, **values):
    return {
        "sub": user_id,
        "mail": f"{user_id}@Example.com",
        "verified": True,
        "name": f"Name {user_id}",
        "first": f"First {user_id}",
    } | values


def file_source(path, kind="jsonl", columns=None, **values):
    """Return `Job.source` of a file."""
    mapping = ColumnMapping(columns or COLUMNS)
    source = {
        "kind": kind,
        "path": str(path),
        "fingerprint": LocalFile(path).fingerprint(None),
        **mapping.to_json(),
        **values,
    }
    if kind == "csv":
        header = next(read_lines([path.read_bytes()], 0))
        source |= {"header": read_header(header, source["delimiter"]), "first": header.end}
    return source


def write_lines(path, *rows):
    """Write JSON lines, and return the source. A row of bytes is written as it is."""
    lines = [row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows]
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return file_source(path)


class FakeS3:
    """S3 with one bucket."""

    def __init__(self):
        self.objects = {}

    def get_object(self, *, Bucket, Key, Range, IfMatch=None):  # noqa: N803 - S3's names
        assert Bucket == "bucket"
        if Key not in self.objects:
            raise client_error("GetObject", "NoSuchKey", status=404)
        data = self.objects[Key]
        etag = f'"{hashlib.md5(data).hexdigest()}"'
        if IfMatch not in (None, etag):
            raise client_error("GetObject", "PreconditionFailed", status=412)
        first, last = (int(number) for number in Range.removeprefix("bytes=").split("-"))
        body = data[first : last + 1]
        content_range = f"bytes {first}-{first + len(body) - 1}/{len(data)}"
        return {"Body": BytesIO(body), "ETag": etag, "ContentRange": content_range}
