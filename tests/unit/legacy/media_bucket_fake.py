"""Buckets of S3 in memory, with checksums, versions, parts and refusals."""

import base64
import hashlib
import itertools
import threading
import zlib

from import_table import client_error


def crc(data):
    """Return a stand-in for CRC64NVME, which Python does not have: like it, it covers the full object."""
    return base64.b64encode(zlib.crc32(data).to_bytes(8, "big")).decode()


def sha256(data):
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


CHECKSUMS = {"CRC64NVME": crc, "SHA256": sha256}


class FakeS3:
    """A client of S3.

    Attributes:
        objects: The objects by bucket and key.
        calls: The name and parameters of each call.
        refused: Pairs of operation and bucket that are denied.
        hooks: Functions (operation, parameters) that can raise.
    """

    def __init__(self):
        self.objects = {}
        self.calls = []
        self.refused = set()
        self.hooks = []
        self._uploads = {}
        self._versions = itertools.count(1)
        self._lock = threading.Lock()

    def keys(self, bucket):
        return sorted(key for name, key in self.objects if name == bucket)

    def body(self, bucket, key):
        return self.objects[bucket, key]["body"]

    def count(self, operation):
        return sum(name == operation for name, _ in self.calls)

    def add(self, bucket, key, body, **attributes):
        """Put an object as an old application did: without metadata, and without a checksum."""
        etag = f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
        self.objects[bucket, key] = {
            "body": body,
            "ETag": etag,
            "ContentType": "binary/octet-stream",
            "Metadata": {},
            "VersionId": f"v{next(self._versions)}",
            **attributes,
        }

    def _begin(self, operation, parameters):
        with self._lock:
            self.calls.append((operation, parameters))
        if (operation, parameters["Bucket"]) in self.refused:
            code = "403" if operation == "HeadObject" else "AccessDenied"
            raise client_error(operation, code, status=403)
        for hook in self.hooks:
            hook(operation, parameters)

    def head_object(self, **parameters):
        self._begin("HeadObject", parameters)
        stored = self.objects.get((parameters["Bucket"], parameters["Key"]))
        if stored is None:
            raise client_error("HeadObject", "404", status=404)
        response = {name: value for name, value in stored.items() if name != "body"}
        return {**response, "ContentLength": len(stored["body"])}

    def _source(self, parameters):
        source = parameters["CopySource"]
        stored = self.objects.get((source["Bucket"], source["Key"]))
        if stored is None:
            raise client_error("CopyObject", "NoSuchKey", status=404)
        if stored["ETag"] != parameters["CopySourceIfMatch"]:
            raise client_error("CopyObject", "PreconditionFailed", status=412)
        return stored

    def copy_object(self, **parameters):
        self._begin("CopyObject", parameters)
        assert parameters["MetadataDirective"] == "REPLACE"
        self._store(parameters, self._source(parameters)["body"], parameters["ChecksumAlgorithm"])
        return {}

    def put_object(self, **parameters):
        self._begin("PutObject", parameters)
        body = parameters["Body"].read()
        assert len(body) == parameters["ContentLength"]
        assert sha256(body) == parameters["ChecksumSHA256"]
        self._store(parameters, body, "SHA256")
        return {}

    def create_multipart_upload(self, **parameters):
        self._begin("CreateMultipartUpload", parameters)
        assert parameters["ChecksumType"] == "FULL_OBJECT"
        upload_id = f"upload-{len(self._uploads)}"
        self._uploads[upload_id] = (parameters, {})
        return {"UploadId": upload_id}

    def upload_part_copy(self, **parameters):
        self._begin("UploadPartCopy", parameters)
        first, last = parameters["CopySourceRange"].removeprefix("bytes=").split("-")
        part = self._source(parameters)["body"][int(first) : int(last) + 1]
        self._uploads[parameters["UploadId"]][1][parameters["PartNumber"]] = part
        return {"CopyPartResult": {"ETag": f'"{parameters["PartNumber"]}"', "ChecksumCRC64NVME": crc(part)}}

    def complete_multipart_upload(self, **parameters):
        self._begin("CompleteMultipartUpload", parameters)
        upload, parts = self._uploads.pop(parameters["UploadId"])
        listed = parameters["MultipartUpload"]["Parts"]
        assert [part["PartNumber"] for part in listed] == sorted(parts)
        assert [part["ChecksumCRC64NVME"] for part in listed] == [
            crc(parts[number]) for number in sorted(parts)
        ]
        body = b"".join(parts[number] for number in sorted(parts))
        self._store(upload, body, "CRC64NVME", etag=f'"{hashlib.md5(body).hexdigest()}-{len(parts)}"')
        return {}

    def abort_multipart_upload(self, **parameters):
        self._begin("AbortMultipartUpload", parameters)
        del self._uploads[parameters["UploadId"]]
        return {}

    def delete_object(self, **parameters):
        self._begin("DeleteObject", parameters)
        stored = self.objects.pop((parameters["Bucket"], parameters["Key"]))
        assert stored["VersionId"] == parameters["VersionId"]
        return {}

    @property
    def open_uploads(self):
        return len(self._uploads)

    def _store(self, parameters, body, algorithm, etag=None):
        checksum = CHECKSUMS[algorithm](body)
        attributes = {f"Checksum{algorithm}": checksum, "ChecksumType": "FULL_OBJECT"}
        attributes |= {"ContentType": parameters["ContentType"], "Metadata": parameters["Metadata"]}
        self.add(parameters["Bucket"], parameters["Key"], body, **attributes)
        if etag is not None:
            self.objects[parameters["Bucket"], parameters["Key"]]["ETag"] = etag
