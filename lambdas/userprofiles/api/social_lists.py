"""Lists of users who are linked with the caller, and the caller's paid plan."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from userprofiles.api.page_query import OwnList, parse_page_query
from userprofiles.api.social_account import check_owner
from userprofiles.social import links, premium
from userprofiles.social.social_items import ACCOUNT, SocialItems
from userprofiles.table import record
from userprofiles.table.lists import UserLists

LISTS: Mapping[str, str] = MappingProxyType(
    {"friends": links.FRIEND, "subscribers": links.SUBSCRIBER, "blocks": links.BLOCK}
)
"""Name of each list to the kind of its links."""

DISPLAY_FIELDS = ("username", "first_name", "profile_picture")
"""Fields of other users' accounts that a list shows, if the template has them."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class SocialLists:
    """Reads the links and the paid plan of users.

    Attributes:
        items: The links and plans of the users table.
        accounts: The accounts of the users table.
        clock: Returns the current time.
    """

    items: SocialItems
    accounts: UserLists
    clock: Callable[[], datetime] = _now

    def read_links(self, sub: str, name: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        """Return a page of a list. Users who were erased or are marked for deletion are left out.

        Args:
            sub: The caller.
            name: A key of `LISTS`.
            parameters: The query parameters.

        Raises:
            ApiError: 400, 404 or 410.
            userprofiles.table.store_errors.StoreError: DynamoDB returned an error.
        """
        own_list = OwnList(sub, name, record.is_sub)
        query = parse_page_query(parameters, own_list)
        check_owner(self.items.read(sub, ACCOUNT), self.clock())
        prefix = links.link_prefix(LISTS[name])
        page = self.items.read_page(sub, prefix, query.limit, query.after)
        times = {item["SK"].removeprefix(prefix): item["created_at"] for item in page.items}
        accounts = self.accounts.read_accounts(list(times), DISPLAY_FIELDS)
        users = [
            {
                "user_id": other,
                **{field: accounts[other].get(field) for field in DISPLAY_FIELDS if field in accounts[other]},
                "since": time,
            }
            for other, time in times.items()
            if other in accounts
        ]
        document: dict[str, Any] = {"users": users}
        return document if page.last is None else {**document, "cursor": own_list.create_cursor(page.last)}

    def read_subscription(self, sub: str) -> dict[str, Any]:
        """Return the state of the caller's paid plan.

        Raises:
            ApiError: 404 or 410.
            userprofiles.table.store_errors.StoreError: DynamoDB returned an error.
        """
        now = self.clock()
        items = self.items.read(sub, ACCOUNT, premium.SORT_KEY)
        check_owner(items, now)
        return asdict(premium.read_premium(items.get(premium.SORT_KEY), now))
