"""S3: bucket settings that are separate resources (encryption, life cycle, policy, ...)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from pulumi_localaws.resources.document_checks import build_property_check
from pulumi_localaws.resources.input_schema import (
    BOOL,
    DOCUMENT,
    INT,
    STR,
    STR_LIST,
    InputSchema,
    ListOf,
    MapOf,
    ObjectOf,
    to_aws_name,
)
from pulumi_localaws.resources.policy_checks import check_bucket_policy
from pulumi_localaws.resources.resource_type import (
    Check,
    Properties,
    ResourceContext,
    ResourceResult,
    ResourceType,
    define_resource_type,
)

_ENCRYPTION_RULE = ObjectOf(
    {
        "applyServerSideEncryptionByDefault": ObjectOf(
            {"sseAlgorithm": STR, "kmsMasterKeyId": STR},
            {"sseAlgorithm": "SSEAlgorithm", "kmsMasterKeyId": "KMSMasterKeyID"},
        ),
        "bucketKeyEnabled": BOOL,
    },
    {"applyServerSideEncryptionByDefault": "ApplyServerSideEncryptionByDefault"},
)
_TRANSITION = {"storageClass": STR, "date": STR, "days": INT}
_LIFECYCLE_RULE = ObjectOf(
    {
        "id": STR,
        "status": STR,
        "prefix": STR,
        "abortIncompleteMultipartUpload": ObjectOf({"daysAfterInitiation": INT}),
        "expiration": ObjectOf({"date": STR, "days": INT, "expiredObjectDeleteMarker": BOOL}),
        "filter": ObjectOf(
            {
                "and": ObjectOf(
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
                "tag": ObjectOf({"key": STR, "value": STR}),
            }
        ),
        "noncurrentVersionExpiration": ObjectOf({"noncurrentDays": INT, "newerNoncurrentVersions": INT}),
        "noncurrentVersionTransitions": ListOf(
            ObjectOf({"noncurrentDays": INT, "storageClass": STR, "newerNoncurrentVersions": INT})
        ),
        "transitions": ListOf(ObjectOf(_TRANSITION)),
    },
    {"id": "ID"},
)


_CORS_RULE = ObjectOf(
    {
        "allowedHeaders": STR_LIST,
        "allowedMethods": STR_LIST,
        "allowedOrigins": STR_LIST,
        "exposeHeaders": STR_LIST,
        "id": STR,
        "maxAgeSeconds": INT,
    },
    {"id": "ID"},
)
_PUBLIC_ACCESS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def _build_encryption(ctx: ResourceContext, inputs: Properties) -> Properties:
    return {"ServerSideEncryptionConfiguration": {"Rules": ctx.to_aws(inputs)["Rules"]}}


def _build_lifecycle(ctx: ResourceContext, inputs: Properties) -> Properties:
    rules = ctx.to_aws(inputs)["Rules"]
    for rule, rule_input in zip(rules, inputs["rules"], strict=True):
        combined_filter = rule_input.get("filter", {}).get("and", {})
        if "tags" in combined_filter:
            rule["Filter"]["And"]["Tags"] = [
                {"Key": key, "Value": value} for key, value in combined_filter["tags"].items()
            ]
        # AWS requires a filter. In Pulumi it is optional: no filter means the whole bucket.
        if "Filter" not in rule and "Prefix" not in rule:
            rule["Filter"] = {"Prefix": ""}
    parameters = {"LifecycleConfiguration": {"Rules": rules}}
    if inputs.get("transitionDefaultMinimumObjectSize"):
        parameters["TransitionDefaultMinimumObjectSize"] = inputs["transitionDefaultMinimumObjectSize"]
    return parameters


def _build_versioning(_: ResourceContext, inputs: Properties) -> Properties:
    versioning = inputs["versioningConfiguration"]
    # In Pulumi, "Disabled" is a bucket that never had versions. AWS does not accept this status.
    status = "Suspended" if versioning["status"] == "Disabled" else versioning["status"]
    configuration = {"Status": status}
    if "mfaDelete" in versioning:
        configuration["MFADelete"] = versioning["mfaDelete"]
    return {"VersioningConfiguration": configuration}


def _build_public_access(_: ResourceContext, inputs: Properties) -> Properties:
    return {
        "PublicAccessBlockConfiguration": {
            to_aws_name(name): inputs.get(name, False) for name in _PUBLIC_ACCESS
        }
    }


def _build_policy(_: ResourceContext, inputs: Properties) -> Properties:
    return {"Policy": inputs["policy"]}


def _build_ownership_controls(ctx: ResourceContext, inputs: Properties) -> Properties:
    return {"OwnershipControls": {"Rules": [ctx.to_aws(inputs)["Rule"]]}}


def _build_cors(ctx: ResourceContext, inputs: Properties) -> Properties:
    return {"CORSConfiguration": {"CORSRules": ctx.to_aws(inputs)["CorsRules"]}}


def define_bucket_setting(
    token: str,
    inputs: Mapping[str, InputSchema],
    build_parameters: Callable[[ResourceContext, Properties], Properties],
    *,
    put: str,
    delete: str | None,
    check: Check | None = None,
    build_outputs: Callable[[ResourceContext, Properties], Properties] = lambda _ctx, _inputs: {},
    outputs: Iterable[str] = (),
) -> ResourceType:
    """Return the type of a bucket setting, which one call creates and one call deletes.

    Properties:
        token: The Pulumi type.
        inputs: The inputs, except the bucket.
        build_parameters: Returns the parameters of the put call, except the bucket.
        put: The call that creates the setting.
        delete: The call that deletes the setting. None if AWS has no such call.
        check: As for `define_resource_type`.
        build_outputs: Returns the outputs that are not inputs.
        outputs: The names of these outputs.
    """

    def create(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
        bucket = inputs["bucket"]
        ctx.call("s3", put, Bucket=bucket, **build_parameters(ctx, inputs))
        if delete is not None and not inputs.get("skipDestroy"):
            ctx.record_undo("s3", delete, Bucket=bucket)
        return ResourceResult(bucket, build_outputs(ctx, inputs))

    return define_resource_type(token, {"bucket": STR, **inputs}, create=create, outputs=outputs, check=check)


def add_older_name(setting: ResourceType) -> tuple[ResourceType, ResourceType]:
    """Return a type, and the same type with its older name, which ends in V2."""
    module, name = setting.token.rsplit(":", 1)
    return setting, replace(setting, token=f"{module}V2:{name}V2")


RESOURCE_TYPES = (
    define_bucket_setting(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        {**dict.fromkeys(_PUBLIC_ACCESS, BOOL), "skipDestroy": BOOL},
        _build_public_access,
        put="put_public_access_block",
        delete="delete_public_access_block",
    ),
    *add_older_name(
        define_bucket_setting(
            "aws:s3/bucketVersioning:BucketVersioning",
            {"versioningConfiguration": ObjectOf({"status": STR, "mfaDelete": STR})},
            _build_versioning,
            put="put_bucket_versioning",
            delete=None,  # versioning can only be suspended, and the bucket is deleted with its versions
        )
    ),
    *add_older_name(
        define_bucket_setting(
            "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
            {"rules": ListOf(_ENCRYPTION_RULE)},
            _build_encryption,
            put="put_bucket_encryption",
            delete="delete_bucket_encryption",
        )
    ),
    *add_older_name(
        define_bucket_setting(
            "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
            {"rules": ListOf(_LIFECYCLE_RULE), "transitionDefaultMinimumObjectSize": STR},
            _build_lifecycle,
            put="put_bucket_lifecycle_configuration",
            delete="delete_bucket_lifecycle",
        )
    ),
    define_bucket_setting(
        "aws:s3/bucketPolicy:BucketPolicy",
        {"policy": DOCUMENT},
        _build_policy,
        put="put_bucket_policy",
        delete="delete_bucket_policy",
        check=build_property_check("policy", check_bucket_policy),
    ),
    define_bucket_setting(
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        {"rule": ObjectOf({"objectOwnership": STR})},
        _build_ownership_controls,
        put="put_bucket_ownership_controls",
        delete="delete_bucket_ownership_controls",
    ),
    *add_older_name(
        define_bucket_setting(
            "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration",
            {"corsRules": ListOf(_CORS_RULE)},
            _build_cors,
            put="put_bucket_cors",
            delete="delete_bucket_cors",
        )
    ),
)
