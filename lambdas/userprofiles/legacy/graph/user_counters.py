"""Counts the links and the content of a user, and writes the counters."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from userprofiles.backfill.errors import BackfillFailedError, ErrorKind
from userprofiles.legacy.stage_tools import StageTools
from userprofiles.social import content, links
from userprofiles.social.counters import NAMES, counters_item, counters_key
from userprofiles.table import record
from userprofiles.table.record import Item

_COUNTER_OF_PREFIX = {
    links.link_prefix(links.FRIEND): "friends",
    links.link_prefix(links.SUBSCRIBER): "subscribers",
    links.link_prefix(links.SUBSCRIPTION): "subscriptions",
    links.link_prefix(links.BLOCK): "blocks",
    content.PREFIX: "content",
}
_TRIES = 20
_ATTRIBUTES = ("SK", record.RUN_ID, "created_at", "updated_at")


def count_items(items: list[Item]) -> dict[str, int]:
    """Return the counters for the items of a user's partition."""
    counts: Counter[str] = Counter()
    for item in items:
        for prefix, name in _COUNTER_OF_PREFIX.items():
            if item["SK"].startswith(prefix):
                counts[name] += 1
    return {name: counts[name] for name in NAMES}


class UserCounters:
    """Reads and writes the counters of users.

    Args:
        tools: The table and the run.
    """

    def __init__(self, tools: StageTools) -> None:
        self._tools = tools

    def read_items(self, sub: str) -> list[Item]:
        """Return all items of a user's partition, with the attributes that a count needs."""
        partition = record.partition_key(sub)
        return list(self._tools.calls.read_partition(partition, "", _ATTRIBUTES))

    def read(self, sub: str) -> Item | None:
        """Return the item with the counters of a user."""
        key = counters_key(sub)
        return self._tools.calls.read([(key["PK"], key["SK"])]).get((key["PK"], key["SK"]))

    def write(
        self, sub: str, counts: Callable[[list[Item]], Mapping[str, int] | None]
    ) -> tuple[Item | None, list[Item]]:
        """Write the counters that belong to the items of a user.

        Other writers can change links, content and counters at the same time. The counters are read before
        the items and written only if they are still the same, else everything is read again.

        Args:
            sub: The user.
            counts: Returns the counters for the items; None if the counters must be deleted.

        Returns:
            The counters that existed before, and the items.

        Raises:
            BackfillFailedError: Other writers change the counters all the time.
        """
        for _ in range(_TRIES):
            previous = self.read(sub)
            items = self.read_items(sub)
            numbers = counts(items)
            if self._replace(sub, previous, numbers):
                return previous, items
        raise BackfillFailedError(
            ErrorKind.SERVICE,
            f"The counters of a user were changed by another writer {_TRIES} times in a row.\n"
            "Resume the run when fewer users are active.",
        )

    def _replace(self, sub: str, previous: Item | None, numbers: Mapping[str, int] | None) -> bool:
        if numbers is None:
            return previous is None or self._tools.calls.remove_unchanged(previous)
        if previous is None and not any(numbers.values()):
            return True  # a missing item means 0
        run_id = self._tools.run_id if previous is None else previous.get(record.RUN_ID)
        item: Mapping[str, Any] = counters_item(sub, numbers, run_id=run_id)
        return item == previous or self._tools.calls.replace_unchanged(dict(item), previous)
