"""The function: each message of the queue is an order, and becomes a receipt."""

import json
import logging
import os
from typing import Any

import boto3

log = logging.getLogger()
log.setLevel(logging.INFO)
s3 = boto3.client("s3")


def handler(event: dict[str, Any], _: object) -> None:
    """Write a receipt for each order.

    Raises:
        ValueError: An order has no positive quantity. Its message goes to the dead-letter queue.
    """
    for record in event["Records"]:
        order = json.loads(record["body"])
        if order["quantity"] < 1:
            raise ValueError(f"order {order['id']} has the quantity {order['quantity']}")
        receipt = {"order": order["id"], "total": order["quantity"] * order["price"]}
        s3.put_object(Bucket=os.environ["RECEIPTS"], Key=f"{order['id']}.json", Body=json.dumps(receipt))
        log.info("receipt of order %s written", order["id"])
