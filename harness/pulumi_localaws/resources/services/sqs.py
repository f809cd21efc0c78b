"""SQS: queues and their policies."""

from collections.abc import Callable

from pulumi_localaws.resources.input_schema import BOOL, INT, STR, attribute_text
from pulumi_localaws.resources.policy_documents import check_json, check_resource_policy, policy_check
from pulumi_localaws.resources.resource_type import Args, Context, Made, Naming, ResourceType, resource_type

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


def _check_queue(args: Args) -> None:
    policy_check("policy", check_resource_policy)(args)
    for prop in ("redrivePolicy", "redriveAllowPolicy"):
        policy_check(prop, check_json)(args)
    if args.get("fifoQueue") and args.get("name") and not args["name"].endswith(".fifo"):
        raise ValueError(f"name: a FIFO queue's name ends in .fifo; {args['name']!r} doesn't")
    if args.get("kmsMasterKeyId") and args.get("sqsManagedSseEnabled"):
        raise ValueError("kmsMasterKeyId and sqsManagedSseEnabled exclude each other")


def _read_queue(ctx: Context, url: str) -> Made:
    arn = ctx.call("sqs", "get_queue_attributes", QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    return Made(url, {"url": url, "arn": arn, "name": arn.rsplit(":", 1)[-1]})


def _create_queue(ctx: Context, args: Args) -> Made:
    # A standard queue doesn't take FifoQueue at all, not even false.
    attributes = {
        aws: attribute_text(args[name])
        for name, (aws, _) in _ATTRIBUTES.items()
        if name in args and args[name] not in ("", False)
    }
    if args.get("sqsManagedSseEnabled") is False:
        attributes["SqsManagedSseEnabled"] = "false"
    url = ctx.call(
        "sqs", "create_queue", QueueName=args["name"], Attributes=attributes, tags=dict(ctx.tags) or None
    )["QueueUrl"]
    ctx.undo("sqs", "delete_queue", QueueUrl=url)
    url = ctx.local_url(url)
    return Made(url, {"url": url, "arn": ctx.arn("sqs", args["name"])})


def _attribute_type(token: str, prop: str, check: Callable[[str], None]) -> ResourceType:
    """Return the type of a resource that is one attribute of a queue."""
    attribute = _ATTRIBUTES[prop][0]

    def create(ctx: Context, args: Args) -> Made:
        url = args["queueUrl"]
        ctx.call("sqs", "set_queue_attributes", QueueUrl=url, Attributes={attribute: args[prop]})
        ctx.undo("sqs", "set_queue_attributes", QueueUrl=url, Attributes={attribute: ""})
        return Made(url)

    inputs = {"queueUrl": STR, prop: STR}
    return resource_type(token, inputs, create=create, check=policy_check(prop, check))


RESOURCE_TYPES = (
    resource_type(
        "aws:sqs/queue:Queue",
        {"name": STR, **{name: shape for name, (_, shape) in _ATTRIBUTES.items()}},
        create=_create_queue,
        outputs=("arn", "url"),
        naming=Naming(
            "name", 80, prefix="namePrefix", suffix=lambda args: ".fifo" if args.get("fifoQueue") else ""
        ),
        tags=True,
        check=_check_queue,
        read=_read_queue,
    ),
    _attribute_type("aws:sqs/queuePolicy:QueuePolicy", "policy", check_resource_policy),
    _attribute_type("aws:sqs/redriveAllowPolicy:RedriveAllowPolicy", "redriveAllowPolicy", check_json),
    _attribute_type("aws:sqs/redrivePolicy:RedrivePolicy", "redrivePolicy", check_json),
)
