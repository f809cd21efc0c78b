"""Pictures that users upload: a form for the upload, the claim of an upload, and signed URLs.

A browser sends the picture to S3 with a presigned form, below `avatars/<sub>/`. The bucket deletes it after
a day, unless a profile claims it: a claim copies it below `claimed/`. The profile has the key of the upload,
and the API answers a signed URL instead.
"""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from userprofiles import aws
from userprofiles.api.account_changes import parse_fields
from userprofiles.api.errors import ApiError, FieldError
from userprofiles.api.picture_key import FIELD, is_key, is_own_key
from userprofiles.api.profile_service import ProfileDocument

CLAIMED_PREFIX = "claimed/"
CONTENT_TYPES = ("image/jpeg", "image/png", "image/webp")
MAX_BYTES = 5 * 1024 * 1024
FORM_SECONDS = 600
URL_SECONDS = 3600
"""Answers have `Cache-Control: no-store`, so a URL outlives every answer that contains it."""

# Without s3:ListBucket, S3 answers 403 for an object that doesn't exist (Amazon S3, "HeadObject").
_MISSING = {"NoSuchKey", "404", "AccessDenied", "403"}


class Avatars:
    """The bucket with the pictures.

    Args:
        bucket: Name of the bucket.
        client: A botocore client of S3 that signs with Signature Version 4. Default: created when needed.
    """

    def __init__(self, bucket: str, client: Any = None) -> None:
        self._bucket = bucket
        self._given_client = client

    @functools.cached_property
    def _client(self) -> Any:
        # Created when needed: most requests have nothing to do with pictures.
        return self._given_client or client()

    def create_form(self, key: str, content_type: str) -> dict[str, Any]:
        """Return a presigned form for one upload.

        The policy fixes bucket, key and content type, and limits the size (Amazon S3, "POST Policy").
        """
        form = self._client.generate_presigned_post(
            self._bucket,
            key,
            Fields={"Content-Type": content_type},
            Conditions=[{"Content-Type": content_type}, ["content-length-range", 1, MAX_BYTES]],
            ExpiresIn=FORM_SECONDS,
        )
        return {
            "key": key,
            "url": form["url"],
            "fields": form["fields"],
            "expiresIn": FORM_SECONDS,
            "maxBytes": MAX_BYTES,
        }

    def claim(self, sub: str, key: str) -> Callable[[], None]:
        """Keep an uploaded picture.

        Returns:
            A function that deletes the picture's copy, without a delete marker.

        Raises:
            ApiError: 400; the key is not below the user's own sub, or nothing was uploaded with it.
            botocore.exceptions.ClientError: S3 returned another error.
        """
        if not is_own_key(sub, key):
            raise _picture_error("not_own", "must be the key of an upload of this user")
        copy = {"Bucket": self._bucket, "Key": f"{CLAIMED_PREFIX}{key}"}
        try:
            response = self._client.copy_object(
                **copy,
                CopySource={"Bucket": self._bucket, "Key": key},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] not in _MISSING:
                raise
            raise _picture_error(
                "not_uploaded", "nothing was uploaded with this key, or it expired"
            ) from None
        version = {"VersionId": response["VersionId"]} if "VersionId" in response else {}
        return lambda: self._client.delete_object(**copy, **version)

    def sign(self, document: ProfileDocument) -> ProfileDocument:
        """Return a document with a signed URL instead of a key. Its ETag is that of the key."""
        profile = document.body["profile"]
        if not is_key(profile.get(FIELD)):
            return document
        url = self._client.generate_presigned_url(
            "get_object",
            Params={"Bucket": self._bucket, "Key": f"{CLAIMED_PREFIX}{profile[FIELD]}"},
            ExpiresIn=URL_SECONDS,
        )
        body = {**document.body, "profile": {**profile, FIELD: url}}
        return dataclasses.replace(document, body=body)


def client(region: str | None = None, endpoint_url: str | None = None) -> Any:
    """Create a client of S3 whose signed URLs name the bucket's region.

    Without the style `virtual`, botocore signs URLs of the global endpoint `s3.amazonaws.com`. It redirects
    requests for a new bucket of another region, and rejects them in regions that AWS opened after March 2019
    (Amazon S3 User Guide, "Request routing"; boto3 pull request 4768).

    Args:
        region: The region; None for that of the environment.
        endpoint_url: The endpoint; None for that of the environment, else AWS.
    """
    return aws.client(
        "s3",
        signature_version="s3v4",
        addressing_style="virtual",
        region=region,
        endpoint_url=endpoint_url,
    )


def parse_content_type(document: Any) -> str:
    """Return the content type of the picture to upload, from the body of a request.

    Raises:
        ApiError: 400 with all problems.
    """
    return parse_fields(document, {"contentType": CONTENT_TYPES})["contentType"]


def _picture_error(code: str, detail: str) -> ApiError:
    error = FieldError(f"/profile/{FIELD}", code, detail)
    return ApiError(400, "invalid_patch", "The change is not accepted; see errors.", [error])
