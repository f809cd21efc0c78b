"""The table of codes: one item for each phone number. Each method makes one call.

Each write has a condition, so that two sign-ins at once, a repeated call and a parallel guess do no harm.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from userprofiles.phone_sign_in.claim import CodeState, expiration
from userprofiles.phone_sign_in.code_errors import unavailable_codes
from userprofiles.phone_sign_in.code_settings import CodeLimits
from userprofiles.table.attribute_value import deserialize_item, serialize_item

_SORT_KEY = "OTP#MAIN"

_CLAIM = (
    "SET claimId = :claimId, codeMac = :codeMac, claimedAt = :now, expiresAt = :expiresAt, tries = :zero, "
    "hourStart = :hourStart, hourSends = :hourSends, dayStart = :dayStart, daySends = :daySends, "
    "expiration = :expiration, failures = {failures} REMOVE usedAt, usedBy, approvedUntil"
)
_NO_CLAIM = "attribute_not_exists(claimId)"
_CLAIM_IS_UNCHANGED = "claimId = :previous"
_NOT_APPROVED = "(attribute_not_exists(approvedUntil) OR approvedUntil <= :now OR attribute_exists(usedAt))"
_NO_NEW_FAILURE = "lastFailureAt = :lastFailureAt"

_SAME_CLAIM = "claimId = :claimId"
_TRIES_LEFT = "tries < :triesPerCode"
_UNUSED = "attribute_not_exists(usedAt)"
_VALID = "expiresAt > :now"
_VALID_OR_APPROVED = "(expiresAt > :now OR approvedUntil > :now)"
_UNLOCKED = "(failures < :failuresBeforeLock OR lastFailureAt <= :lockStart)"


class CodeStore:
    """The table of codes.

    Args:
        client: A botocore client of DynamoDB.
        table: Name of the table of codes.
        limits: Limits of codes.
    """

    def __init__(self, client: Any, table: str, limits: CodeLimits) -> None:
        self._client = client
        self._table = table
        self._limits = limits

    def read(self, key: str) -> CodeState:
        """Read the item of a phone number, strongly consistent.

        Raises:
            CodesUnavailableError: DynamoDB did not answer.
        """
        with unavailable_codes():
            response = self._client.get_item(TableName=self._table, Key=_item_key(key), ConsistentRead=True)
        return CodeState.from_item(deserialize_item(response.get("Item") or {}))

    def claim(self, key: str, previous: CodeState, new: CodeState) -> CodeState:
        """Write a new claim, except if another call has written or approved one since the read.

        Args:
            key: Key of the item.
            previous: The item as it was read.
            new: The item with the new claim.

        Returns:
            The state with the claim that counts: the new one, or that of the other call. If botocore has
            repeated this call because the first answer was lost, it is the new one.

        Raises:
            CodesUnavailableError: Nothing was written, or the result is unknown.
        """
        values = {
            ":claimId": new.claim_id,
            ":codeMac": new.code_mac,
            ":now": new.claimed_at,
            ":expiresAt": new.expires_at,
            ":hourStart": new.hour_start,
            ":hourSends": new.hour_sends,
            ":dayStart": new.day_start,
            ":daySends": new.day_sends,
            ":expiration": expiration(new.claimed_at, self._limits),
            ":zero": 0,
        }
        conditions = [_NO_CLAIM]
        if previous.claim_id:
            conditions = [_CLAIM_IS_UNCHANGED, _NOT_APPROVED]
            values[":previous"] = previous.claim_id
        failures = "if_not_exists(failures, :zero)"
        if previous.failures > new.failures:
            failures = ":zero"
            conditions.append(_NO_NEW_FAILURE)
            values[":lastFailureAt"] = previous.last_failure_at
        result = self._update(key, _CLAIM.format(failures=failures), conditions, values)
        return new if result.is_written else CodeState.from_item(result.item)

    def use(self, key: str, claim_id: str, use_id: str, now: int) -> bool:
        """Mark the code of a claim as used, after a right answer. The failures are forgotten.

        Args:
            key: Key of the item.
            claim_id: ID of the claim.
            use_id: A new random ID. It shows whether a repeated call of botocore has marked the code.
            now: The current time.

        Returns:
            False if the code is no longer valid. Nothing was written then.

        Raises:
            CodesUnavailableError: The result is unknown.
        """
        result = self._update(
            key,
            "SET usedAt = :now, usedBy = :useId, failures = :zero",
            [_SAME_CLAIM, _UNUSED, _TRIES_LEFT, _VALID_OR_APPROVED, _UNLOCKED],
            {":useId": use_id, ":zero": 0, **self._values(claim_id, now)},
        )
        return result.is_written or result.item.get("usedBy") == use_id

    def approve(self, key: str, claim_id: str, now: int) -> bool:
        """Extend the validity of a claim after a right answer, for the sign-in that follows at once.

        A second approval is allowed, so that a failed sign-in can be repeated. The code is used only once.

        Returns:
            False if the code is no longer valid. Nothing was written then.

        Raises:
            CodesUnavailableError: The result is unknown.
        """
        until = now + self._limits.approval_seconds
        result = self._update(
            key,
            "SET approvedUntil = :approvedUntil",
            [_SAME_CLAIM, _UNUSED, _TRIES_LEFT, _VALID, _UNLOCKED],
            {":approvedUntil": until, **self._values(claim_id, now)},
        )
        return result.is_written

    def count_failure(self, key: str, claim_id: str, now: int) -> int:
        """Count a wrong answer, except without tries left or during a lock: a right one is not accepted then.

        Returns:
            The wrong answers for this phone number in all sessions; 0 if the answer was not counted.

        Raises:
            CodesUnavailableError: The result is unknown.
        """
        result = self._update(
            key,
            "SET lastFailureAt = :now ADD tries :one, failures :one",
            [_SAME_CLAIM, _TRIES_LEFT, _UNLOCKED],
            {":one": 1, **self._values(claim_id, now)},
        )
        return int(result.item["failures"]) if result.is_written else 0

    def _values(self, claim_id: str, now: int) -> dict[str, Any]:
        return {
            ":claimId": claim_id,
            ":now": now,
            ":triesPerCode": self._limits.tries_per_code,
            ":failuresBeforeLock": self._limits.failures_before_lock,
            ":lockStart": now - self._limits.lock_seconds,
        }

    def _update(
        self, key: str, update: str, conditions: Sequence[str], values: Mapping[str, Any]
    ) -> "_UpdateResult":
        with unavailable_codes():
            try:
                response = self._client.update_item(
                    TableName=self._table,
                    Key=_item_key(key),
                    UpdateExpression=update,
                    ConditionExpression=" AND ".join(conditions),
                    ExpressionAttributeValues=serialize_item(values),
                    ReturnValues="UPDATED_NEW",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except ClientError as error:
                if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                    raise
                return _UpdateResult(False, deserialize_item(error.response.get("Item") or {}))
        return _UpdateResult(True, deserialize_item(response.get("Attributes") or {}))


@dataclass(frozen=True)
class _UpdateResult:
    """Whether an item was written, and its new attributes; else the item that did not meet the conditions."""

    is_written: bool
    item: Mapping[str, Any]


def _item_key(key: str) -> dict[str, Any]:
    return serialize_item({"PK": key, "SK": _SORT_KEY})
