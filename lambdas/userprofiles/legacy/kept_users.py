"""The users whom a rollback keeps, so that they keep everything that the run has imported for them."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from userprofiles.backfill.tables.key_reader import ItemKey
from userprofiles.legacy.table_calls import TableCalls
from userprofiles.legacy.users.claims import owner_key
from userprofiles.social.links import mirror_key
from userprofiles.table import record


class KeptUsers:
    """Finds the users whom the rollback of a run keeps.

    The users stage is undone before the others. It removes the owner item of each user whom it removes, and
    of each user who was here before the run. So a user has an owner item with the ID of the run only if the
    run has created the user and the rollback keeps the user.

    Args:
        calls: Calls to the users table.
        source: The name of the old application.
        run_id: The run that is undone.
    """

    def __init__(self, calls: TableCalls, source: str, run_id: str) -> None:
        self._calls = calls
        self._source = source
        self._run_id = run_id

    def find(self, subs: Collection[str]) -> set[str]:
        """Return those of some users whom the rollback keeps.

        Raises:
            BackfillError: The table can't be read.
        """
        keys = {_item_key(owner_key(sub, self._source)): sub for sub in subs}
        owners = self._calls.read(keys, (record.RUN_ID,))
        return {keys[key] for key, owner in owners.items() if owner.get(record.RUN_ID) == self._run_id}

    def keys_to_keep(self, items: Collection[Mapping[str, Any]]) -> set[ItemKey]:
        """Return the keys of items that a kept user has. A link to a user who is gone is not one of them.

        Raises:
            BackfillError: The table can't be read.
        """
        users = {_item_key(item): _users_of(item) for item in items}
        kept = self.find({sub for subs in users.values() for sub in subs})
        linked = {sub for subs in users.values() if subs & kept for sub in subs}
        remaining = kept | self._find_accounts(linked - kept)
        return {key for key, subs in users.items() if subs & kept and subs <= remaining}

    def _find_accounts(self, subs: Iterable[str]) -> set[str]:
        keys = {_item_key(record.key(sub, "account")): sub for sub in subs}
        return {keys[key] for key in self._calls.read(keys, (record.RUN_ID,))}


def _users_of(item: Mapping[str, Any]) -> set[str]:
    """Return the user of an item, and of a link both users."""
    partition, sort = _item_key(item)
    if not partition.startswith(record.USER_PREFIX):
        return {str(item.get("sub", ""))}  # a redirect
    sub = partition.removeprefix(record.USER_PREFIX)
    mirror = mirror_key(sub, sort)
    return {sub} if mirror is None else {sub, mirror["PK"].removeprefix(record.USER_PREFIX)}


def _item_key(item: Mapping[str, Any]) -> ItemKey:
    return str(item["PK"]), str(item["SK"])
