"""The private bucket for the media of users' content."""

from typing import Any, NotRequired, TypedDict, Unpack

import pulumi
from userprofiles.social.content import MEDIA_PREFIX

from pulumi_userprofiles.component import NO_ARGUMENTS, Transforms
from pulumi_userprofiles.user_files_bucket import UserFilesBucket, UserFilesSettings

_NONCURRENT_DAYS = 30
"""Days in which an object that was deleted or replaced by mistake can be restored."""

_LIFECYCLE_RULES: list[Any] = [
    {
        "id": "media",
        "status": "Enabled",
        "filter": {"prefix": MEDIA_PREFIX},
        "noncurrent_version_expiration": {"noncurrent_days": _NONCURRENT_DAYS},
        "abort_incomplete_multipart_upload": {"days_after_initiation": 1},
    },
]

_CORS_RULE = {
    "allowed_methods": ["GET", "PUT"],
    "allowed_headers": ["content-type", "x-amz-checksum-sha256"],
}


class MediaBucketArgs(TypedDict):
    """Arguments of `MediaBucket`; all are optional."""

    allowed_origins: NotRequired[list[str]]
    """Web origins whose pages can upload and read media, such as `https://example.com`. Default: none."""

    protect: NotRequired[bool]
    """Whether the bucket is protected against deletion. Without protection it is deleted with all its
    objects. Default: true."""

    kms_key_arn: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key that encrypts the objects. Default: Amazon S3 managed keys."""


class MediaBucket(UserFilesBucket):
    """A private, versioned, encrypted bucket.

    It keeps every object until the erasure of its user. A replaced or deleted version stays for 30 days.
    """

    bucket_name: pulumi.Output[str]
    """Name of the bucket."""

    bucket_arn: pulumi.Output[str]
    """ARN of the bucket."""

    def __init__(
        self,
        name: str,
        args: MediaBucketArgs = NO_ARGUMENTS,
        opts: pulumi.ResourceOptions | None = None,
        *,
        transforms: Transforms | None = None,
        **keywords: Unpack[MediaBucketArgs],
    ) -> None:
        """Create the bucket with its configuration.

        Args:
            name: Prefix of the resources' names.
            args: Arguments as a dict.
            opts: Pulumi's resource options.
            transforms: Changes to children.
            keywords: Arguments as keywords, such as `protect=False`.

        Raises:
            InvalidArgumentError: An argument is not valid.
        """
        args = self._merged_arguments(name, args, keywords)
        settings = UserFilesSettings(self.label(name), args)
        super().__init__(name, args, opts, transforms)

        self._make_user_files(args, settings, lifecycle_rules=_LIFECYCLE_RULES, cors_rule=_CORS_RULE)
        self._register_outputs()
