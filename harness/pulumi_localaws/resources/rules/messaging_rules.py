"""Rules of SQS and SNS, whose service models contain no limits."""

import json

from pulumi_localaws.resources.resource_type import Properties, ResourceContext
from pulumi_localaws.resources.rules.rule import Rule, build_choice_rule, build_pattern_rule, build_range_rule

_QUEUE = "aws:sqs/queue:Queue"
_TOPIC = "aws:sns/topic:Topic"
_SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
_QUEUE_PAGE = "SQS API: CreateQueue"
_MAX_RECEIVE_COUNT = 1000


def _check_redrive_policy(_: ResourceContext, inputs: Properties) -> str | None:
    policy = json.loads(inputs["redrivePolicy"])
    if not policy.get("deadLetterTargetArn"):
        return "redrivePolicy.deadLetterTargetArn is missing. Set it to the ARN of a queue"
    count = str(policy.get("maxReceiveCount", ""))
    if not count.isdecimal() or not 1 <= int(count) <= _MAX_RECEIVE_COUNT:
        return f"redrivePolicy.maxReceiveCount is {count!r}; allowed: 1 to {_MAX_RECEIVE_COUNT}"
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
            "SQS: Configuring a dead-letter queue",
            _check_redrive_policy,
        )
        for token in (_QUEUE, "aws:sqs/redrivePolicy:RedrivePolicy")
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
