"""S3: buckets and objects. A bucket is emptied before it is deleted, with all its versions."""

import base64
from pathlib import Path

from pulumi_localaws.resources.assets import asset_bytes
from pulumi_localaws.resources.input_schema import ASSET, BOOL, STR, MapOf, Shape
from pulumi_localaws.resources.resource_type import Args, Context, Made, Naming, resource_type

_HOSTED_ZONES = {"us-east-1": "Z3AQBSTGFYJSTF", "us-west-2": "Z3BJ6K6RIION7M", "eu-west-1": "Z1BKCTXD74EZPE"}
"""The zones of S3's own names, for the most used regions; elsewhere the output is empty."""


def _bucket_outputs(ctx: Context, name: str) -> Args:
    return {
        "bucket": name,
        "arn": f"arn:aws:s3:::{name}",
        "bucketDomainName": f"{name}.s3.amazonaws.com",
        "bucketRegionalDomainName": f"{name}.s3.{ctx.region}.amazonaws.com",
        "bucketRegion": ctx.region,
        "hostedZoneId": _HOSTED_ZONES.get(ctx.region, ""),
    }


def _read_bucket(ctx: Context, name: str) -> Made:
    ctx.call("s3", "head_bucket", Bucket=name)
    return Made(name, _bucket_outputs(ctx, name))


def _create_bucket(ctx: Context, args: Args) -> Made:
    name = args["bucket"]
    elsewhere = {"LocationConstraint": ctx.region} if ctx.region != "us-east-1" else None
    ctx.call(
        "s3",
        "create_bucket",
        Bucket=name,
        ACL=args.get("acl"),
        CreateBucketConfiguration=elsewhere,
        ObjectLockEnabledForBucket=args.get("objectLockEnabled"),
    )
    ctx.undo("s3", "delete_bucket", Bucket=name)
    ctx.undo("s3", "empty_bucket", Bucket=name)
    if ctx.tags:
        ctx.call("s3", "put_bucket_tagging", Bucket=name, Tagging={"TagSet": ctx.tag_list()})
    return Made(name, _bucket_outputs(ctx, name))


_OBJECT: dict[str, Shape] = {
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


def _check_object(args: Args) -> None:
    given = [name for name in ("content", "contentBase64", "source") if name in args]
    if len(given) > 1:
        raise ValueError(f"{' and '.join(given)} exclude each other")


def _create_object(ctx: Context, args: Args) -> Made:
    body = args.get("content", "").encode()
    if "contentBase64" in args:
        body = base64.b64decode(args["contentBase64"])
    if "source" in args:
        try:
            body = asset_bytes(args["source"], Path.cwd())
        except ValueError as error:
            raise ctx.error(f"source: {error}") from error
    key = args.get("key", ctx.name)
    tagging = "&".join(f"{name}={value}" for name, value in ctx.tags.items())
    given = {**ctx.aws(args), "Key": key}
    made = ctx.call("s3", "put_object", **given, Body=body, Tagging=tagging or None)
    # Every version goes with the bucket; of an object alone only the one that was made here.
    version = {"VersionId": made["VersionId"]} if made.get("VersionId") else {}
    ctx.undo("s3", "delete_object", Bucket=args["bucket"], Key=key, **version)
    outputs = {
        "key": key,
        "arn": f"arn:aws:s3:::{args['bucket']}/{key}",
        "etag": made["ETag"].strip('"'),
        "versionId": made.get("VersionId", ""),
        "contentType": args.get("contentType", "application/octet-stream"),
    }
    return Made(f"{args['bucket']}/{key}", outputs)


RESOURCE_TYPES = (
    *(
        resource_type(
            token,
            {"bucket": STR, "acl": STR, "forceDestroy": BOOL, "objectLockEnabled": BOOL},
            create=_create_bucket,
            outputs=("arn", "bucketDomainName", "bucketRegionalDomainName", "bucketRegion", "hostedZoneId"),
            naming=Naming("bucket", 63, prefix="bucketPrefix", lower=True),
            tags=True,
            read=_read_bucket,
        )
        for token in ("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2")
    ),
    *(
        resource_type(
            token,
            _OBJECT,
            create=_create_object,
            aws={
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
