"""The numbers of a user's links and content. Pure functions.

    PK `USER#<sub>`, SK `COUNTERS#MAIN`

Attributes: `entityType` (`COUNTERS`), the numbers of `NAMES`, and `migrationRunId` if an import created the
item. A missing item or number means 0.
"""

from collections.abc import Mapping
from typing import Any

from userprofiles.table import record
from userprofiles.table.record import Item

SORT_KEY = "COUNTERS#MAIN"
ENTITY_TYPE = "COUNTERS"
NAMES = ("friends", "subscribers", "subscriptions", "blocks", "content")


def counters_key(sub: str) -> dict[str, str]:
    """Return the primary key of a user's counters."""
    return {"PK": record.partition_key(sub), "SK": SORT_KEY}


def counters_item(sub: str, numbers: Mapping[str, int], *, run_id: str | None = None) -> Item:
    """Return the item with a user's counters.

    Args:
        sub: The user.
        numbers: The numbers by name; missing names are 0.
        run_id: The run of an import; None if no import writes the item.

    Raises:
        ValueError: A name is unknown.
    """
    unknown = set(numbers) - set(NAMES)
    if unknown:
        raise ValueError(f"Unknown counters: {', '.join(sorted(unknown))}; allowed: {', '.join(NAMES)}.")
    item: Item = {
        **counters_key(sub),
        "entityType": ENTITY_TYPE,
        **{name: numbers.get(name, 0) for name in NAMES},
    }
    return item if run_id is None else {**item, record.RUN_ID: run_id}


def read_counter(item: Mapping[str, Any] | None, name: str) -> int:
    """Return a number of a counters item, 0 if the item or the number is missing."""
    return int((item or {}).get(name, 0))
