"""The progress of one batch of inserts, and the statements of PartiQL that it sends."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from userprofiles.backfill.outcome import ProfileResult
from userprofiles.backfill.tables.key_reader import ItemKey, item_key
from userprofiles.table.attribute_value import AttributeValue

Item = Mapping[str, AttributeValue]


class InsertBatch:
    """The progress of one batch of inserts.

    Args:
        items: The items.
        repeated: Whether an earlier attempt may have inserted some of them.

    Attributes:
        items: The items.
        results: The results of the finished items, by their position in `items`.
        duplicates: The positions of the items whose key already exists; the existing item is not read yet.
        pending: The positions of the items that must still be inserted.
        repeated: Whether an earlier attempt may have inserted some of them.
        server_errors: The messages of the server's failures to execute a statement, by position.
        last_problem: Why the last pending item was not inserted, for a message.
    """

    def __init__(self, items: Sequence[Item], *, repeated: bool = False) -> None:
        self.items = items
        self.repeated = repeated
        self.results: dict[int, ProfileResult] = {}
        self.duplicates: list[int] = []
        self.pending = list(range(len(items)))
        self.server_errors: dict[int, list[str]] = {}
        self.last_problem = ""

    def at(self, positions: Sequence[int]) -> list[Item]:
        """Return the items at these positions."""
        return [self.items[position] for position in positions]

    @property
    def has_success(self) -> bool:
        """Whether DynamoDB executed some of the statements, so that it is not down."""
        return bool(self.results or self.duplicates)

    def results_by_key(self) -> dict[ItemKey, ProfileResult]:
        """Return the results of the finished items by key."""
        return {item_key(self.items[n]): result for n, result in self.results.items()}


def insert_statement(table: str, item: Item) -> dict[str, Any]:
    """Return a PartiQL INSERT, the only batch statement that never changes an existing item.

    (BatchWriteItem has no conditions and would overwrite.) The attribute names come from our code, the table
    name has been validated, and the values are parameters.
    """
    return {"Statement": _insert_text(table, tuple(item)), "Parameters": list(item.values())}


@functools.lru_cache(maxsize=64)  # the items of a run have few different sets of attributes
def _insert_text(table: str, names: tuple[str, ...]) -> str:
    values = ", ".join("'" + name.replace("'", "''") + "': ?" for name in names)
    return f'INSERT INTO "{table}" VALUE {{{values}}}'
