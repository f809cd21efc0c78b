"""S3: what is set on a bucket by a resource of its own."""

from collections.abc import Callable, Mapping

from pulumi_localaws.resources.policies import check_resource_policy, policy_check
from pulumi_localaws.resources.registry import Args, Check, Context, Made, resource
from pulumi_localaws.resources.shapes import BOOL, INT, STR, STRS, ListOf, MapOf, Obj, Shape

_ENCRYPTION_RULE = Obj(
    {
        "applyServerSideEncryptionByDefault": Obj(
            {"sseAlgorithm": STR, "kmsMasterKeyId": STR},
            {"sseAlgorithm": "SSEAlgorithm", "kmsMasterKeyId": "KMSMasterKeyID"},
        ),
        "bucketKeyEnabled": BOOL,
    },
    {"applyServerSideEncryptionByDefault": "ApplyServerSideEncryptionByDefault"},
)
_TRANSITION = {"storageClass": STR, "date": STR, "days": INT}
_LIFECYCLE_RULE = Obj(
    {
        "id": STR,
        "status": STR,
        "prefix": STR,
        "abortIncompleteMultipartUpload": Obj({"daysAfterInitiation": INT}),
        "expiration": Obj({"date": STR, "days": INT, "expiredObjectDeleteMarker": BOOL}),
        "filter": Obj(
            {
                "and": Obj(
                    {
                        "objectSizeGreaterThan": INT,
                        "objectSizeLessThan": INT,
                        "prefix": STR,
                        "tags": MapOf(STR),
                    }
                ),
                "objectSizeGreaterThan": INT,
                "objectSizeLessThan": INT,
                "prefix": STR,
                "tag": Obj({"key": STR, "value": STR}),
            }
        ),
        "noncurrentVersionExpiration": Obj({"noncurrentDays": INT, "newerNoncurrentVersions": INT}),
        "noncurrentVersionTransitions": ListOf(
            Obj({"noncurrentDays": INT, "storageClass": STR, "newerNoncurrentVersions": INT})
        ),
        "transitions": ListOf(Obj(_TRANSITION)),
    },
    {"id": "ID"},
)


def _setting(
    name: str,
    inputs: Mapping[str, Shape],
    put: str,
    delete: str | None,
    *,
    second: bool = False,
    check: Check | None = None,
) -> None:
    """Enter a type (and its older name with V2) that is one put call, undone by one delete call."""

    def create(ctx: Context, args: Args) -> Made:
        bucket = args["bucket"]
        ctx.call("s3", put, Bucket=bucket, **_BODIES[put](ctx, args))
        if delete is not None and not args.get("skipDestroy"):
            ctx.undo("s3", delete, Bucket=bucket)
        return Made(bucket)

    lead = name[0].lower() + name[1:]
    for token in (f"aws:s3/{lead}:{name}", *([f"aws:s3/{lead}V2:{name}V2"] if second else [])):
        resource(token, {"bucket": STR, **inputs}, check=check)(create)


def _encryption(ctx: Context, args: Args) -> Args:
    return {"ServerSideEncryptionConfiguration": {"Rules": ctx.aws(args)["Rules"]}}


def _lifecycle(ctx: Context, args: Args) -> Args:
    rules = ctx.aws(args)["Rules"]
    for rule, given in zip(rules, args["rules"], strict=True):
        both = given.get("filter", {}).get("and", {})
        if "tags" in both:
            rule["Filter"]["And"]["Tags"] = [
                {"Key": key, "Value": value} for key, value in both["tags"].items()
            ]
        # AWS wants a filter, and Pulumi allows leaving it out for the whole bucket.
        if "Filter" not in rule and "Prefix" not in rule:
            rule["Filter"] = {"Prefix": ""}
    made = {"LifecycleConfiguration": {"Rules": rules}}
    if args.get("transitionDefaultMinimumObjectSize"):
        made["TransitionDefaultMinimumObjectSize"] = args["transitionDefaultMinimumObjectSize"]
    return made


def _versioning(_: Context, args: Args) -> Args:
    given = args["versioningConfiguration"]
    # Pulumi's "Disabled" is a bucket that never had versions; AWS has no such call.
    made = {"Status": "Suspended" if given["status"] == "Disabled" else given["status"]}
    if "mfaDelete" in given:
        made["MFADelete"] = given["mfaDelete"]
    return {"VersioningConfiguration": made}


def _public_access(_: Context, args: Args) -> Args:
    names = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    return {
        "PublicAccessBlockConfiguration": {
            name[0].upper() + name[1:]: args.get(name, False) for name in names
        }
    }


_BODIES: dict[str, Callable[[Context, Args], Args]] = {
    "put_bucket_encryption": _encryption,
    "put_bucket_lifecycle_configuration": _lifecycle,
    "put_bucket_versioning": _versioning,
    "put_public_access_block": _public_access,
    "put_bucket_policy": lambda _, args: {"Policy": args["policy"]},
    "put_bucket_ownership_controls": lambda ctx, args: {
        "OwnershipControls": {"Rules": [ctx.aws(args)["Rule"]]}
    },
}

_setting(
    "BucketPublicAccessBlock",
    {
        "blockPublicAcls": BOOL,
        "blockPublicPolicy": BOOL,
        "ignorePublicAcls": BOOL,
        "restrictPublicBuckets": BOOL,
        "skipDestroy": BOOL,
    },
    "put_public_access_block",
    "delete_public_access_block",
)
_setting(
    "BucketVersioning",
    {"versioningConfiguration": Obj({"status": STR, "mfaDelete": STR})},
    "put_bucket_versioning",
    None,  # versions can only be suspended, and the bucket goes with them
    second=True,
)
_setting(
    "BucketServerSideEncryptionConfiguration",
    {"rules": ListOf(_ENCRYPTION_RULE)},
    "put_bucket_encryption",
    "delete_bucket_encryption",
    second=True,
)
_setting(
    "BucketLifecycleConfiguration",
    {"rules": ListOf(_LIFECYCLE_RULE), "transitionDefaultMinimumObjectSize": STR},
    "put_bucket_lifecycle_configuration",
    "delete_bucket_lifecycle",
    second=True,
)
_setting(
    "BucketPolicy",
    {"policy": STR},
    "put_bucket_policy",
    "delete_bucket_policy",
    check=policy_check("policy", check_resource_policy),
)
_setting(
    "BucketOwnershipControls",
    {"rule": Obj({"objectOwnership": STR})},
    "put_bucket_ownership_controls",
    "delete_bucket_ownership_controls",
)

_CORS_RULE = Obj(
    {
        "allowedHeaders": STRS,
        "allowedMethods": STRS,
        "allowedOrigins": STRS,
        "exposeHeaders": STRS,
        "id": STR,
        "maxAgeSeconds": INT,
    },
    {"id": "ID"},
)
_BODIES["put_bucket_cors"] = lambda ctx, args: {
    "CORSConfiguration": {"CORSRules": ctx.aws(args)["CorsRules"]}
}
_setting(
    "BucketCorsConfiguration",
    {"corsRules": ListOf(_CORS_RULE)},
    "put_bucket_cors",
    "delete_bucket_cors",
    second=True,
)
