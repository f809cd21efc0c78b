"""Mutations of content, links and paid plans: bucket, function and routes."""

from component_changes import NOT_PROTECTED, drop, put, statement
from component_checks import (
    foreign_callers,
    open_routes,
    other_leading_keys,
    wildcard_arns,
    wildcard_resources,
)
from component_expectations import other_alarms, other_rights
from component_golden import golden_differences
from component_key_expectations import other_keys
from component_mutation import each, mutation, rule
from component_programs import KEY

_POLICY = "app-social-handler-policy"
_BUCKET = "app-media-bucket"

SOCIAL_MUTATIONS = [
    mutation(_BUCKET, NOT_PROTECTED, rule("Pulumi refuses to delete the bucket")),
    mutation("app-media-lifecycle", drop("rules.0.noncurrentVersionExpiration"), golden_differences),
    mutation(_POLICY, statement("s3:PutObject", Resource="*"), wildcard_resources),
    mutation(
        _POLICY,
        statement("s3:PutObject", Resource="arn:aws-cn:s3:::app-media-bucket-1234567/*"),
        wildcard_arns,
    ),
    mutation(_POLICY, statement("dynamodb:Query", Condition=None), other_leading_keys),
    mutation(
        _POLICY,
        statement(
            "dynamodb:Query",
            Condition={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["USER#*", "REDIRECT#*"]}},
        ),
        other_leading_keys,
    ),
    mutation(
        _POLICY,
        statement("s3:PutObject", Action=["s3:PutObject", "s3:GetObject", "s3:DeleteObject"]),
        other_rights,
    ),
    mutation("app-social-alarm", put("threshold", 10), other_alarms),
    mutation("app-social-handler-api-permission", drop("sourceArn"), foreign_callers),
    mutation("app-social-route-get-me-content", put("authorizationType", "NONE"), open_routes),
    mutation("app-social-route-get-media-location", put("routeKey", "GET /{proxy+}"), open_routes),
    *each(
        ("app-media-encryption",),
        put("rules.0.applyServerSideEncryptionByDefault.kmsMasterKeyId", "alias/aws/s3"),
        other_keys,
        kms_key_arn=KEY,
    ),
]
