"""Cases of SNS."""

from resource_cases.case import QUEUE, TOPIC, Case, CreateClient, Properties, build_resource_policy


def _get_attributes(client: CreateClient, arn: str) -> Properties:
    return client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]


CASES: dict[str, Case] = {
    TOPIC: Case(
        inputs=lambda _: {"displayName": "Alarms"},
        probe=lambda client, resource_id, _: _get_attributes(client, resource_id),
        outputs=("arn", "name", "owner"),
    ),
    "aws:sns/topicPolicy:TopicPolicy": Case(
        dependencies=(TOPIC,),
        inputs=lambda created: {
            "arn": created[TOPIC]["arn"],
            "policy": build_resource_policy("sns:Subscribe", created[TOPIC]["arn"]),
        },
        probe=lambda client, resource_id, _: (
            "sns:Subscribe" in _get_attributes(client, resource_id)["Policy"]
            and "sns:Receive" not in _get_attributes(client, resource_id)["Policy"]
        ),
        outputs=("owner",),
    ),
    "aws:sns/topicSubscription:TopicSubscription": Case(
        dependencies=(TOPIC, QUEUE),
        inputs=lambda created: {
            "topic": created[TOPIC]["arn"],
            "protocol": "sqs",
            "endpoint": created[QUEUE]["arn"],
            "rawMessageDelivery": True,
        },
        probe=lambda client, resource_id, outputs: client("sns").list_subscriptions_by_topic(
            TopicArn=outputs["topic"]
        )["Subscriptions"],
    ),
}
