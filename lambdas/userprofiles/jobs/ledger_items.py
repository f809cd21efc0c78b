"""The items of a ledger table, and the parameters of the calls that write them."""

import base64
import json
import secrets
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from userprofiles.jobs.ledger import Lease, check_run_id
from userprofiles.table.attribute_value import item_size, serialize_item

RUNS = "RUNS"
RUN_PREFIX = "RUN#"
UNIT_PREFIX = "UNIT#"
KEYS_PREFIX = "KEYS#"
PART_PREFIX = "PART#"
_SORT_KEYS = frozenset({"RUN", "LEASE", "UNIT", "KEYS", "PART", "RATE"})
JSON_FIELDS = ("job", "counts")
"""Fields of a record that are stored as compressed JSON."""

Action = dict[str, dict[str, Any]]
"""One action of a transaction."""

_KEYS_BYTES = 200_000  # DynamoDB's limit for an item is 400 KB
_TRANSACTION_BYTES = 3_000_000  # DynamoDB's limit is 4 MB and 100 items
_TRANSACTION_ITEMS = 90


def run_key(run_id: str) -> dict[str, str]:
    """Return the key of a run's record.

    Raises:
        RunNotFoundError: No run can have this ID.
    """
    return {"PK": f"{RUN_PREFIX}{check_run_id(run_id)}", "SK": "RUN"}


def is_ledger_key(partition_key: str, sort_key: str) -> bool:
    """Return whether a key is one of a ledger's items. A user's ID may begin with ``RUN#``, too."""
    if partition_key == RUNS:
        return True
    return partition_key.startswith(RUN_PREFIX) and sort_key.partition("#")[0] in _SORT_KEYS


def unit_key(run_id: str, unit: int) -> dict[str, str]:
    """Return the key of a unit."""
    return {"PK": run_key(run_id)["PK"], "SK": f"{UNIT_PREFIX}{unit:06d}"}


def lease_key(run_id: str, unit: int | None = None) -> dict[str, str]:
    """Return the key of the item that has the lease of a run or a unit.

    The lease of a run is an item of its own, because each save writes it, and the record is larger.
    """
    return {"PK": run_key(run_id)["PK"], "SK": "LEASE"} if unit is None else unit_key(run_id, unit)


def keys_item(lease: Lease, keys: Sequence[str]) -> dict[str, Any]:
    """Return an item with keys that a run created. Each call has another sort key."""
    sort_key = f"{KEYS_PREFIX}{lease.unit or 0:06d}#{secrets.token_hex(8)}"
    return {"PK": run_key(lease.run_id)["PK"], "SK": sort_key, "keys": compress(keys)}


def compress(document: Any) -> bytes:
    """Return a JSON document as compressed bytes: each KB of an item costs a write unit."""
    return zlib.compress(json.dumps(document, separators=(",", ":")).encode())


def decompress(attribute: Mapping[str, Any]) -> Any:
    """Return the document of an attribute that `compress` wrote, or that an older version wrote as text.

    A client of `userprofiles.backfill.tables.plain_json` returns bytes as base64 text.

    Raises:
        ValueError, TypeError, KeyError, AttributeError, RecursionError: The attribute is damaged.
    """
    if "S" in attribute:
        return json.loads(attribute["S"])
    data = attribute["B"]
    try:
        return json.loads(zlib.decompress(base64.b64decode(data) if isinstance(data, str) else data))
    except zlib.error as error:
        raise ValueError(str(error)) from error


def record_values(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields of a record as attributes: objects as compressed JSON, without empty ones."""
    values = {name: compress(fields[name]) for name in JSON_FIELDS if name in fields}
    return {name: value for name, value in {**fields, **values}.items() if value is not None}


def put(item: Mapping[str, Any], *, is_new: bool = False) -> Action:
    """Return the action that writes an item; with `is_new`, only if there is none."""
    condition = {"ConditionExpression": "attribute_not_exists(PK)"} if is_new else {}
    return {"Put": {"Item": serialize_item(item), **condition}}


def update(
    key: Mapping[str, str],
    changes: Mapping[str, Any],
    condition: Mapping[str, Any] | None,
    remove: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the parameters of an update.

    Args:
        key: The key of the item.
        changes: The new values.
        condition: The values that the item must have; None if it must not exist.
        remove: Attributes to remove.
    """
    names = [*changes, *(condition or {}), *remove]
    values = {f":{name}": value for name, value in changes.items()}
    values |= {f":old_{name}": value for name, value in (condition or {}).items()}
    expression = "SET " + ", ".join(f"#{name} = :{name}" for name in changes)
    expression += " REMOVE " + ", ".join(f"#{name}" for name in remove) if remove else ""
    clauses = ["attribute_exists(PK)" if condition is not None else "attribute_not_exists(PK)"]
    clauses += [f"#{name} = :old_{name}" for name in condition or {}]
    return {
        "Key": serialize_item(key),
        "UpdateExpression": expression,
        "ConditionExpression": " AND ".join(clauses),
        "ExpressionAttributeNames": {f"#{name}": name for name in names},
        "ExpressionAttributeValues": serialize_item(values),
    }


def split_keys(keys: Sequence[str]) -> Iterator[list[str]]:
    """Yield parts of the keys, each small enough for an item."""
    part: list[str] = []
    size = 0
    for key in keys:
        part.append(key)
        size += len(json.dumps(key)) + 2
        if size >= _KEYS_BYTES:
            yield part
            part, size = [], 0
    if part:
        yield part


def _size(action: Action) -> int:
    """Return the bytes of an action's values."""
    [parameters] = action.values()
    values: Mapping[str, Any] = parameters.get("Item") or parameters["ExpressionAttributeValues"]
    return item_size(values)


def split_actions(actions: Sequence[Action]) -> Iterator[list[Action]]:
    """Yield groups of actions, each small enough for a transaction with one more action."""
    group: list[Action] = []
    size = 0
    for action in actions:
        action_bytes = _size(action)
        if group and (size + action_bytes > _TRANSACTION_BYTES or len(group) == _TRANSACTION_ITEMS):
            yield group
            group, size = [], 0
        group.append(action)
        size += action_bytes
    if group:
        yield group
