"""Rules of SQS and SNS, whose service models contain no limits."""

import json

from pulumi_localaws.resources.resource_type import Properties, ResourceContext
from pulumi_localaws.resources.rules.rule import Rule, build_choice_rule, build_pattern_rule, build_range_rule

_QUEUE = "aws:sqs/queue:Queue"
_TOPIC = "aws:sns/topic:Topic"
_SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
_QUEUE_PAGE = "SQS API: CreateQueue"
_POLICY_PAGE = "SQS: Amazon SQS policy quotas"
_MAX_RECEIVE_COUNT = 1000
_MAX_POLICY_BYTES, _MAX_POLICY_STATEMENTS = 8192, 20
_PERMISSIONS = ("allowAll", "byQueue", "denyAll")
_MAX_SOURCE_QUEUES = 10


def _check_redrive_policy(_: ResourceContext, inputs: Properties) -> str | None:
    policy = json.loads(inputs["redrivePolicy"])
    if not policy.get("deadLetterTargetArn"):
        return "redrivePolicy.deadLetterTargetArn is missing. Set it to the ARN of a queue"
    count = str(policy.get("maxReceiveCount", ""))
    if not count.isdecimal() or not 1 <= int(count) <= _MAX_RECEIVE_COUNT:
        return f"redrivePolicy.maxReceiveCount is {count!r}; allowed: 1 to {_MAX_RECEIVE_COUNT}"
    return None


def _check_redrive_allow_policy(_: ResourceContext, inputs: Properties) -> str | None:
    policy = json.loads(inputs["redriveAllowPolicy"])
    permission, sources = policy.get("redrivePermission", "allowAll"), policy.get("sourceQueueArns")
    if permission not in _PERMISSIONS:
        allowed = ", ".join(_PERMISSIONS)
        return f"redriveAllowPolicy.redrivePermission is {permission!r}; allowed: {allowed}"
    if sources and permission != "byQueue":
        return "redriveAllowPolicy.sourceQueueArns is set. It is allowed only if redrivePermission is byQueue"
    if sources and len(sources) > _MAX_SOURCE_QUEUES:
        return (
            f"redriveAllowPolicy.sourceQueueArns has {len(sources)} items; allowed: at most"
            f" {_MAX_SOURCE_QUEUES}. Use redrivePermission allowAll"
        )
    return None


def _check_throughput(_: ResourceContext, inputs: Properties) -> str | None:
    if inputs["fifoThroughputLimit"] != "perMessageGroupId":
        return None
    if inputs.get("deduplicationScope") == "messageGroup":
        return None
    return "deduplicationScope is not messageGroup. fifoThroughputLimit perMessageGroupId requires it"


def _check_policy_size(_: ResourceContext, inputs: Properties) -> str | None:
    size, statements = len(inputs["policy"].encode()), json.loads(inputs["policy"]).get("Statement")
    if size > _MAX_POLICY_BYTES:
        return f"policy has {size} bytes; allowed: at most {_MAX_POLICY_BYTES}"
    if isinstance(statements, list) and len(statements) > _MAX_POLICY_STATEMENTS:
        return f"policy has {len(statements)} statements; allowed: at most {_MAX_POLICY_STATEMENTS}"
    return None


RULES = (
    build_range_rule(_QUEUE, "delaySeconds", 0, 900, _QUEUE_PAGE),
    build_range_rule(_QUEUE, "visibilityTimeoutSeconds", 0, 43200, _QUEUE_PAGE),
    build_range_rule(_QUEUE, "messageRetentionSeconds", 60, 1209600, _QUEUE_PAGE),
    build_range_rule(_QUEUE, "receiveWaitTimeSeconds", 0, 20, _QUEUE_PAGE),
    build_range_rule(_QUEUE, "maxMessageSize", 1024, 1048576, _QUEUE_PAGE),
    build_range_rule(_QUEUE, "kmsDataKeyReusePeriodSeconds", 60, 86400, _QUEUE_PAGE),
    build_pattern_rule(
        _QUEUE,
        "name",
        r"(?=.{1,80}$)[A-Za-z0-9_-]+(\.fifo)?",
        "1 to 80 letters, digits, hyphens and underscores; .fifo at the end for a FIFO queue",
        _QUEUE_PAGE,
    ),
    *(
        Rule(
            token,
            ("redrivePolicy",),
            "redrivePolicy has a deadLetterTargetArn and a maxReceiveCount of 1 to 1,000",
            "SQS: Configuring a dead-letter queue (console)",
            _check_redrive_policy,
        )
        for token in (_QUEUE, "aws:sqs/redrivePolicy:RedrivePolicy")
    ),
    *(
        Rule(
            token,
            ("redriveAllowPolicy",),
            "redriveAllowPolicy has a permission of SQS, and at most 10 sourceQueueArns, only with byQueue",
            _QUEUE_PAGE,
            _check_redrive_allow_policy,
        )
        for token in (_QUEUE, "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy")
    ),
    build_choice_rule(_QUEUE, "deduplicationScope", ("messageGroup", "queue"), _QUEUE_PAGE),
    build_choice_rule(_QUEUE, "fifoThroughputLimit", ("perMessageGroupId", "perQueue"), _QUEUE_PAGE),
    Rule(
        _QUEUE,
        ("fifoThroughputLimit", "deduplicationScope"),
        "fifoThroughputLimit perMessageGroupId has the deduplicationScope messageGroup",
        _QUEUE_PAGE,
        _check_throughput,
    ),
    *(
        Rule(
            token,
            ("policy",),
            "The policy has at most 8,192 bytes and 20 statements",
            _POLICY_PAGE,
            _check_policy_size,
        )
        for token in (_QUEUE, "aws:sqs/queuePolicy:QueuePolicy")
    ),
    build_pattern_rule(
        _TOPIC,
        "name",
        r"(?=.{1,256}$)[A-Za-z0-9_-]+(\.fifo)?",
        "1 to 256 letters, digits, hyphens and underscores; .fifo at the end for a FIFO topic",
        "SNS API: CreateTopic",
    ),
    build_choice_rule(
        _SUBSCRIPTION,
        "protocol",
        ("application", "email", "email-json", "firehose", "http", "https", "lambda", "sms", "sqs"),
        "SNS API: Subscribe",
    ),
)
