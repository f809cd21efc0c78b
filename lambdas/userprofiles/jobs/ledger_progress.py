"""The progress of units in a ledger table. A large progress has an item of its own.

The condition on the lease is checked in a transaction, which costs two write units for each KB. So a large
progress is written first, without a transaction, and then the unit refers to it. A process that has lost its
lease writes only to its own item. If the unit still refers to that item, it has valid progress.
"""

from collections.abc import Mapping
from typing import Any

from userprofiles.jobs.ledger import Lease
from userprofiles.jobs.ledger_items import PART_PREFIX, Action, compress, decompress, run_key, unit_key
from userprofiles.jobs.ledger_table import Item, LedgerTable
from userprofiles.table.attribute_value import serialize_item

_INLINE_BYTES = 800  # with the other attributes of the item, less than 1 KB


class LedgerProgress:
    """Stores the progress of units.

    Args:
        table: The calls on the ledger table.
    """

    def __init__(self, table: LedgerTable) -> None:
        self._table = table

    def store(self, lease: Lease, unit: int, progress: Mapping[str, Any]) -> bytes | str:
        """Return the value of the unit's attribute `progress`: the progress, or the sort key of its item.

        Args:
            lease: The lease of the run or of the unit. Each lease has another item.
            unit: The number of the unit.
            progress: The progress.

        Raises:
            LedgerError: The item can't be written.
        """
        data = compress(progress)
        if len(data) <= _INLINE_BYTES:
            return data
        owner = "run" if lease.unit is None else "unit"
        sort_key = f"{PART_PREFIX}{unit:06d}#{owner}{lease.token}"
        self._table.put({**run_key(lease.run_id), "SK": sort_key, "progress": data})
        return sort_key

    def read(self, item: Item) -> dict[str, Any]:
        """Return the progress of a unit; an empty object if it has none.

        Raises:
            ValueError, TypeError, KeyError, AttributeError, RecursionError: The item is damaged.
            LedgerError: The ledger can't be read.
        """
        if "progress" not in item:
            return {}
        attribute = item["progress"]
        if attribute.get("S", "").startswith(PART_PREFIX):
            part = self._table.get({"PK": item["PK"]["S"], "SK": attribute["S"]})
            if part is None:
                raise ValueError(f"the item {attribute['S']} is missing")
            attribute = part["progress"]
        progress = decompress(attribute)
        if not isinstance(progress, dict):
            raise TypeError("not an object")
        return progress


def save_unit(run_id: str, unit: int, progress: bytes | str) -> Action:
    """Return the action with which a process that has the lease of the run saves a unit.

    The token of the unit grows, so that a worker that has an older lease of the unit can write nothing more.
    """
    return {
        "Update": {
            "Key": serialize_item(unit_key(run_id, unit)),
            "UpdateExpression": "SET #progress = :progress, #until = :until ADD #token :one",
            "ExpressionAttributeNames": {"#progress": "progress", "#until": "until", "#token": "token"},
            "ExpressionAttributeValues": serialize_item({":progress": progress, ":until": 0.0, ":one": 1}),
        }
    }
