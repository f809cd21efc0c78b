"""Describes a table: what identifies it, its capacity, its backups, and what else happens with its items."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore import exceptions as boto

from userprofiles.backfill.error_messages import TableLocation, error_code, error_message, translate_error
from userprofiles.backfill.errors import BackfillFailedError, ErrorKind
from userprofiles.table import record

_DENIED = frozenset({"AccessDeniedException", "AccessDenied", "UnauthorizedOperation"})
_PROVISIONED = "PROVISIONED"


@dataclass(frozen=True)
class TableDescription:
    """A table, as a plan describes it.

    Attributes:
        arn: The ARN.
        created_at: The time of its creation: a table that was deleted and created again has another one.
        key_schema: The names of its keys, with their type and role, such as ``PK S HASH``.
        is_provisioned: Whether the table has provisioned capacity.
        write_capacity: The provisioned write units, or the configured maximum; None without a limit.
        size_bytes: The size, up to six hours old.
        item_count: The number of items, up to six hours old.
        stream: Whether a stream is enabled.
        replicas: The regions of its replicas.
        indexes: The names of its global and local indexes.
        ttl_attribute: The attribute of the time to live; empty if it is off, None if it can't be read.
        pitr: Whether point-in-time recovery is on; None if it can't be read.
    """

    arn: str
    created_at: str
    key_schema: tuple[str, ...]
    is_provisioned: bool
    write_capacity: int | None
    size_bytes: int
    item_count: int
    stream: bool
    replicas: tuple[str, ...]
    indexes: tuple[str, ...]
    ttl_attribute: str | None
    pitr: bool | None

    @property
    def region(self) -> str:
        """The region of the ARN."""
        parts = self.arn.split(":")
        return parts[3] if len(parts) > 3 else ""  # noqa: PLR2004 - arn:partition:service:region:…

    def to_json(self) -> dict[str, Any]:
        """Return the description as a plan stores it."""
        return {
            "arn": self.arn,
            "region": self.region,
            "createdAt": self.created_at,
            "keySchema": list(self.key_schema),
            "billing": _PROVISIONED if self.is_provisioned else "PAY_PER_REQUEST",
            "writeCapacity": self.write_capacity,
            "sizeBytes": self.size_bytes,
            "itemCount": self.item_count,
            "stream": self.stream,
            "replicas": list(self.replicas),
            "indexes": list(self.indexes),
            "ttlAttribute": self.ttl_attribute,
            "pointInTimeRecovery": self.pitr,
        }


def describe_table(client: Any, location: TableLocation) -> TableDescription:
    """Describe a table.

    Args:
        client: A botocore DynamoDB client.
        location: The table.

    Raises:
        BackfillFailedError: The table can't be described, for example without dynamodb:DescribeTable.
    """
    table = call_table(client, "DescribeTable", location, TableName=location.table)["Table"]
    throughput = table.get("ProvisionedThroughput", {})
    maximum = table.get("OnDemandThroughput", {}).get("MaxWriteRequestUnits", -1)
    billing = table.get("BillingModeSummary", {}).get("BillingMode", _PROVISIONED)
    capacity = int(throughput.get("WriteCapacityUnits", 0) if billing == _PROVISIONED else maximum)
    indexes = [*table.get("GlobalSecondaryIndexes", ()), *table.get("LocalSecondaryIndexes", ())]
    return TableDescription(
        arn=table["TableArn"],
        created_at=_timestamp(table.get("CreationDateTime")),
        key_schema=_key_schema(table),
        is_provisioned=billing == _PROVISIONED,
        write_capacity=capacity if capacity > 0 else None,
        size_bytes=int(table.get("TableSizeBytes", 0)),
        item_count=int(table.get("ItemCount", 0)),
        stream=bool(table.get("StreamSpecification", {}).get("StreamEnabled")),
        replicas=tuple(sorted(replica.get("RegionName", "") for replica in table.get("Replicas", ()))),
        indexes=tuple(sorted(index["IndexName"] for index in indexes)),
        ttl_attribute=_read_ttl(client, location),
        pitr=read_pitr(client, location),
    )


def check_keys(table: TableDescription, location: TableLocation) -> None:
    """Check that the keys of a table are the strings PK and SK.

    Raises:
        BackfillFailedError: The table has other keys.
    """
    expected = ("PK S HASH", "SK S RANGE")
    if table.key_schema != expected:
        raise BackfillFailedError(
            ErrorKind.TABLE,
            f"Table {location.table!r} has the keys {', '.join(table.key_schema)}. The backfill writes only "
            f"to tables with the keys {', '.join(expected)}.\nCheck the table's name.",
        )


def read_pitr(client: Any, location: TableLocation) -> bool | None:
    """Return whether point-in-time recovery is on; None without dynamodb:DescribeContinuousBackups."""
    response = _call_optional(client, "DescribeContinuousBackups", location)
    if response is None:
        return None
    backups = response.get("ContinuousBackupsDescription", {})
    status = backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus")
    return bool(status == "ENABLED")


def _read_ttl(client: Any, location: TableLocation) -> str | None:
    response = _call_optional(client, "DescribeTimeToLive", location)
    if response is None:
        return None
    ttl = response.get("TimeToLiveDescription", {})
    return str(ttl.get("AttributeName", "")) if ttl.get("TimeToLiveStatus") == "ENABLED" else ""


def call_table(client: Any, operation: str, location: TableLocation, **parameters: Any) -> dict[str, Any]:
    """Call an operation that reads or backs up a table.

    Raises:
        BackfillFailedError: The call failed. Without a permission, the message names the action.
    """
    try:
        response: dict[str, Any] = getattr(client, _METHODS[operation])(**parameters)
    except boto.ClientError as error:
        if error_code(error) in _DENIED:
            raise BackfillFailedError(
                ErrorKind.RIGHTS,
                f"Access Denied (dynamodb:{operation} on table {location.table!r}): {error_message(error)}\n"
                f"Allow the IAM user or role the action dynamodb:{operation} on the table.",
            ) from error
        raise translate_error(error, location) from error
    except boto.BotoCoreError as error:
        raise translate_error(error, location) from error
    return response


def _call_optional(client: Any, operation: str, location: TableLocation) -> dict[str, Any] | None:
    """Call an operation whose permission is optional; return None without it."""
    try:
        return call_table(client, operation, location, TableName=location.table)
    except BackfillFailedError as error:
        if error.kind is ErrorKind.RIGHTS:
            return None
        raise


def _key_schema(table: Mapping[str, Any]) -> tuple[str, ...]:
    types = {part["AttributeName"]: part["AttributeType"] for part in table.get("AttributeDefinitions", ())}
    return tuple(
        f"{part['AttributeName']} {types.get(part['AttributeName'], '?')} {part['KeyType']}"
        for part in table.get("KeySchema", ())
    )


def _timestamp(value: Any) -> str:
    """Return the time of DynamoDB's response with milliseconds, so that two tables have two times."""
    return record.timestamp(value.astimezone(UTC), "milliseconds") if isinstance(value, datetime) else ""


_METHODS = {
    "CreateBackup": "create_backup",
    "DescribeBackup": "describe_backup",
    "DescribeContinuousBackups": "describe_continuous_backups",
    "DescribeTable": "describe_table",
    "DescribeTimeToLive": "describe_time_to_live",
}
