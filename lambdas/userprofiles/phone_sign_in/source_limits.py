"""Limits for each source address. Cognito and WAF see only the address of the function there."""

import ipaddress
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from userprofiles import settings
from userprofiles.phone_sign_in.code_errors import unavailable_codes
from userprofiles.phone_sign_in.mac_key import MacKey
from userprofiles.table.attribute_value import serialize_item

_HOUR = 3600
_IPV6_PREFIX = 64
"""A subscriber usually has a whole /64 (RFC 6177), so its addresses count as one source."""
_UNKNOWN = "unknown"


@dataclass(frozen=True)
class RequestLimits:
    """Requests of one source address in an hour.

    Attributes:
        registers: Requests for a code.
        verifies: Checks of a code.
    """

    registers: int = 20
    verifies: int = 60

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "RequestLimits":
        """Read REGISTERS_PER_HOUR and VERIFIES_PER_HOUR from a function's environment.

        Raises:
            userprofiles.settings.SettingsError: A variable is wrong.
        """
        return cls(
            settings.whole_number(environment, "REGISTERS_PER_HOUR", cls.registers, least=1, most=100_000),
            settings.whole_number(environment, "VERIFIES_PER_HOUR", cls.verifies, least=1, most=100_000),
        )


class SourceLimitedError(Exception):
    """A source address has reached its limit.

    Args:
        retry_after: Seconds until it can send the next request.
    """

    def __init__(self, retry_after: int) -> None:
        super().__init__(str(retry_after))
        self.retry_after = retry_after


class SourceLimits:
    """Counts the requests of source addresses in the table of codes. It stores a MAC, not the address.

    Args:
        mac_key: Computes MACs.
        client: A botocore client of DynamoDB.
        table: Name of the table of codes.
        clock: Returns the current time in epoch seconds.
    """

    def __init__(
        self, mac_key: MacKey, client: Any, table: str, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._mac_key = mac_key
        self._client = client
        self._table = table
        self._clock = clock

    def count(self, operation: str, address: str, limit: int) -> None:
        """Count a request.

        Args:
            operation: What is limited, such as `REGISTER`.
            address: The source address.
            limit: Requests in an hour.

        Raises:
            SourceLimitedError: The limit is reached.
            CodesUnavailableError: KMS or the table did not answer.
        """
        now = int(self._clock())
        hour = now // _HOUR
        key = {
            "PK": f"SOURCE#{self._mac_key.compute('source', to_source(address))}",
            "SK": f"{operation}#{hour}",
        }
        values = {":one": 1, ":limit": limit, ":expiration": (hour + 2) * _HOUR}
        with unavailable_codes():
            try:
                self._client.update_item(
                    TableName=self._table,
                    Key=serialize_item(key),
                    UpdateExpression="SET expiration = :expiration ADD requests :one",
                    ConditionExpression="attribute_not_exists(requests) OR requests < :limit",
                    ExpressionAttributeValues=serialize_item(values),
                )
            except ClientError as error:
                if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                    raise
                raise SourceLimitedError((hour + 1) * _HOUR - now) from None


def read_address(event: Mapping[str, Any]) -> str:
    """Return the source address of a request, as API Gateway saw it.

    The header X-Forwarded-For is not used: callers can write it.
    """
    address = event["requestContext"]["http"].get("sourceIp")
    return address if isinstance(address, str) else ""


def to_source(address: str) -> str:
    """Return what is counted for an address: an IPv4 address, or the /64 of an IPv6 address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return _UNKNOWN
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((int(parsed), _IPV6_PREFIX), strict=False))
