"""SNS: topics, subscriptions, policies."""

from collections.abc import Iterable

from pulumi_localaws.resources.document_checks import build_property_check, check_json_object
from pulumi_localaws.resources.input_schema import BOOL, DOCUMENT, INT, STR, format_attribute, to_aws_name
from pulumi_localaws.resources.policy_checks import check_resource_policy
from pulumi_localaws.resources.resource_type import (
    AutoNaming,
    Properties,
    ResourceContext,
    ResourceResult,
    define_resource_type,
)

_TOPIC_ATTRIBUTES = {
    "archivePolicy": STR,
    "contentBasedDeduplication": BOOL,
    "deliveryPolicy": STR,
    "displayName": STR,
    "fifoThroughputScope": STR,
    "fifoTopic": BOOL,
    "kmsMasterKeyId": STR,
    "policy": STR,
    "signatureVersion": INT,
    "tracingConfig": STR,
}
_SUBSCRIPTION_ATTRIBUTES = {
    "deliveryPolicy": STR,
    "filterPolicy": STR,
    "filterPolicyScope": STR,
    "rawMessageDelivery": BOOL,
    "redrivePolicy": STR,
    "subscriptionRoleArn": STR,
}


def _build_attributes(inputs: Properties, names: Iterable[str]) -> dict[str, str]:
    return {to_aws_name(name): format_attribute(inputs[name]) for name in names if name in inputs}


def _create_topic(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    arn = ctx.call(
        "sns",
        "create_topic",
        Name=inputs["name"],
        Attributes=_build_attributes(inputs, _TOPIC_ATTRIBUTES) or None,
        Tags=ctx.build_tag_list(),
    )["TopicArn"]
    ctx.record_undo("sns", "delete_topic", TopicArn=arn)
    return ResourceResult(arn, {"arn": arn, "owner": ctx.account})


def _create_topic_policy(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    previous_policy = ctx.call("sns", "get_topic_attributes", TopicArn=inputs["arn"])["Attributes"].get(
        "Policy", ""
    )
    ctx.call(
        "sns",
        "set_topic_attributes",
        TopicArn=inputs["arn"],
        AttributeName="Policy",
        AttributeValue=inputs["policy"],
    )
    ctx.record_undo(
        "sns",
        "set_topic_attributes",
        TopicArn=inputs["arn"],
        AttributeName="Policy",
        AttributeValue=previous_policy,
    )
    return ResourceResult(inputs["arn"], {"owner": ctx.account})


def _check_subscription(inputs: Properties) -> None:
    for name in ("filterPolicy", "redrivePolicy", "deliveryPolicy"):
        build_property_check(name, check_json_object)(inputs)


def _create_subscription(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    arn = ctx.call(
        "sns",
        "subscribe",
        TopicArn=inputs["topic"],
        Protocol=inputs["protocol"],
        Endpoint=inputs["endpoint"],
        Attributes=_build_attributes(inputs, _SUBSCRIPTION_ATTRIBUTES) or None,
        ReturnSubscriptionArn=True,
    )["SubscriptionArn"]
    ctx.record_undo("sns", "unsubscribe", SubscriptionArn=arn)
    is_pending = inputs["protocol"] in {"email", "email-json", "http", "https"}
    outputs = {
        "arn": arn,
        "ownerId": ctx.account,
        "pendingConfirmation": is_pending,
        "confirmationWasAuthenticated": not is_pending,
    }
    return ResourceResult(arn, outputs)


RESOURCE_TYPES = (
    define_resource_type(
        "aws:sns/topic:Topic",
        {"name": STR, **_TOPIC_ATTRIBUTES},
        create=_create_topic,
        outputs=("arn", "owner"),
        naming=AutoNaming(
            "name",
            256,
            prefix_property="namePrefix",
            suffix=lambda inputs: ".fifo" if inputs.get("fifoTopic") else "",
        ),
        tags=True,
        check=build_property_check("policy", check_resource_policy),
    ),
    define_resource_type(
        "aws:sns/topicPolicy:TopicPolicy",
        {"arn": STR, "policy": DOCUMENT},
        create=_create_topic_policy,
        outputs=("owner",),
        check=build_property_check("policy", check_resource_policy),
    ),
    define_resource_type(
        "aws:sns/topicSubscription:TopicSubscription",
        {
            "topic": STR,
            "protocol": STR,
            "endpoint": STR,
            "confirmationTimeoutInMinutes": INT,
            "endpointAutoConfirms": BOOL,
            **_SUBSCRIPTION_ATTRIBUTES,
        },
        create=_create_subscription,
        outputs=("arn", "ownerId", "pendingConfirmation", "confirmationWasAuthenticated"),
        check=_check_subscription,
    ),
)
