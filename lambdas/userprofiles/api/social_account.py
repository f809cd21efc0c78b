"""The account of a user who calls the routes of `social`."""

from collections.abc import Mapping
from datetime import datetime

from userprofiles.api.errors import ApiError
from userprofiles.api.gone import check_not_gone
from userprofiles.social.social_items import ACCOUNT
from userprofiles.table.record import Item
from userprofiles.table.store import UserItems


def check_owner(items: Mapping[str, Item], now: datetime) -> Item:
    """Return the account of a caller who was not erased, and is not marked for deletion.

    Args:
        items: Items of the caller by sort key, with the account.
        now: The current time.

    Raises:
        ApiError: 404 if the user has no account yet, 410 as for `GET /me/profile`.
    """
    account = items.get(ACCOUNT)
    check_not_gone(UserItems(account, None), now)
    if account is None:
        raise ApiError(
            404, "user_not_found", "No account is stored for this user. GET /me/profile creates it."
        )
    return account
