"""S3: what is set on a bucket by a resource of its own."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from pulumi_localaws.resources.input_schema import BOOL, INT, STR, STRS, ListOf, MapOf, Obj, Shape, aws_name
from pulumi_localaws.resources.policy_documents import check_resource_policy, policy_check
from pulumi_localaws.resources.resource_type import Args, Check, Context, Made, ResourceType, resource_type

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
_PUBLIC_ACCESS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


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
    return {
        "PublicAccessBlockConfiguration": {aws_name(name): args.get(name, False) for name in _PUBLIC_ACCESS}
    }


def _policy(_: Context, args: Args) -> Args:
    return {"Policy": args["policy"]}


def _ownership_controls(ctx: Context, args: Args) -> Args:
    return {"OwnershipControls": {"Rules": [ctx.aws(args)["Rule"]]}}


def _cors(ctx: Context, args: Args) -> Args:
    return {"CORSConfiguration": {"CORSRules": ctx.aws(args)["CorsRules"]}}


def _setting(
    token: str,
    inputs: Mapping[str, Shape],
    parameters: Callable[[Context, Args], Args],
    *,
    put: str,
    delete: str | None,
    check: Check | None = None,
) -> ResourceType:
    """Return the type of a resource that one call puts on a bucket and one call deletes.

    Args:
        token: The Pulumi type.
        inputs: The inputs besides the bucket.
        parameters: Returns the put call's parameters besides the bucket.
        put: The call that creates it.
        delete: The call that undoes it, if there is one.
        check: As for `resource_type`.
    """

    def create(ctx: Context, args: Args) -> Made:
        bucket = args["bucket"]
        ctx.call("s3", put, Bucket=bucket, **parameters(ctx, args))
        if delete is not None and not args.get("skipDestroy"):
            ctx.undo("s3", delete, Bucket=bucket)
        return Made(bucket)

    return resource_type(token, {"bucket": STR, **inputs}, create=create, check=check)


def _with_older_name(setting: ResourceType) -> tuple[ResourceType, ResourceType]:
    """Return a type and the same type under its older name, which ends in V2."""
    module, name = setting.token.rsplit(":", 1)
    return setting, replace(setting, token=f"{module}V2:{name}V2")


RESOURCE_TYPES = (
    _setting(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        {**dict.fromkeys(_PUBLIC_ACCESS, BOOL), "skipDestroy": BOOL},
        _public_access,
        put="put_public_access_block",
        delete="delete_public_access_block",
    ),
    *_with_older_name(
        _setting(
            "aws:s3/bucketVersioning:BucketVersioning",
            {"versioningConfiguration": Obj({"status": STR, "mfaDelete": STR})},
            _versioning,
            put="put_bucket_versioning",
            delete=None,  # versions can only be suspended, and the bucket goes with them
        )
    ),
    *_with_older_name(
        _setting(
            "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
            {"rules": ListOf(_ENCRYPTION_RULE)},
            _encryption,
            put="put_bucket_encryption",
            delete="delete_bucket_encryption",
        )
    ),
    *_with_older_name(
        _setting(
            "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
            {"rules": ListOf(_LIFECYCLE_RULE), "transitionDefaultMinimumObjectSize": STR},
            _lifecycle,
            put="put_bucket_lifecycle_configuration",
            delete="delete_bucket_lifecycle",
        )
    ),
    _setting(
        "aws:s3/bucketPolicy:BucketPolicy",
        {"policy": STR},
        _policy,
        put="put_bucket_policy",
        delete="delete_bucket_policy",
        check=policy_check("policy", check_resource_policy),
    ),
    _setting(
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        {"rule": Obj({"objectOwnership": STR})},
        _ownership_controls,
        put="put_bucket_ownership_controls",
        delete="delete_bucket_ownership_controls",
    ),
    *_with_older_name(
        _setting(
            "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration",
            {"corsRules": ListOf(_CORS_RULE)},
            _cors,
            put="put_bucket_cors",
            delete="delete_bucket_cors",
        )
    ),
)
