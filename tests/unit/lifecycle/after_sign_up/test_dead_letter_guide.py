"""docs/after-sign-up.md: the program that sends dead letters again."""

import json
import re
from pathlib import Path
from typing import Any

import boto3
from moto import mock_aws

GUIDE = Path(__file__).parents[4] / "docs" / "after-sign-up.md"


def receive_all(sqs: Any, url: str) -> list[dict[str, Any]]:
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0).get(
        "Messages", []
    )
    return [json.loads(message["Body"]) for message in messages]


def test_program_sends_events_again_and_keeps_other_messages() -> None:
    [program] = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    event = {"eventId": "1", "sub": "a", "createdBy": "sign_up", "target": "crm"}
    discarded = {"DDBStreamBatchInfo": {"startSequenceNumber": "1"}}

    with mock_aws():
        sqs = boto3.client("sqs")
        dead_letters, crm = (sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("dead-letters", "crm"))
        for body in (event, discarded):
            sqs.send_message(QueueUrl=dead_letters, MessageBody=json.dumps(body))
        program = re.sub(r'"https://\S+dead-letters\S+"', repr(dead_letters), program)
        program = re.sub(r'"https://\S+crm-queue\S+"', repr(crm), program)
        exec(compile(program, str(GUIDE), "exec"), {})
        sqs.set_queue_attributes(QueueUrl=dead_letters, Attributes={"VisibilityTimeout": "0"})

        assert receive_all(sqs, crm) == [event]
        attributes = sqs.get_queue_attributes(QueueUrl=dead_letters, AttributeNames=["All"])["Attributes"]

    counts = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    assert sum(int(attributes[name]) for name in counts) == 1
