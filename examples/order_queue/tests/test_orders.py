"""The whole program on a local AWS: queue, function, bucket."""

import json
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def stack(deploy_stack):
    """Deploy the program once for all tests."""
    return deploy_stack(PROJECT, stack="dev")


@pytest.fixture(autouse=True)
def _empty_data(stack, reset):
    """Begin each test with empty queues and an empty bucket."""


@pytest.fixture
def send_order(stack, localaws):
    """Return a function that sends an order."""

    def send(**order):
        localaws.client("sqs").send_message(
            QueueUrl=stack.outputs["ordersUrl"], MessageBody=json.dumps(order)
        )

    return send


def test_order_becomes_a_receipt(stack, send_order, localaws, logs):
    send_order(id="a1", quantity=3, price=5)
    logs.wait_for("order-function", "receipt of order a1 written")

    receipt = localaws.client("s3").get_object(Bucket=stack.outputs["receiptsBucket"], Key="a1.json")

    assert json.load(receipt["Body"]) == {"order": "a1", "total": 15}


def test_order_without_a_quantity_is_rejected(stack, send_order, localaws, logs):
    send_order(id="a2", quantity=0, price=5)

    logs.wait_for("order-function", "order a2 has the quantity 0")
    response = localaws.client("sqs").receive_message(
        QueueUrl=stack.outputs["rejectedUrl"], WaitTimeSeconds=20
    )

    assert json.loads(response["Messages"][0]["Body"])["id"] == "a2"


def test_each_test_begins_with_an_empty_bucket(stack, localaws):
    response = localaws.client("s3").list_objects_v2(Bucket=stack.outputs["receiptsBucket"])

    assert response["KeyCount"] == 0
