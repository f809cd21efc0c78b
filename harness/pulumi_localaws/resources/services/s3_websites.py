"""S3: websites and access control lists of buckets."""

import json

from pulumi_localaws.resources.document_checks import build_property_check
from pulumi_localaws.resources.input_schema import STR, ListOf, ObjectOf
from pulumi_localaws.resources.resource_type import (
    Properties,
    ResourceContext,
    ResourceResult,
    define_resource_type,
)
from pulumi_localaws.resources.services.s3_settings import add_older_name, define_bucket_setting

_DASH_REGIONS = frozenset((
    "ap-northeast-1", "ap-southeast-1", "ap-southeast-2", "eu-west-1", "sa-east-1", "us-east-1",
    "us-gov-west-1", "us-west-1", "us-west-2",
))  # fmt: skip
"""Regions whose website endpoints have a dash before the region.

Source: AWS CDK, packages/aws-cdk-lib/region-info/build-tools/fact-tables.ts (AWS_OLDER_REGIONS).
"""

_REDIRECT_TARGET = ObjectOf({"hostName": STR, "protocol": STR})
_ROUTING_RULE = ObjectOf(
    {
        "condition": ObjectOf({"httpErrorCodeReturnedEquals": STR, "keyPrefixEquals": STR}),
        "redirect": ObjectOf(
            {
                "hostName": STR,
                "httpRedirectCode": STR,
                "protocol": STR,
                "replaceKeyPrefixWith": STR,
                "replaceKeyWith": STR,
            }
        ),
    }
)
_GRANTEE = ObjectOf({"type": STR, "emailAddress": STR, "id": STR, "uri": STR}, {"id": "ID", "uri": "URI"})
_ACCESS_CONTROL_POLICY = ObjectOf(
    {
        "grants": ListOf(ObjectOf({"grantee": _GRANTEE, "permission": STR})),
        "owner": ObjectOf({"id": STR, "displayName": STR}, {"id": "ID"}),
    }
)


def build_website_outputs(ctx: ResourceContext, bucket: str) -> Properties:
    """Return the website's names on AWS.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteEndpoints.html
    """
    separator = "-" if ctx.region in _DASH_REGIONS else "."
    domain = f"s3-website{separator}{ctx.region}.amazonaws.com"
    return {"websiteDomain": domain, "websiteEndpoint": f"{bucket}.{domain}"}


def _build_website(ctx: ResourceContext, inputs: Properties) -> Properties:
    website = ctx.to_aws({name: value for name, value in inputs.items() if name != "routingRuleDetails"})
    if inputs.get("routingRuleDetails"):
        website["RoutingRules"] = json.loads(inputs["routingRuleDetails"])
    website.pop("Bucket")
    website.pop("Region", None)
    return {"WebsiteConfiguration": website}


def _check_website(inputs: Properties) -> None:
    names = ("indexDocument", "redirectAllRequestsTo")
    if sum(name in inputs for name in names) != 1:
        raise ValueError("indexDocument or redirectAllRequestsTo is required. Set exactly one of them")
    if "routingRules" in inputs and "routingRuleDetails" in inputs:
        raise ValueError("routingRules and routingRuleDetails are both set. Set only one of them")
    build_property_check("routingRuleDetails", json.loads)(inputs)


def _create_acl(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    policy = ctx.to_aws(inputs).get("AccessControlPolicy")
    ctx.call(
        "s3", "put_bucket_acl", Bucket=inputs["bucket"], ACL=inputs.get("acl"), AccessControlPolicy=policy
    )
    return ResourceResult(",".join(filter(None, (inputs["bucket"], inputs.get("acl")))))


def _check_acl(inputs: Properties) -> None:
    if ("acl" in inputs) == ("accessControlPolicy" in inputs):
        raise ValueError("acl or accessControlPolicy is required. Set exactly one of them")


RESOURCE_TYPES = (
    *add_older_name(
        define_bucket_setting(
            "aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration",
            {
                "errorDocument": ObjectOf({"key": STR}),
                "indexDocument": ObjectOf({"suffix": STR}),
                "redirectAllRequestsTo": _REDIRECT_TARGET,
                "routingRuleDetails": STR,
                "routingRules": ListOf(_ROUTING_RULE),
            },
            _build_website,
            put="put_bucket_website",
            delete="delete_bucket_website",
            check=_check_website,
            build_outputs=lambda ctx, inputs: build_website_outputs(ctx, inputs["bucket"]),
            outputs=("websiteDomain", "websiteEndpoint"),
        )
    ),
    *add_older_name(
        define_resource_type(
            "aws:s3/bucketAcl:BucketAcl",
            {"bucket": STR, "acl": STR, "accessControlPolicy": _ACCESS_CONTROL_POLICY},
            create=_create_acl,
            check=_check_acl,
        )
    ),
)
