"""The private bucket for the reports and the source files of migrations."""

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict, Unpack

import pulumi

from pulumi_userprofiles.component import NO_ARGUMENTS, Transforms
from pulumi_userprofiles.private_bucket import BUCKET_CHILDREN, PrivateBucket
from pulumi_userprofiles.validation import boolean, integer

PREFIX = "runs/"
"""Prefix of the keys of reports and of lists of failed users."""

SOURCES_PREFIX = "sources/"
"""Prefix of the keys of files that an operator stores for a run: users to import, or an export of a table."""


class ReportsBucketArgs(TypedDict):
    """Arguments of `ReportsBucket`; all are optional."""

    report_retention_days: NotRequired[int]
    """Days that objects are kept; they contain IDs of users. The bucket is versioned: a deleted or replaced
    object is kept for the same number of days again, at most 30. Default: 90."""

    protect: NotRequired[bool]
    """Whether the bucket is protected against deletion. Without protection it is deleted with all its
    objects. Default: true."""

    kms_key_arn: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key that encrypts the objects. Default: Amazon S3 managed keys."""


class ReportsBucketSettings:
    """The arguments of `ReportsBucket`, checked."""

    def __init__(self, where: str, args: Mapping[str, Any]) -> None:
        """Check the arguments.

        Raises:
            InvalidArgumentError: An argument is not valid.
        """
        self.retention_days = integer(where, args, "report_retention_days", 90, at_least=1, at_most=3650)
        self.protect = boolean(where, args, "protect", True)


class ReportsBucket(PrivateBucket):
    """A private, versioned, encrypted bucket that denies requests without TLS and deletes old objects."""

    _CHILDREN = BUCKET_CHILDREN
    _NAME_LIMIT = 46

    bucket_name: pulumi.Output[str]
    """Name of the bucket."""

    bucket_arn: pulumi.Output[str]
    """ARN of the bucket."""

    def __init__(
        self,
        name: str,
        args: ReportsBucketArgs = NO_ARGUMENTS,
        opts: pulumi.ResourceOptions | None = None,
        *,
        transforms: Transforms | None = None,
        **keywords: Unpack[ReportsBucketArgs],
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
        settings = ReportsBucketSettings(self.label(name), args)
        super().__init__(name, args, opts, transforms)

        rules = _lifecycle_rules(settings.retention_days)
        self._make_bucket(args, protect=settings.protect, lifecycle_rules=rules)

        self.bucket_name = self.bucket.bucket
        self.bucket_arn = self.bucket.arn
        self._register_outputs()


def _lifecycle_rules(days: int) -> list[Any]:
    return [
        {
            "id": "forget",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "expiration": {"days": days},
            "noncurrent_version_expiration": {"noncurrent_days": min(days, 30)},
            "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
        }
    ]
