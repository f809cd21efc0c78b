"""Media of content in S3: presigned uploads, presigned downloads, and whether an object exists."""

import functools
from typing import Any

from botocore.exceptions import ClientError

from userprofiles.api import avatars

CONTENT_TYPES = (
    *("image/gif", "image/heic", "image/jpeg", "image/png", "image/webp"),
    *("audio/aac", "audio/mp4", "audio/mpeg", "audio/ogg", "audio/wav", "audio/webm"),
    *("video/mp4", "video/quicktime", "video/webm"),
)
"""MIME types that users can upload. Browsers run no script in any of them."""

MAX_MEDIA_BYTES = 500 * 1024 * 1024
MAX_MEDIA = 10
"""Media of one content item."""

UPLOAD_SECONDS = 900
"""Time in which an upload must begin. S3 checks the time when a request arrives, so a long upload goes on
(Amazon S3 User Guide, "Download and upload objects with presigned URLs")."""

DOWNLOAD_SECONDS = 3600
REDIRECT_SECONDS = 300
_DOWNLOADED_TYPE = "application/octet-stream"

# Without s3:ListBucket, S3 answers 403 for an object that doesn't exist (Amazon S3, "HeadObject").
_MISSING = {"NoSuchKey", "404", "AccessDenied", "403"}


class Media:
    """The bucket with media.

    Args:
        bucket: Name of the bucket.
        client: A botocore client of S3 that signs with Signature Version 4. Default: created when needed.
    """

    def __init__(self, bucket: str, client: Any = None) -> None:
        self._bucket = bucket
        self._given_client = client

    @functools.cached_property
    def _client(self) -> Any:
        # Created when needed: most requests have nothing to do with media.
        return self._given_client or avatars.client()

    def sign_upload(self, key: str, content_type: str, size: int, sha256: str) -> dict[str, Any]:
        """Return a presigned PUT of one object.

        The signature contains the content type, the exact size and the checksum, so S3 refuses every other
        body (Amazon S3 User Guide, "Checking object integrity"; "Authenticating requests: using query
        parameters", X-Amz-SignedHeaders).

        Args:
            key: Key of the object.
            content_type: Its MIME type.
            size: Its exact size in bytes.
            sha256: Its SHA-256 in base64.
        """
        url = self._client.generate_presigned_url(
            "put_object",
            Params={
                "Bucket": self._bucket,
                "Key": key,
                "ContentType": content_type,
                "ContentLength": size,
                "ChecksumSHA256": sha256,
            },
            ExpiresIn=UPLOAD_SECONDS,
        )
        return {
            "method": "PUT",
            "url": url,
            "headers": {
                "Content-Type": content_type,
                "Content-Length": str(size),
                "x-amz-checksum-sha256": sha256,
            },
            "expires_in": UPLOAD_SECONDS,
        }

    def sign_download(self, key: str, content_type: str, seconds: int = DOWNLOAD_SECONDS) -> str:
        """Return a presigned GET of one object.

        Imported media can have any type. A type that users can't upload is a download without a type, so that
        no browser runs it.
        """
        headers = {"ResponseContentType": content_type}
        if content_type not in CONTENT_TYPES:
            headers = {
                "ResponseContentType": _DOWNLOADED_TYPE,
                "ResponseContentDisposition": "attachment",
            }
        url: str = self._client.generate_presigned_url(
            "get_object",
            Params={"Bucket": self._bucket, "Key": key, **headers},
            ExpiresIn=seconds,
        )
        return url

    def exists(self, key: str) -> bool:
        """Return whether an object exists.

        Raises:
            botocore.exceptions.ClientError: S3 returned another error.
        """
        try:
            self._client.head_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in _MISSING:
                return False
            raise
        return True
