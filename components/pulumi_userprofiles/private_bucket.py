"""Base of the components with a bucket: private, versioned, encrypted, and only with TLS."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from pulumi_userprofiles import policies
from pulumi_userprofiles.component import Component

BUCKET_CHILDREN = ("bucket", "ownership", "public-access", "versioning", "encryption", "lifecycle", "policy")
"""Children of each component with a bucket."""


class PrivateBucket(Component):
    """A component with one bucket, which denies public access, ACLs and requests without TLS."""

    def _make_bucket(self, args: Mapping[str, Any], *, protect: bool, lifecycle_rules: Sequence[Any]) -> None:
        """Create the bucket with its configuration."""
        self.bucket = self._make(
            aws.s3.Bucket,
            "bucket",
            opts=pulumi.ResourceOptions(protect=protect),
            force_destroy=not protect,
        )
        versioning = self._make(
            aws.s3.BucketVersioning,
            "versioning",
            bucket=self.bucket.id,
            versioning_configuration={"status": "Enabled"},
        )
        self._make_access()
        self._make_encryption(args)
        self._make_lifecycle(versioning, lifecycle_rules)

    def _make_lifecycle(self, versioning: aws.s3.BucketVersioning, rules: Sequence[Any]) -> None:
        """Create the lifecycle rules, which need the versioning: they delete versions."""
        self._make(
            aws.s3.BucketLifecycleConfiguration,
            "lifecycle",
            opts=pulumi.ResourceOptions(depends_on=[versioning]),
            bucket=self.bucket.id,
            rules=rules,
        )

    def _make_access(self) -> None:
        """Block public access and ACLs, and deny requests without TLS."""
        self._make(
            aws.s3.BucketOwnershipControls,
            "ownership",
            bucket=self.bucket.id,
            rule={"object_ownership": "BucketOwnerEnforced"},
        )
        public_access = self._make(
            aws.s3.BucketPublicAccessBlock,
            "public-access",
            bucket=self.bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
        )
        self._make(
            aws.s3.BucketPolicy,
            "policy",
            # S3 rejects concurrent changes to a bucket's policy and its public access block.
            opts=pulumi.ResourceOptions(depends_on=[public_access]),
            bucket=self.bucket.id,
            policy=policies.tls_only("s3", self.bucket.arn, pulumi.Output.concat(self.bucket.arn, "/*")),
        )

    def _make_encryption(self, args: Mapping[str, Any]) -> None:
        key = args.get("kms_key_arn")
        default_encryption = (
            {"sse_algorithm": "AES256"}
            if key is None
            else {"sse_algorithm": "aws:kms", "kms_master_key_id": key}
        )
        self._make(
            aws.s3.BucketServerSideEncryptionConfiguration,
            "encryption",
            bucket=self.bucket.id,
            rules=[
                {
                    "apply_server_side_encryption_by_default": default_encryption,
                    "bucket_key_enabled": key is not None,
                }
            ],
        )
