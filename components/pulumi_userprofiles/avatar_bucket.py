"""The private bucket for the pictures that users upload, and for their exports."""

from typing import Any, NotRequired, TypedDict, Unpack

import pulumi

from pulumi_userprofiles.component import NO_ARGUMENTS, Transforms
from pulumi_userprofiles.user_files_bucket import UserFilesBucket, UserFilesSettings

UPLOADS = "avatars/"
"""Prefix of uploads. The functions use the same prefixes, see `userprofiles.api.avatars`."""

CLAIMED = "claimed/"
"""Prefix of the pictures that a profile has."""

EXPORTS = "exports/"
"""Prefix of users' exports that are too large for an answer of the profile API."""

_EXPORT_DAYS = 7

_LIFECYCLE_RULES: list[Any] = [
    {
        "id": "unclaimed",
        "status": "Enabled",
        "filter": {"prefix": UPLOADS},
        "expiration": {"days": 1},
        "noncurrent_version_expiration": {"noncurrent_days": 1},
        "abort_incomplete_multipart_upload": {"days_after_initiation": 1},
    },
    {
        "id": "replaced",
        "status": "Enabled",
        "filter": {"prefix": CLAIMED},
        "noncurrent_version_expiration": {"noncurrent_days": 1},
    },
    {
        "id": "exports",
        "status": "Enabled",
        "filter": {"prefix": EXPORTS},
        "expiration": {"days": _EXPORT_DAYS},
        "noncurrent_version_expiration": {"noncurrent_days": 1},
        "abort_incomplete_multipart_upload": {"days_after_initiation": 1},
    },
]

_CORS_RULE = {"allowed_methods": ["POST"]}


class AvatarBucketArgs(TypedDict):
    """Arguments of `AvatarBucket`; all are optional."""

    allowed_origins: NotRequired[list[str]]
    """Web origins that browsers can upload pictures from, such as `https://example.com`. Default: none."""

    protect: NotRequired[bool]
    """Whether the bucket is protected against deletion. Without protection it is deleted with all its
    objects. Default: true."""

    kms_key_arn: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key that encrypts the objects. Default: Amazon S3 managed keys."""


class AvatarBucket(UserFilesBucket):
    """A private, versioned, encrypted bucket.

    It deletes uploads that no profile claims after a day, and exports after seven days.
    """

    bucket_name: pulumi.Output[str]
    """Name of the bucket."""

    bucket_arn: pulumi.Output[str]
    """ARN of the bucket."""

    def __init__(
        self,
        name: str,
        args: AvatarBucketArgs = NO_ARGUMENTS,
        opts: pulumi.ResourceOptions | None = None,
        *,
        transforms: Transforms | None = None,
        **keywords: Unpack[AvatarBucketArgs],
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
