"""SQS: queues and their policies."""

from collections.abc import Callable

from pulumi_localaws.resources.document_checks import build_property_check, check_json_object
from pulumi_localaws.resources.input_schema import BOOL, DOCUMENT, INT, STR, InputSchema, format_attribute
from pulumi_localaws.resources.policy_checks import check_resource_policy
from pulumi_localaws.resources.resource_type import (
    AutoNaming,
    Properties,
    ResourceContext,
    ResourceResult,
    ResourceType,
    define_resource_type,
)

_ATTRIBUTES = {
    "contentBasedDeduplication": ("ContentBasedDeduplication", BOOL),
    "deduplicationScope": ("DeduplicationScope", STR),
    "delaySeconds": ("DelaySeconds", INT),
    "fifoQueue": ("FifoQueue", BOOL),
    "fifoThroughputLimit": ("FifoThroughputLimit", STR),
    "kmsDataKeyReusePeriodSeconds": ("KmsDataKeyReusePeriodSeconds", INT),
    "kmsMasterKeyId": ("KmsMasterKeyId", STR),
    "maxMessageSize": ("MaximumMessageSize", INT),
    "messageRetentionSeconds": ("MessageRetentionPeriod", INT),
    "policy": ("Policy", STR),
    "receiveWaitTimeSeconds": ("ReceiveMessageWaitTimeSeconds", INT),
    "redriveAllowPolicy": ("RedriveAllowPolicy", STR),
    "redrivePolicy": ("RedrivePolicy", STR),
    "sqsManagedSseEnabled": ("SqsManagedSseEnabled", BOOL),
    "visibilityTimeoutSeconds": ("VisibilityTimeout", INT),
}


def _check_queue(inputs: Properties) -> None:
    build_property_check("policy", check_resource_policy)(inputs)
    for name in ("redrivePolicy", "redriveAllowPolicy"):
        build_property_check(name, check_json_object)(inputs)
    if inputs.get("fifoQueue") and inputs.get("name") and not inputs["name"].endswith(".fifo"):
        raise ValueError(f"name is {inputs['name']!r}; the name of a FIFO queue must end with .fifo")
    if inputs.get("kmsMasterKeyId") and inputs.get("sqsManagedSseEnabled"):
        raise ValueError("kmsMasterKeyId and sqsManagedSseEnabled are both set. Set only one of them")


def _read_queue(ctx: ResourceContext, url: str) -> ResourceResult:
    arn = ctx.call("sqs", "get_queue_attributes", QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    return ResourceResult(url, {"url": url, "arn": arn, "name": arn.rsplit(":", 1)[-1]})


def _create_queue(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    # SQS rejects FifoQueue for a standard queue, even with the value false.
    attributes = {
        aws_name: format_attribute(inputs[name])
        for name, (aws_name, _) in _ATTRIBUTES.items()
        if name in inputs and inputs[name] not in ("", False)
    }
    if inputs.get("sqsManagedSseEnabled") is False:
        attributes["SqsManagedSseEnabled"] = "false"
    url = ctx.call(
        "sqs", "create_queue", QueueName=inputs["name"], Attributes=attributes, tags=dict(ctx.tags) or None
    )["QueueUrl"]
    ctx.record_undo("sqs", "delete_queue", QueueUrl=url)
    url = ctx.to_local_url(url)
    return ResourceResult(url, {"url": url, "arn": ctx.build_arn("sqs", inputs["name"])})


def _define_queue_attribute(
    token: str, input_name: str, check: Callable[[str], None], schema: InputSchema = STR
) -> ResourceType:
    """Return the type of a resource that sets one attribute of a queue.

    Args:
        token: The Pulumi type.
        input_name: The input that holds the attribute's value.
        check: Checks this input.
        schema: The schema of this input.
    """
    attribute = _ATTRIBUTES[input_name][0]

    def create(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
        url = inputs["queueUrl"]
        ctx.call("sqs", "set_queue_attributes", QueueUrl=url, Attributes={attribute: inputs[input_name]})
        ctx.record_undo("sqs", "set_queue_attributes", QueueUrl=url, Attributes={attribute: ""})
        return ResourceResult(url)

    return define_resource_type(
        token,
        {"queueUrl": STR, input_name: schema},
        create=create,
        check=build_property_check(input_name, check),
    )


RESOURCE_TYPES = (
    define_resource_type(
        "aws:sqs/queue:Queue",
        {"name": STR, **{name: schema for name, (_, schema) in _ATTRIBUTES.items()}},
        create=_create_queue,
        outputs=("arn", "url"),
        naming=AutoNaming(
            "name",
            80,
            prefix_property="namePrefix",
            suffix=lambda inputs: ".fifo" if inputs.get("fifoQueue") else "",
        ),
        tags=True,
        check=_check_queue,
        read=_read_queue,
    ),
    _define_queue_attribute("aws:sqs/queuePolicy:QueuePolicy", "policy", check_resource_policy, DOCUMENT),
    _define_queue_attribute(
        "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy", "redriveAllowPolicy", check_json_object
    ),
    _define_queue_attribute("aws:sqs/redrivePolicy:RedrivePolicy", "redrivePolicy", check_json_object),
)
