"""S3: buckets and objects. Before a bucket is deleted, all versions of its objects are deleted."""

import base64
from pathlib import Path

from pulumi_localaws.resources.assets import read_asset
from pulumi_localaws.resources.document_checks import build_property_check
from pulumi_localaws.resources.input_schema import ASSET, BOOL, DOCUMENT, STR, InputSchema, MapOf
from pulumi_localaws.resources.policy_checks import check_bucket_policy
from pulumi_localaws.resources.resource_type import (
    AutoNaming,
    Properties,
    ResourceContext,
    ResourceResult,
    define_resource_type,
)
from pulumi_localaws.resources.services.s3_bucket_settings import (
    BUCKET_SETTINGS,
    BUCKET_V2_SETTINGS,
    check_bucket_settings,
    has_website,
    put_bucket_settings,
)
from pulumi_localaws.resources.services.s3_websites import build_website_outputs

_HOSTED_ZONES = {"us-east-1": "Z3AQBSTGFYJSTF", "us-west-2": "Z3BJ6K6RIION7M", "eu-west-1": "Z1BKCTXD74EZPE"}
"""Hosted zones of S3's domain names in the most used regions; in other regions the output is empty."""


def _build_bucket_outputs(ctx: ResourceContext, name: str) -> Properties:
    return {
        "bucket": name,
        "arn": f"arn:aws:s3:::{name}",
        "bucketDomainName": f"{name}.s3.amazonaws.com",
        "bucketRegionalDomainName": f"{name}.s3.{ctx.region}.amazonaws.com",
        "bucketRegion": ctx.region,
        "hostedZoneId": _HOSTED_ZONES.get(ctx.region, ""),
    }


def _read_bucket(ctx: ResourceContext, name: str) -> ResourceResult:
    ctx.call("s3", "head_bucket", Bucket=name)
    return ResourceResult(name, _build_bucket_outputs(ctx, name))


def _create_bucket(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    name = inputs["bucket"]
    # S3 rejects us-east-1 as a location constraint.
    configuration = {"LocationConstraint": ctx.region} if ctx.region != "us-east-1" else None
    ctx.call(
        "s3",
        "create_bucket",
        Bucket=name,
        ACL=inputs.get("acl"),
        CreateBucketConfiguration=configuration,
        ObjectLockEnabledForBucket=inputs.get("objectLockEnabled"),
    )
    ctx.record_undo("s3", "delete_bucket", Bucket=name)
    ctx.record_undo("s3", "empty_bucket", Bucket=name)
    if ctx.tags:
        ctx.call("s3", "put_bucket_tagging", Bucket=name, Tagging={"TagSet": ctx.build_tag_list()})
    if inputs.get("policy"):
        ctx.call("s3", "put_bucket_policy", Bucket=name, Policy=inputs["policy"])
    put_bucket_settings(ctx, name, inputs)
    website_outputs = build_website_outputs(ctx, name) if has_website(inputs) else {}
    return ResourceResult(name, _build_bucket_outputs(ctx, name) | website_outputs)


def _check_bucket(inputs: Properties) -> None:
    build_property_check("policy", check_bucket_policy)(inputs)
    check_bucket_settings(inputs)


_OBJECT_INPUTS: dict[str, InputSchema] = {
    "bucket": STR,
    "acl": STR,
    "bucketKeyEnabled": BOOL,
    "cacheControl": STR,
    "content": STR,
    "contentBase64": STR,
    "contentDisposition": STR,
    "contentEncoding": STR,
    "contentLanguage": STR,
    "contentType": STR,
    "forceDestroy": BOOL,
    "key": STR,
    "kmsKeyId": STR,
    "metadata": MapOf(STR),
    "serverSideEncryption": STR,
    "source": ASSET,
    "sourceHash": STR,
    "storageClass": STR,
    "websiteRedirect": STR,
}


def _check_object(inputs: Properties) -> None:
    contents = [name for name in ("content", "contentBase64", "source") if name in inputs]
    if len(contents) > 1:
        raise ValueError(
            f"{' and '.join(contents)} are set. Set only one of content, contentBase64 and source"
        )


def _create_object(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    body = inputs.get("content", "").encode()
    if "contentBase64" in inputs:
        body = base64.b64decode(inputs["contentBase64"])
    if "source" in inputs:
        try:
            body = read_asset(inputs["source"], Path.cwd())
        except ValueError as error:
            raise ctx.build_error(f"source: {error}.") from error
    key = inputs.get("key", ctx.name)
    tagging = "&".join(f"{name}={value}" for name, value in ctx.tags.items())
    parameters = {**ctx.to_aws(inputs), "Key": key}
    response = ctx.call("s3", "put_object", **parameters, Body=body, Tagging=tagging or None)
    # Only the version that is created here is deleted. All versions are deleted with their bucket.
    version = {"VersionId": response["VersionId"]} if response.get("VersionId") else {}
    ctx.record_undo("s3", "delete_object", Bucket=inputs["bucket"], Key=key, **version)
    outputs = {
        "key": key,
        "arn": f"arn:aws:s3:::{inputs['bucket']}/{key}",
        "etag": response["ETag"].strip('"'),
        "versionId": response.get("VersionId", ""),
        "contentType": inputs.get("contentType", "application/octet-stream"),
    }
    return ResourceResult(f"{inputs['bucket']}/{key}", outputs)


RESOURCE_TYPES = (
    *(
        define_resource_type(
            token,
            {
                "bucket": STR,
                "acl": STR,
                "forceDestroy": BOOL,
                "objectLockEnabled": BOOL,
                "policy": policy,
                **settings,
            },
            create=_create_bucket,
            outputs=(
                "arn",
                "bucketDomainName",
                "bucketRegionalDomainName",
                "bucketRegion",
                "hostedZoneId",
                "websiteDomain",
                "websiteEndpoint",
            ),
            naming=AutoNaming("bucket", 63, prefix_property="bucketPrefix", lowercase=True),
            tags=True,
            check=_check_bucket,
            read=_read_bucket,
        )
        for token, policy, settings in (
            ("aws:s3/bucket:Bucket", DOCUMENT, BUCKET_SETTINGS),
            ("aws:s3/bucketV2:BucketV2", STR, BUCKET_V2_SETTINGS),
        )
    ),
    *(
        define_resource_type(
            token,
            _OBJECT_INPUTS,
            create=_create_object,
            aws_names={
                "acl": "ACL",
                "kmsKeyId": "SSEKMSKeyId",
                "websiteRedirect": "WebsiteRedirectLocation",
                **dict.fromkeys(("content", "contentBase64", "forceDestroy", "source", "sourceHash")),
            },
            outputs=("arn", "etag", "versionId"),
            tags=True,
            check=_check_object,
        )
        for token in ("aws:s3/bucketObject:BucketObject", "aws:s3/bucketObjectv2:BucketObjectv2")
    ),
)
