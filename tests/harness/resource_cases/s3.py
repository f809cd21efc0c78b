"""Cases of S3."""

import base64
from collections.abc import Callable

from resource_cases.case import BUCKET, Case, CreateClient, Properties, build_resource_policy


def _probe_with(operation: str) -> Callable[[CreateClient, str, Properties], object]:
    return lambda client, resource_id, _: getattr(client("s3"), operation)(Bucket=resource_id)


_BUCKET_SETTINGS = {
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": (
        {
            "blockPublicAcls": True,
            "blockPublicPolicy": True,
            "ignorePublicAcls": True,
            "restrictPublicBuckets": True,
        },
        "get_public_access_block",
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        {
            "rules": [
                {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}, "bucketKeyEnabled": True}
            ]
        },
        "get_bucket_encryption",
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": (
        {
            "rules": [
                {
                    "id": "old",
                    "status": "Enabled",
                    "filter": {"prefix": "runs/"},
                    "expiration": {"days": 90.0},
                    "noncurrentVersionExpiration": {"noncurrentDays": 30.0},
                    "abortIncompleteMultipartUpload": {"daysAfterInitiation": 1.0},
                }
            ]
        },
        "get_bucket_lifecycle_configuration",
    ),
    "aws:s3/bucketPolicy:BucketPolicy": (
        {"policy": build_resource_policy("s3:GetObject", "arn:aws:s3:::x/*")},
        "get_bucket_policy",
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": (
        {"rule": {"objectOwnership": "BucketOwnerPreferred"}},
        "get_bucket_ownership_controls",
    ),
    "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration": (
        {
            "corsRules": [
                {"allowedMethods": ["GET"], "allowedOrigins": ["https://example.com"], "maxAgeSeconds": 60.0}
            ]
        },
        "get_bucket_cors",
    ),
    "aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration": (
        {
            "indexDocument": {"suffix": "index.html"},
            "errorDocument": {"key": "error.html"},
            "routingRules": [
                {"condition": {"keyPrefixEquals": "old/"}, "redirect": {"replaceKeyPrefixWith": "new/"}}
            ],
        },
        "get_bucket_website",
    ),
}
"""The inputs of each bucket setting, and the operation that reads it."""

CASES: dict[str, Case] = {
    BUCKET: Case(
        inputs=lambda _: {"forceDestroy": True},
        probe=lambda client, resource_id, _: client("s3").head_bucket(Bucket=resource_id),
        outputs=("arn", "bucket", "bucketDomainName", "bucketRegionalDomainName"),
    ),
    "aws:s3/bucketVersioning:BucketVersioning": Case(
        dependencies=(BUCKET,),
        inputs=lambda created: {
            "bucket": created[BUCKET]["id"],
            "versioningConfiguration": {"status": "Enabled"},
        },
        probe=lambda client, resource_id, _: (
            client("s3").get_bucket_versioning(Bucket=resource_id)["Status"] == "Enabled"
        ),
        outputs=(),
    ),
    **{
        token: Case(
            dependencies=(BUCKET,),
            inputs=lambda created, inputs=inputs: {"bucket": created[BUCKET]["id"], **inputs},
            probe=_probe_with(operation),
            outputs=(),
        )
        for token, (inputs, operation) in _BUCKET_SETTINGS.items()
    },
    "aws:s3/bucketAcl:BucketAcl": Case(
        dependencies=(BUCKET, "aws:s3/bucketOwnershipControls:BucketOwnershipControls"),
        inputs=lambda created: {"bucket": created[BUCKET]["id"], "acl": "private"},
        probe=lambda client, _, outputs: client("s3").get_bucket_acl(Bucket=outputs["bucket"])["Grants"],
        outputs=(),
    ),
    "aws:s3/bucketNotification:BucketNotification": Case(
        dependencies=(BUCKET,),
        inputs=lambda created: {"bucket": created[BUCKET]["id"], "eventbridge": True},
        probe=lambda client, resource_id, _: (
            "EventBridgeConfiguration"
            in client("s3").get_bucket_notification_configuration(Bucket=resource_id)
        ),
        outputs=(),
    ),
    "aws:s3/bucketObjectv2:BucketObjectv2": Case(
        dependencies=(BUCKET,),
        inputs=lambda created: {
            "bucket": created[BUCKET]["id"],
            "key": "a/b.txt",
            "contentBase64": base64.b64encode(b"x").decode(),
            "contentType": "text/plain",
        },
        probe=lambda client, resource_id, outputs: client("s3").head_object(
            Bucket=outputs["bucket"], Key="a/b.txt"
        ),
        outputs=("arn", "etag", "key"),
    ),
}

ALIASES = {
    "aws:s3/bucketV2:BucketV2": BUCKET,
    "aws:s3/bucketObject:BucketObject": "aws:s3/bucketObjectv2:BucketObjectv2",
    **{
        f"aws:s3/bucket{setting}V2:Bucket{setting}V2": f"aws:s3/bucket{setting}:Bucket{setting}"
        for setting in (
            "Versioning",
            "CorsConfiguration",
            "LifecycleConfiguration",
            "ServerSideEncryptionConfiguration",
            "WebsiteConfiguration",
            "Acl",
        )
    },
}
"""Older names of the same types."""
