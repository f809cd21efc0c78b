"""Sends a welcome mail to a new user, once for each event.

A message can arrive more than once. The table of sent mails has one item for each event ID, and nothing about
the user.
"""

import json
import logging
import os
import time
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

CLAIM_SECONDS = 60
"""An attempt that takes longer has been ended by Lambda: the function's time-out is 30 seconds."""

KEEP_SECONDS = 30 * 24 * 60 * 60
"""Longer than the stream, the queue and its dead-letter queue keep an event: 1, 4 and 14 days."""

# Three attempts fit into the function's time-out.
CONFIG = Config(connect_timeout=1, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})
COGNITO = boto3.client("cognito-idp", config=CONFIG)
DYNAMODB = boto3.client("dynamodb", config=CONFIG)
SES = boto3.client("sesv2", config=CONFIG)

LOG = logging.getLogger("welcome_mail")
LOG.setLevel(logging.INFO)


class ClaimedElsewhereError(Exception):
    """Another invocation is sending this mail, or has just failed to. SQS delivers the message again."""


def handler(event: Any, context: Any) -> None:  # noqa: ARG001  (Lambda passes it)
    """Process the messages of a batch. After an error, SQS delivers the batch again, five times at most."""
    for message in event["Records"]:
        new_user = json.loads(message["body"])
        outcome = welcome(new_user["eventId"], new_user["sub"])
        LOG.info("event %s of user %s: %s", new_user["eventId"], new_user["sub"], outcome)


def welcome(event_id: str, sub: str) -> str:
    """Send the mail unless it has been sent; return what was done."""
    address = find_address(sub)
    if address is None:
        return "the user has no verified address, or does not exist any more"
    if not claim(event_id):
        return "the mail has been sent before"
    SES.send_email(
        FromEmailAddress=os.environ["SENDER"],
        Destination={"ToAddresses": [address]},
        Content={
            "Simple": {
                "Subject": {"Data": "Welcome"},
                "Body": {"Text": {"Data": "Thank you for signing up. We are glad that you are here."}},
            }
        },
    )
    mark_as_sent(event_id)
    return "mail sent"


def find_address(sub: str) -> str | None:
    """Return the verified email address of a user; None if there is none."""
    try:
        user = COGNITO.admin_get_user(UserPoolId=os.environ["USER_POOL_ID"], Username=sub)
    except ClientError as error:
        if error.response["Error"]["Code"] != "UserNotFoundException":
            raise
        return None
    attributes = {attribute["Name"]: attribute["Value"] for attribute in user["UserAttributes"]}
    is_verified = attributes.get("email_verified") == "true"
    return attributes.get("email") if user["Enabled"] and is_verified else None


def claim(event_id: str) -> bool:
    """Reserve an event for this invocation; return whether its mail must still be sent.

    Raises:
        ClaimedElsewhereError: Another invocation has reserved the event less than a minute ago.
    """
    now = int(time.time())
    try:
        DYNAMODB.put_item(
            TableName=os.environ["SENT_MAILS_TABLE"],
            Item={
                "eventId": {"S": event_id},
                "claimedAt": {"N": str(now)},
                "expiresAt": {"N": str(now + KEEP_SECONDS)},
            },
            ConditionExpression="attribute_not_exists(eventId) "
            "OR (attribute_not_exists(sentAt) AND claimedAt < :expired)",
            ExpressionAttributeValues={":expired": {"N": str(now - CLAIM_SECONDS)}},
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        if "sentAt" in error.response["Item"]:
            return False
        raise ClaimedElsewhereError(event_id) from None
    return True


def mark_as_sent(event_id: str) -> None:
    """Record that the mail of an event was sent, so that it is never sent again."""
    DYNAMODB.update_item(
        TableName=os.environ["SENT_MAILS_TABLE"],
        Key={"eventId": {"S": event_id}},
        UpdateExpression="SET sentAt = :now",
        ExpressionAttributeValues={":now": {"N": str(int(time.time()))}},
    )
