"""S3: the functions, queues, topics and event bus that a bucket notifies."""

from typing import Any

from pulumi_localaws.resources.function_permissions import has_permission
from pulumi_localaws.resources.input_schema import BOOL, STR, STR_LIST, ListOf, ObjectOf
from pulumi_localaws.resources.resource_type import (
    Properties,
    ResourceContext,
    ResourceResult,
    define_resource_type,
)

_SERVICE = "s3.amazonaws.com"
_TARGETS = (
    ("lambdaFunctions", "lambdaFunctionArn", "LambdaFunctionConfigurations", "LambdaFunctionArn"),
    ("queues", "queueArn", "QueueConfigurations", "QueueArn"),
    ("topics", "topicArn", "TopicConfigurations", "TopicArn"),
)
"""For each kind of target: the input, its ARN, and their names in AWS's API."""


def _create_notification(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    bucket = inputs["bucket"]
    configuration: Properties = {"EventBridgeConfiguration": {}} if inputs.get("eventbridge") else {}
    for input_name, arn_name, aws_name, aws_arn_name in _TARGETS:
        targets = inputs.get(input_name, [])
        if targets:
            configuration[aws_name] = [
                {aws_arn_name: target[arn_name], **_build_events(target)} for target in targets
            ]
    for function in inputs.get("lambdaFunctions", []):
        _require_permission(ctx, bucket, function["lambdaFunctionArn"])
    ctx.call(
        "s3",
        "put_bucket_notification_configuration",
        Bucket=bucket,
        NotificationConfiguration=configuration,
    )
    ctx.record_undo(
        "s3", "put_bucket_notification_configuration", Bucket=bucket, NotificationConfiguration={}
    )
    return ResourceResult(bucket)


def _build_events(target: Properties) -> Properties:
    rules = [
        {"Name": name, "Value": target[input_name]}
        for name, input_name in (("prefix", "filterPrefix"), ("suffix", "filterSuffix"))
        if target.get(input_name)
    ]
    events: dict[str, Any] = {"Events": target["events"]}
    if target.get("id"):
        events["Id"] = target["id"]
    if rules:
        events["Filter"] = {"Key": {"FilterRules": rules}}
    return events


def _require_permission(ctx: ResourceContext, bucket: str, function_arn: str) -> None:
    """Check that the bucket may invoke the function. The emulator invokes it without a permission.

    Source: AWS's error, in hashicorp/terraform issue 19756 and aws/aws-cdk issue 18090.

    Raises:
        DeploymentError: AWS would reject the notification.
    """
    if ctx.check_only:
        return
    bucket_arn = f"arn:aws:s3:::{bucket}"
    if not has_permission(ctx, function_arn, principal=_SERVICE, source_arn=bucket_arn):
        raise ctx.build_error(
            f"the function {function_arn!r} has no permission for this bucket. AWS would answer: Unable to"
            " validate the following destination configurations. Add an aws.lambda_.Permission with the"
            f" principal {_SERVICE} and the source_arn {bucket_arn}, and create the notification after it"
            " (depends_on)."
        )


RESOURCE_TYPES = (
    define_resource_type(
        "aws:s3/bucketNotification:BucketNotification",
        {
            "bucket": STR,
            "eventbridge": BOOL,
            **{
                input_name: ListOf(
                    ObjectOf(
                        {
                            arn_name: STR,
                            "events": STR_LIST,
                            "filterPrefix": STR,
                            "filterSuffix": STR,
                            "id": STR,
                        }
                    )
                )
                for input_name, arn_name, _, _ in _TARGETS
            },
        },
        create=_create_notification,
    ),
)
