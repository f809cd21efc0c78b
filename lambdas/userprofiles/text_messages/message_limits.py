"""Limits of messages per number range and per country, against SMS pumping.

Pumping sends codes to many numbers of one range, whose owner earns from each message. The counters are items
of an hour. The counter of a large limit has several shards, because a single item takes 1,000 writes per
second (Amazon DynamoDB Developer Guide, "Best practices for designing and using partition keys effectively").
A message takes any shard with room, so the limit is exact.

A number range is a number without its last four digits, as plain text: it belongs to 10,000 numbers.
"""

import random
from dataclasses import dataclass
from typing import Any

from botocore import exceptions as boto

from userprofiles.telemetry import error_code

_CONDITION_FAILED = "ConditionalCheckFailedException"
_HOUR = 3_600
_RANGE_DIGITS = 4
_MAX_SHARDS = 8
_SHARD_SIZE = 100


@dataclass(frozen=True)
class HourlyLimits:
    """Messages in an hour.

    Attributes:
        range_messages: To numbers that differ in their last four digits only.
        country_messages: To one country.
    """

    range_messages: int
    country_messages: int


class MessageLimits:
    """The counters in the table of codes.

    Args:
        client: A botocore client of DynamoDB.
        table: The table of codes.
        limits: The limits.
    """

    def __init__(self, client: Any, table: str, limits: HourlyLimits) -> None:
        self._client = client
        self._table = table
        self._limits = limits

    def count(self, phone: str, country: str, now: int) -> str | None:
        """Count a message, and return the name of the limit that it exceeds, or None.

        The range is counted first, so that messages to a blocked range do not use up the country's limit.

        Raises:
            botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: DynamoDB failed.
        """
        if not self._add(f"PREFIX#{phone[:-_RANGE_DIGITS]}", self._limits.range_messages, now):
            return "range"
        if not self._add(f"COUNTRY#{country}", self._limits.country_messages, now):
            return "country"
        return None

    def _add(self, counter: str, limit: int, now: int) -> bool:
        """Add 1 to a shard that has room; return False if none has."""
        shard_limits = split_limit(limit)
        shards = random.sample(range(len(shard_limits)), len(shard_limits))
        return any(self._add_to_shard(counter, shard, shard_limits[shard], now) for shard in shards)

    def _add_to_shard(self, counter: str, shard: int, limit: int, now: int) -> bool:
        hour = now // _HOUR
        try:
            self._client.update_item(
                TableName=self._table,
                Key={"PK": {"S": f"{counter}#{hour}#{shard}"}, "SK": {"S": "COUNT"}},
                UpdateExpression="SET expiration = :expiration ADD messages :one",
                ConditionExpression="attribute_not_exists(PK) OR messages < :limit",
                ExpressionAttributeValues={
                    ":expiration": {"N": str((hour + 2) * _HOUR)},
                    ":one": {"N": "1"},
                    ":limit": {"N": str(limit)},
                },
            )
        except boto.ClientError as error:
            if error_code(error) == _CONDITION_FAILED:
                return False
            raise
        return True


def split_limit(limit: int) -> list[int]:
    """Return the limits of the shards, whose sum is the limit."""
    count = min(_MAX_SHARDS, max(1, limit // _SHARD_SIZE))
    return [limit // count + (shard < limit % count) for shard in range(count)]
