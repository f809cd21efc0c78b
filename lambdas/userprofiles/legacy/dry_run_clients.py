"""Clients of AWS for a rollback that must not change anything: reads are real, writes are only remembered.

So a dry run is done by the code of a rollback, and its decisions are the same.
"""

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from userprofiles.jobs.key_hashes import KeyHashes


class DryRunTable:
    """A client of DynamoDB that hides deleted items instead of deleting them.

    It has the operations of a rollback only. Its methods may be called by any thread.

    Args:
        client: A botocore client of DynamoDB.
    """

    def __init__(self, client: Any) -> None:
        self.meta = client.meta
        self._client = client
        self._deleted = KeyHashes()
        self._lock = threading.Lock()

    def delete_item(self, **parameters: Any) -> dict[str, Any]:
        """Hide an item from the following reads."""
        with self._lock:
            self._deleted.add(_name(parameters["Key"]))
        return {}

    def put_item(self, **_parameters: Any) -> dict[str, Any]:
        """Ignore a change: no decision of a rollback depends on it."""
        return {}

    def get_item(self, **parameters: Any) -> dict[str, Any]:
        """Read an item that is not hidden."""
        response: dict[str, Any] = self._client.get_item(**parameters)
        is_visible = self._visible([parameters["Key"]])
        return {name: value for name, value in response.items() if name != "Item" or is_visible}

    def batch_get_item(self, **parameters: Any) -> dict[str, Any]:
        """Read items that are not hidden."""
        response: dict[str, Any] = self._client.batch_get_item(**parameters)
        tables: Mapping[str, Sequence[Any]] = response.get("Responses", {})
        return {**response, "Responses": {table: self._visible(items) for table, items in tables.items()}}

    def query(self, **parameters: Any) -> dict[str, Any]:
        """Read the items of a partition that are not hidden. They must have their sort keys."""
        response: dict[str, Any] = self._client.query(**parameters)
        partition = parameters["ExpressionAttributeValues"][":partition"]
        items = [{"PK": partition, **item} for item in response["Items"]]
        return {**response, "Items": self._visible(items)}

    def _visible(self, items: Sequence[Any]) -> list[Any]:
        with self._lock:
            return [item for item in items if _name(item) not in self._deleted]


class DryRunClient:
    """A client that ignores some operations.

    Args:
        client: A botocore client.
        ignored: The names of the methods.
    """

    def __init__(self, client: Any, *ignored: str) -> None:
        self._client = client
        self._ignored = ignored

    def __getattr__(self, name: str) -> Any:
        """Return a method."""
        return _ignore if name in self._ignored else getattr(self._client, name)


def dry_run_clients(dynamodb: Any, cognito: Any, s3: Any) -> tuple[DryRunTable, DryRunClient, DryRunClient]:
    """Return clients for the dry run of a rollback."""
    return (
        DryRunTable(dynamodb),
        DryRunClient(cognito, "admin_delete_user"),
        DryRunClient(s3, "delete_object"),
    )


def _ignore(**_parameters: Any) -> dict[str, Any]:
    return {}


def _name(key: Mapping[str, Any]) -> str:
    return f"{key['PK']['S']}\n{key['SK']['S']}"
