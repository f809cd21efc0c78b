"""Cases of SQS."""

import json

from resource_cases.case import QUEUE, Case, CreateClient, build_resource_policy


def _get_attribute(client: CreateClient, url: str, name: str) -> str:
    response = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    return response["Attributes"].get(name, "")


CASES: dict[str, Case] = {
    QUEUE: Case(
        inputs=lambda _: {
            "messageRetentionSeconds": 1209600.0,
            "visibilityTimeoutSeconds": 30.0,
            "sqsManagedSseEnabled": True,
        },
        probe=lambda client, resource_id, outputs: client("sqs").get_queue_url(QueueName=outputs["name"]),
        outputs=("arn", "url", "name"),
    ),
    "aws:sqs/queuePolicy:QueuePolicy": Case(
        dependencies=(QUEUE,),
        inputs=lambda created: {
            "queueUrl": created[QUEUE]["id"],
            "policy": build_resource_policy("sqs:SendMessage", created[QUEUE]["arn"]),
        },
        probe=lambda client, resource_id, _: _get_attribute(client, resource_id, "Policy"),
        outputs=(),
    ),
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": Case(
        dependencies=(QUEUE,),
        inputs=lambda created: {
            "queueUrl": created[QUEUE]["id"],
            "redriveAllowPolicy": json.dumps({"redrivePermission": "denyAll"}),
        },
        probe=lambda client, resource_id, _: _get_attribute(client, resource_id, "RedriveAllowPolicy"),
        outputs=(),
    ),
    "aws:sqs/redrivePolicy:RedrivePolicy": Case(
        dependencies=(QUEUE,),
        inputs=lambda created: {
            "queueUrl": created[QUEUE]["id"],
            "redrivePolicy": json.dumps({"deadLetterTargetArn": created[QUEUE]["arn"], "maxReceiveCount": 3}),
        },
        probe=lambda client, resource_id, _: _get_attribute(client, resource_id, "RedrivePolicy"),
        outputs=(),
    ),
}
