"""Imports the fields of a user who signed in before the import of this user was complete.

Cognito accepts a sign-in as soon as the user is confirmed, which is before the items are inserted, or long
before that if the run was killed in between. The first access of the user then creates an account and a
profile with default values.
"""

from userprofiles.legacy.users.user_items import LegacyUserItems
from userprofiles.legacy.users.user_table import MISSING, ItemUpdate, UserTable
from userprofiles.table import record

_KEYS = frozenset({"PK", "SK"})
_VERSION = "version"  # each change of account or profile increases that of the account


def replace_first_account(table: UserTable, items: LegacyUserItems) -> bool:
    """Give a user the imported fields if nobody has changed account and profile since the first access.

    Args:
        table: The users table.
        items: The items that the import could not insert.

    Returns:
        False if somebody has changed them. Nothing was written then.
    """
    unchanged = {_VERSION: items.account[_VERSION], record.RUN_ID: MISSING}
    updates = [
        ItemUpdate(items.account, _changes(items.account), unchanged),
        ItemUpdate(items.profile, _changes(items.profile), {"entityType": items.profile["entityType"]}),
    ]
    return table.write_all(updates)


def _changes(item: record.Item) -> record.Item:
    return {name: value for name, value in item.items() if name not in _KEYS}
