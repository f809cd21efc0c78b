"""Finds the users here that old users have become."""

from collections.abc import Collection
from typing import Protocol

from userprofiles.legacy.table_calls import TableCalls
from userprofiles.social.legacy_records import BOUND, CLAIM_SORT_KEY, legacy_name


class Users(Protocol):
    """Finds users by their IDs in the old application."""

    def find(self, old_ids: Collection[str]) -> dict[str, str]:
        """Return the subs of the old users who have a user here."""


class ClaimedUsers:
    """The users whom imports have created or bound: the claim of each old user names the sub.

    Nothing else counts. In particular, the attribute `custom:old_user_id` is not read.

    Args:
        calls: Calls to the users table.
        source: Name of the old application.
    """

    def __init__(self, calls: TableCalls, source: str) -> None:
        self._calls = calls
        self._source = source

    def find(self, old_ids: Collection[str]) -> dict[str, str]:
        """Return the subs of the old users who have a user here.

        Raises:
            BackfillError: The table can't be read.
        """
        partitions = {self._partition(old_id): old_id for old_id in old_ids}
        partitions.pop("", None)
        keys = [(partition, CLAIM_SORT_KEY) for partition in partitions]
        claims = self._calls.read(keys, ("state", "sub"))
        return {
            partitions[partition]: claim["sub"]
            for (partition, _), claim in claims.items()
            if claim.get("state") == BOUND and isinstance(claim.get("sub"), str)
        }

    def _partition(self, old_id: str) -> str:
        """Return the partition of a claim; empty for an ID that can't be a part of it."""
        try:
            return legacy_name(self._source, old_id)
        except ValueError:
            return ""
