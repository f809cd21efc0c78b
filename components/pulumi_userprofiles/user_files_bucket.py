"""Base of the components with a bucket for files that users upload from web pages."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi_aws as aws

from pulumi_userprofiles.private_bucket import BUCKET_CHILDREN, PrivateBucket
from pulumi_userprofiles.profile_api_origins import allowed_origins
from pulumi_userprofiles.validation import boolean


class UserFilesSettings:
    """The arguments of a component with such a bucket, checked."""

    def __init__(self, where: str, args: Mapping[str, Any]) -> None:
        """Check the arguments.

        Raises:
            InvalidArgumentError: An argument is not valid.
        """
        self.allowed_origins = allowed_origins(where, args)
        self.protect = boolean(where, args, "protect", True)


class UserFilesBucket(PrivateBucket):
    """A component with one private bucket, to which web pages can upload."""

    _CHILDREN = (*BUCKET_CHILDREN, "cors")

    def _make_user_files(
        self,
        args: Mapping[str, Any],
        settings: UserFilesSettings,
        *,
        lifecycle_rules: Sequence[Any],
        cors_rule: Mapping[str, Any],
    ) -> None:
        """Create the bucket with its configuration.

        Args:
            args: The arguments of the component.
            settings: The same, checked.
            lifecycle_rules: When objects are deleted.
            cors_rule: What web pages may do. The allowed origins are added.
        """
        self._make_bucket(args, protect=settings.protect, lifecycle_rules=lifecycle_rules)
        if settings.allowed_origins:
            self._make(
                aws.s3.BucketCorsConfiguration,
                "cors",
                bucket=self.bucket.id,
                cors_rules=[{**cors_rule, "allowed_origins": settings.allowed_origins}],
            )
        self.bucket_name = self.bucket.bucket
        self.bucket_arn = self.bucket.arn
