"""SNS: topics, subscriptions, policies."""

from pulumi_localaws.resources.input_schema import BOOL, INT, STR, attribute_text, aws_name
from pulumi_localaws.resources.policy_documents import check_json, check_resource_policy, policy_check
from pulumi_localaws.resources.resource_type import Args, Context, Made, Naming, resource_type

_TOPIC = {
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
_SUBSCRIPTION = {
    "deliveryPolicy": STR,
    "filterPolicy": STR,
    "filterPolicyScope": STR,
    "rawMessageDelivery": BOOL,
    "redrivePolicy": STR,
    "subscriptionRoleArn": STR,
}


def _attributes(args: Args, names: Args) -> dict[str, str]:
    return {aws_name(name): attribute_text(args[name]) for name in names if name in args}


def _create_topic(ctx: Context, args: Args) -> Made:
    arn = ctx.call(
        "sns",
        "create_topic",
        Name=args["name"],
        Attributes=_attributes(args, _TOPIC) or None,
        Tags=ctx.tag_list(),
    )["TopicArn"]
    ctx.undo("sns", "delete_topic", TopicArn=arn)
    return Made(arn, {"arn": arn, "owner": ctx.account})


def _create_topic_policy(ctx: Context, args: Args) -> Made:
    before = ctx.call("sns", "get_topic_attributes", TopicArn=args["arn"])["Attributes"].get("Policy", "")
    ctx.call(
        "sns",
        "set_topic_attributes",
        TopicArn=args["arn"],
        AttributeName="Policy",
        AttributeValue=args["policy"],
    )
    ctx.undo(
        "sns", "set_topic_attributes", TopicArn=args["arn"], AttributeName="Policy", AttributeValue=before
    )
    return Made(args["arn"], {"owner": ctx.account})


def _check_subscription(args: Args) -> None:
    for prop in ("filterPolicy", "redrivePolicy", "deliveryPolicy"):
        policy_check(prop, check_json)(args)


def _create_subscription(ctx: Context, args: Args) -> Made:
    arn = ctx.call(
        "sns",
        "subscribe",
        TopicArn=args["topic"],
        Protocol=args["protocol"],
        Endpoint=args["endpoint"],
        Attributes=_attributes(args, _SUBSCRIPTION) or None,
        ReturnSubscriptionArn=True,
    )["SubscriptionArn"]
    ctx.undo("sns", "unsubscribe", SubscriptionArn=arn)
    pending = args["protocol"] in {"email", "email-json", "http", "https"}
    outputs = {
        "arn": arn,
        "ownerId": ctx.account,
        "pendingConfirmation": pending,
        "confirmationWasAuthenticated": not pending,
    }
    return Made(arn, outputs)


RESOURCE_TYPES = (
    resource_type(
        "aws:sns/topic:Topic",
        {"name": STR, **_TOPIC},
        create=_create_topic,
        outputs=("arn", "owner"),
        naming=Naming(
            "name", 256, prefix="namePrefix", suffix=lambda args: ".fifo" if args.get("fifoTopic") else ""
        ),
        tags=True,
        check=policy_check("policy", check_resource_policy),
    ),
    resource_type(
        "aws:sns/topicPolicy:TopicPolicy",
        {"arn": STR, "policy": STR},
        create=_create_topic_policy,
        outputs=("owner",),
        check=policy_check("policy", check_resource_policy),
    ),
    resource_type(
        "aws:sns/topicSubscription:TopicSubscription",
        {
            "topic": STR,
            "protocol": STR,
            "endpoint": STR,
            "confirmationTimeoutInMinutes": INT,
            "endpointAutoConfirms": BOOL,
            **_SUBSCRIPTION,
        },
        create=_create_subscription,
        outputs=("arn", "ownerId", "pendingConfirmation", "confirmationWasAuthenticated"),
        check=_check_subscription,
    ),
)
