"""S3: the settings in the inputs of a bucket. New programs use separate resources instead."""

import json
from collections.abc import Mapping
from typing import Any

from pulumi_localaws.resources.document_checks import build_property_check
from pulumi_localaws.resources.input_schema import (
    BOOL,
    INT,
    STR,
    STR_LIST,
    InputSchema,
    ListOf,
    MapOf,
    ObjectOf,
    to_aws,
)
from pulumi_localaws.resources.resource_type import Properties, ResourceContext

_CORS_RULE = ObjectOf(
    {
        "allowedHeaders": STR_LIST,
        "allowedMethods": STR_LIST,
        "allowedOrigins": STR_LIST,
        "exposeHeaders": STR_LIST,
        "maxAgeSeconds": INT,
    }
)
_ENCRYPTION = ObjectOf(
    {
        "rule": ObjectOf(
            {
                "applyServerSideEncryptionByDefault": ObjectOf(
                    {"sseAlgorithm": STR, "kmsMasterKeyId": STR},
                    {"sseAlgorithm": "SSEAlgorithm", "kmsMasterKeyId": "KMSMasterKeyID"},
                ),
                "bucketKeyEnabled": BOOL,
            }
        )
    }
)
_TRANSITIONS = ListOf(ObjectOf({"date": STR, "days": INT, "storageClass": STR}))
_NONCURRENT_DAYS = {"days": "NoncurrentDays"}
_LIFECYCLE_RULE = ObjectOf(
    {
        "id": STR,
        "enabled": BOOL,
        "prefix": STR,
        "tags": MapOf(STR),
        "abortIncompleteMultipartUploadDays": INT,
        "expiration": ObjectOf({"date": STR, "days": INT, "expiredObjectDeleteMarker": BOOL}),
        "noncurrentVersionExpiration": ObjectOf({"days": INT}, _NONCURRENT_DAYS),
        "noncurrentVersionTransitions": ListOf(
            ObjectOf({"days": INT, "storageClass": STR}, _NONCURRENT_DAYS)
        ),
        "transitions": _TRANSITIONS,
    },
    {
        "id": "ID",
        "enabled": None,
        "prefix": None,
        "tags": None,
        "abortIncompleteMultipartUploadDays": None,
    },
)
_LOGGING = ObjectOf({"targetBucket": STR, "targetPrefix": STR})
_VERSIONING = ObjectOf({"enabled": BOOL, "mfaDelete": BOOL})
_WEBSITE = ObjectOf(
    {"errorDocument": STR, "indexDocument": STR, "redirectAllRequestsTo": STR, "routingRules": STR}
)

BUCKET_SETTINGS: dict[str, InputSchema] = {
    "corsRules": ListOf(_CORS_RULE),
    "lifecycleRules": ListOf(_LIFECYCLE_RULE),
    "logging": _LOGGING,
    "serverSideEncryptionConfiguration": _ENCRYPTION,
    "versioning": _VERSIONING,
    "website": _WEBSITE,
}
"""The inputs of ``Bucket``."""

BUCKET_V2_SETTINGS: dict[str, InputSchema] = {
    "corsRules": ListOf(_CORS_RULE),
    "loggings": ListOf(_LOGGING),
    "versionings": ListOf(_VERSIONING),
    "websites": ListOf(_WEBSITE),
}
"""The inputs of ``BucketV2``: each list has at most one item, except for ``corsRules``."""


def check_bucket_settings(inputs: Properties) -> None:
    """Check the settings of a bucket.

    Raises:
        ValueError: AWS or the AWS provider would reject them.
    """
    settings = _unwrap_lists(inputs)
    website = settings.get("website")
    if website is not None:
        if ("indexDocument" in website) == ("redirectAllRequestsTo" in website):
            raise ValueError(
                "website: indexDocument or redirectAllRequestsTo is required. Set exactly one of them"
            )
        build_property_check("routingRules", json.loads)(website)


def put_bucket_settings(ctx: ResourceContext, bucket: str, inputs: Properties) -> None:
    """Apply the settings of a new bucket."""
    settings = _unwrap_lists(inputs)
    if settings.get("versioning", {}).get("enabled"):
        ctx.call("s3", "put_bucket_versioning", Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    if settings.get("serverSideEncryptionConfiguration"):
        rule = to_aws(settings["serverSideEncryptionConfiguration"], _ENCRYPTION)["Rule"]
        configuration = {"Rules": [rule]}
        ctx.call(
            "s3", "put_bucket_encryption", Bucket=bucket, ServerSideEncryptionConfiguration=configuration
        )
    if settings.get("corsRules"):
        rules = to_aws(settings["corsRules"], ListOf(_CORS_RULE))
        ctx.call("s3", "put_bucket_cors", Bucket=bucket, CORSConfiguration={"CORSRules": rules})
    if settings.get("lifecycleRules"):
        rules = [_build_lifecycle_rule(rule) for rule in settings["lifecycleRules"]]
        ctx.call(
            "s3",
            "put_bucket_lifecycle_configuration",
            Bucket=bucket,
            LifecycleConfiguration={"Rules": rules},
        )
    if settings.get("logging"):
        logging = {"TargetPrefix": "", **to_aws(settings["logging"], _LOGGING)}
        ctx.call("s3", "put_bucket_logging", Bucket=bucket, BucketLoggingStatus={"LoggingEnabled": logging})
    if settings.get("website"):
        ctx.call(
            "s3",
            "put_bucket_website",
            Bucket=bucket,
            WebsiteConfiguration=_build_website(settings["website"]),
        )


def _unwrap_lists(inputs: Properties) -> Properties:
    """Return the inputs of a ``BucketV2`` with the names and the form of a ``Bucket``."""
    settings = dict(inputs)
    for name in ("logging", "versioning", "website"):
        if inputs.get(f"{name}s"):
            settings[name] = inputs[f"{name}s"][0]
    return settings


def _build_website(website: Mapping[str, Any]) -> Properties:
    configuration: Properties = {}
    if "indexDocument" in website:
        configuration["IndexDocument"] = {"Suffix": website["indexDocument"]}
    if "errorDocument" in website:
        configuration["ErrorDocument"] = {"Key": website["errorDocument"]}
    if "redirectAllRequestsTo" in website:
        protocol, separator, host = website["redirectAllRequestsTo"].rpartition("://")
        configuration["RedirectAllRequestsTo"] = {
            "HostName": host,
            **({"Protocol": protocol} if separator else {}),
        }
    if "routingRules" in website:
        configuration["RoutingRules"] = json.loads(website["routingRules"])
    return configuration


def _build_lifecycle_rule(rule: Mapping[str, Any]) -> Properties:
    parameters: Properties = dict(to_aws(rule, _LIFECYCLE_RULE))
    parameters["Status"] = "Enabled" if rule["enabled"] else "Disabled"
    tags = [{"Key": key, "Value": value} for key, value in rule.get("tags", {}).items()]
    prefix = rule.get("prefix", "")
    parameters["Filter"] = {"And": {"Prefix": prefix, "Tags": tags}} if tags else {"Prefix": prefix}
    if "abortIncompleteMultipartUploadDays" in rule:
        days = rule["abortIncompleteMultipartUploadDays"]
        parameters["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": days}
    return parameters


def has_website(inputs: Properties) -> bool:
    """Return whether the inputs of a bucket contain a website."""
    return bool(_unwrap_lists(inputs).get("website"))
