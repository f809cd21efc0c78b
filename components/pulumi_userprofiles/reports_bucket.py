"""The private bucket that a migration's reports and checkpoints are kept in."""

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from pulumi_userprofiles import policies
from pulumi_userprofiles.component import Component, Transforms
from pulumi_userprofiles.validation import switch, whole_number

PREFIX = "runs/"
"""What all keys begin with."""


class ReportsBucketArgs(TypedDict):
    """Arguments of `ReportsBucket`; all can be left out."""

    report_retention_days: NotRequired[int]
    """Days that objects are kept; they hold ids of users. Default: 90."""

    protect: NotRequired[bool]
    """Whether the bucket is guarded against deletion; without, it is deleted with all it holds. Default:
    true."""

    kms_key_arn: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key that encrypts the objects. Default: S3's own keys."""


class ReportsBucket(Component):
    """A versioned, encrypted, private bucket that refuses what comes without TLS, and forgets in time."""

    _CHILDREN = ("bucket", "ownership", "public-access", "versioning", "encryption", "lifecycle", "policy")
    _NAME_LIMIT = 46

    bucket_name: pulumi.Output[str]
    """Name of the bucket."""

    bucket_arn: pulumi.Output[str]
    """ARN of the bucket."""

    def __init__(
        self,
        name: str,
        args: ReportsBucketArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        transforms: Transforms | None = None,
    ) -> None:
        """Make the bucket.

        Args:
            name: Name that the resources' names begin with.
            args: Arguments.
            opts: Pulumi's options.
            transforms: Changes to children.

        Raises:
            InvalidArgumentError: An argument can't be used.
        """
        protect, days = self.check(self.place(name), args)
        super().__init__(name, args, opts, transforms)

        self.bucket = self._make(
            aws.s3.Bucket, "bucket", opts=pulumi.ResourceOptions(protect=protect), force_destroy=not protect
        )
        on = self.bucket.id
        self._make(
            aws.s3.BucketOwnershipControls,
            "ownership",
            bucket=on,
            rule={"object_ownership": "BucketOwnerEnforced"},
        )
        access = self._make(
            aws.s3.BucketPublicAccessBlock,
            "public-access",
            bucket=on,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
        )
        versioning = self._make(
            aws.s3.BucketVersioning, "versioning", bucket=on, versioning_configuration={"status": "Enabled"}
        )
        self._make_encryption(args)
        self._make_lifecycle(days, versioning)
        self._make(
            aws.s3.BucketPolicy,
            "policy",
            # S3 refuses two changes to a bucket's policy and public access at a time.
            opts=pulumi.ResourceOptions(depends_on=[access]),
            bucket=on,
            policy=policies.tls_only("s3", self.bucket.arn, pulumi.Output.concat(self.bucket.arn, "/*")),
        )

        self.bucket_name = self.bucket.bucket
        self.bucket_arn = self.bucket.arn
        self._register_outputs()

    @staticmethod
    def check(where: str, args: Mapping[str, Any]) -> tuple[bool, int]:
        """Read whether the bucket is guarded, and for how many days objects are kept.

        Raises:
            InvalidArgumentError: One of them can't be used.
        """
        days = whole_number(where, args, "report_retention_days", 90, at_least=1, at_most=3650)
        return switch(where, args, "protect", True), days

    def _make_encryption(self, args: ReportsBucketArgs) -> None:
        key = args.get("kms_key_arn")
        by_default = (
            {"sse_algorithm": "AES256"}
            if key is None
            else {"sse_algorithm": "aws:kms", "kms_master_key_id": key}
        )
        self._make(
            aws.s3.BucketServerSideEncryptionConfiguration,
            "encryption",
            bucket=self.bucket.id,
            rules=[
                {"apply_server_side_encryption_by_default": by_default, "bucket_key_enabled": key is not None}
            ],
        )

    def _make_lifecycle(self, days: int, versioning: aws.s3.BucketVersioning) -> None:
        self._make(
            aws.s3.BucketLifecycleConfiguration,
            "lifecycle",
            opts=pulumi.ResourceOptions(depends_on=[versioning]),
            bucket=self.bucket.id,
            rules=[
                {
                    "id": "forget",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "expiration": {"days": days},
                    "noncurrent_version_expiration": {"noncurrent_days": min(days, 30)},
                    "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
                }
            ],
        )
