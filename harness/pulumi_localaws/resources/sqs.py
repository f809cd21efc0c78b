"""SQS: queues and their policies."""

from typing import Any

from pulumi_localaws.resources.policies import check_json, check_resource_policy, policy_check
from pulumi_localaws.resources.registry import Args, Context, Made, Naming, resource
from pulumi_localaws.resources.shapes import BOOL, INT, STR

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


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


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


@resource(
    "aws:sqs/queue:Queue",
    {"name": STR, **{name: shape for name, (_, shape) in _ATTRIBUTES.items()}},
    outputs=("arn", "url"),
    naming=Naming(
        "name", 80, prefix="namePrefix", suffix=lambda args: ".fifo" if args.get("fifoQueue") else ""
    ),
    tags=True,
    check=_check_queue,
    read=_read_queue,
)
def _queue(ctx: Context, args: Args) -> Made:
    # A standard queue doesn't take FifoQueue at all, not even false.
    attributes = {
        aws: _text(args[name])
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


def _set_attribute(ctx: Context, args: Args, prop: str) -> Made:
    url = args["queueUrl"]
    ctx.call("sqs", "set_queue_attributes", QueueUrl=url, Attributes={_ATTRIBUTES[prop][0]: args[prop]})
    ctx.undo("sqs", "set_queue_attributes", QueueUrl=url, Attributes={_ATTRIBUTES[prop][0]: ""})
    return Made(url)


@resource(
    "aws:sqs/queuePolicy:QueuePolicy",
    {"queueUrl": STR, "policy": STR},
    check=policy_check("policy", check_resource_policy),
)
def _queue_policy(ctx: Context, args: Args) -> Made:
    return _set_attribute(ctx, args, "policy")


@resource(
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy",
    {"queueUrl": STR, "redriveAllowPolicy": STR},
    check=policy_check("redriveAllowPolicy", check_json),
)
def _redrive_allow(ctx: Context, args: Args) -> Made:
    return _set_attribute(ctx, args, "redriveAllowPolicy")


@resource(
    "aws:sqs/redrivePolicy:RedrivePolicy",
    {"queueUrl": STR, "redrivePolicy": STR},
    check=policy_check("redrivePolicy", check_json),
)
def _redrive(ctx: Context, args: Args) -> Made:
    return _set_attribute(ctx, args, "redrivePolicy")
