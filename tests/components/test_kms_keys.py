"""KMS keys: what functions can still read after a key was changed or removed."""

from typing import Any

import pytest
from component_programs import KEY, TABLES
from component_recording import Recording, Resource, record
from pulumi_userprofiles import OutboxWorker

FORMER = KEY.replace("4000-8000", "4000-9000")


@pytest.mark.parametrize("current", [None, KEY], ids=["key removed", "key changed"])
@pytest.mark.sample(2)
def test_functions_can_still_read_what_a_former_key_encrypts(record_stack: Any, current: str | None) -> None:
    """Tables keep a removed key, and messages and objects keep a changed one."""
    keys = {"kms_key_arn": current} if current else {}

    recording = record_stack(former_kms_key_arns=[FORMER], **keys)

    former_rights = {
        item.name: {
            host.partition(".")[0]
            for statement in item.document("policy")["Statement"]
            if statement["Resource"] == [FORMER] and statement["Action"] == ["kms:Decrypt"]
            for host in statement.get("Condition", {}).get("StringEquals", {}).get("kms:ViaService", ["any"])
        }
        for item in recording.of_type("RolePolicy")
    }
    assert former_rights == {
        "app-api-handler-policy": {"lambda", "dynamodb", "s3"},
        "app-api-admin-policy": {"lambda", "dynamodb", "s3", "sqs"},
        "app-eraser-worker-policy": {"lambda", "dynamodb", "sqs"},
        "app-reconciler-worker-policy": {"lambda", "dynamodb"},
        "app-identity-sms-policy": set(),
        "app-migration-map-policy": set(),
        "app-migration-policy": {"any"},
        "app-migration-worker-policy": {"lambda", "dynamodb", "s3"},
        "app-outbox-worker-policy": {"lambda", "dynamodb", "sqs"},
        "app-triggers-post-confirmation-policy": {"lambda", "dynamodb", "sqs"},
        "app-triggers-pre-sign-up-policy": {"lambda"},
        "app-triggers-pre-token-policy": {"lambda", "dynamodb"},
    }
    assert [item.name for item in recording.resources if item.custom and encrypts_with(item, FORMER)] == []


@pytest.mark.parametrize(
    ("partition", "region", "host"),
    [
        ("aws", "eu-central-1", "dynamodb.eu-central-1.amazonaws.com"),
        ("aws-cn", "cn-north-1", "dynamodb.cn-north-1.amazonaws.com.cn"),
        ("aws-eusc", "eusc-de-east-1", "dynamodb.eusc-de-east-1.amazonaws.eu"),
        ("aws-us-gov", "us-gov-west-1", "dynamodb.us-gov-west-1.amazonaws.com"),
    ],
)
def test_key_is_used_via_the_host_of_the_partition(partition: str, region: str, host: str) -> None:
    key = KEY.replace("aws-cn", partition).replace("cn-north-1", region)

    recording = record(
        lambda: OutboxWorker(
            "worker",
            {**TABLES, "outbox_queue_arn": "q", "user_pool_arn": "p", "platform": "host", "kms_key_arn": key},  # type: ignore[typeddict-item]
        )
    )

    statements = recording.resource("worker-worker-policy").document("policy")["Statement"]
    conditions = [item["Condition"] for item in statements if item["Sid"] == "UseKeyViaDynamodb"]
    assert conditions == [{"StringEquals": {"kms:ViaService": [host]}}]


def encrypts_with(resource: Resource, key: str) -> bool:
    """Return whether a resource other than a policy names a key."""
    return not resource.type.endswith("RolePolicy") and key in str(resource.inputs)


def test_a_state_machine_without_a_key_says_so(stack: Recording) -> None:
    """Without the block, the provider would keep a key that was removed."""
    machine = stack.resource("app-migration-state-machine").inputs

    assert machine["encryptionConfiguration"] == {"type": "AWS_OWNED_KEY"}
