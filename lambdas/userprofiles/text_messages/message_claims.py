"""Claims of messages: one worker sends a message, and only once.

A worker claims a message before it calls the service. Only an answer that rules out a sent message releases
the claim. So a worker that is killed leaves a claim behind, and its message is never sent. SQS can deliver a
message more than once (Amazon SQS Developer Guide, "At-least-once delivery"), and so can two workers at once.
"""

import secrets
from dataclasses import dataclass
from typing import Any

from botocore import exceptions as boto

from userprofiles.telemetry import error_code

_CONDITION_FAILED = "ConditionalCheckFailedException"
_KEEP_SECONDS = 3_600  # longer than the queue keeps a message
_SENDING, _RETRY = "SENDING", "RETRY"


class AlreadyClaimedError(Exception):
    """Another delivery of the message has claimed it."""


@dataclass(frozen=True)
class Claim:
    """A claimed message.

    Attributes:
        message_id: The message.
        owner: Random text of this delivery.
        is_counted: Whether an earlier delivery has already counted the message.
    """

    message_id: str
    owner: str
    is_counted: bool


class MessageClaims:
    """The claims in the table of codes.

    Args:
        client: A botocore client of DynamoDB.
        table: The table of codes.
    """

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def claim(self, message_id: str, now: int) -> Claim:
        """Claim a message.

        Raises:
            AlreadyClaimedError: Another delivery has claimed the message, or the service asked to wait.
            botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: DynamoDB failed.
        """
        owner = secrets.token_urlsafe(16)
        try:
            response = self._client.update_item(
                TableName=self._table,
                Key=_key(message_id),
                UpdateExpression="SET #state = :sending, #owner = :owner, claimedAt = :now, "
                "expiration = :expiration",
                ConditionExpression="attribute_not_exists(PK) OR (#state = :retry AND notBefore <= :now)",
                ExpressionAttributeNames={"#state": "state", "#owner": "owner"},
                ExpressionAttributeValues={
                    ":sending": {"S": _SENDING},
                    ":retry": {"S": _RETRY},
                    ":owner": {"S": owner},
                    ":now": {"N": str(now)},
                    ":expiration": {"N": str(now + _KEEP_SECONDS)},
                },
                ReturnValues="ALL_OLD",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except boto.ClientError as error:
            if error_code(error) != _CONDITION_FAILED:
                raise
            item: Any = error.response.get("Item") or {}
            if item.get("owner", {}).get("S") != owner:
                raise AlreadyClaimedError from None
            # botocore repeated a call whose response was lost.
            return Claim(message_id, owner, _is_counted(item))
        return Claim(message_id, owner, _is_counted(response.get("Attributes") or {}))

    def release(self, claim: Claim, *, not_before: int, is_counted: bool) -> None:
        """Let the next delivery send the message.

        Args:
            claim: The claim.
            not_before: The time from which a delivery may claim the message, in epoch seconds.
            is_counted: Whether the message is counted.

        Raises:
            botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: DynamoDB failed. The message
            may stay claimed, and is then never sent.
        """
        self._client.update_item(
            TableName=self._table,
            Key=_key(claim.message_id),
            UpdateExpression="SET #state = :retry, isCounted = :counted, notBefore = :notBefore",
            ConditionExpression="#owner = :owner",
            ExpressionAttributeNames={"#state": "state", "#owner": "owner"},
            ExpressionAttributeValues={
                ":retry": {"S": _RETRY},
                ":counted": {"BOOL": is_counted},
                ":notBefore": {"N": str(not_before)},
                ":owner": {"S": claim.owner},
            },
        )


def _key(message_id: str) -> dict[str, Any]:
    return {"PK": {"S": f"MESSAGE#{message_id}"}, "SK": {"S": "CLAIM"}}


def _is_counted(item: Any) -> bool:
    return bool(item.get("isCounted", {}).get("BOOL", False))
