"""Compares a user pool with the users table, both ways.

The table is read before the pool. So a user who signs up in the meantime can't look like an account without a
user.
"""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

from userprofiles.backfill.errors import BackfillFailedError, ErrorKind
from userprofiles.backfill.sources.pool_reader import PoolReader, PoolUser, UnconfirmedRule
from userprofiles.lifecycle.comparison import compare
from userprofiles.lifecycle.reconciliation.inventory import DifferenceKind, Inventory
from userprofiles.lifecycle.table_reader import Page, TableReader
from userprofiles.table import deletion, record
from userprofiles.table.attribute_value import deserialize
from userprofiles.table.store import Store, UserItems
from userprofiles.table.store_errors import StoreError
from userprofiles.template import Template

_EMAIL = "email"
INTERRUPTED = "its removal was interrupted"


@dataclass
class Counts:
    """What was compared.

    Attributes:
        pool_users: Users of the pool.
        users_without_profile: Users of the pool who need no profile: disabled or not confirmed.
        pending_deletions: Accounts that are marked for deletion. They are not compared.
    """

    pool_users: int = 0
    users_without_profile: int = 0
    pending_deletions: int = 0


class Reconciliation:
    """One comparison. Its methods raise the errors of `TableReader` and `PoolReader`.

    Args:
        table: Reads the users table.
        store: Reads the items of single users.
        pool: Reads the user pool.
        template: Defines the fields and their sources in Cognito.
        inventory: Receives accounts and differences.
        unconfirmed: Which unconfirmed users are a difference.
        open_removals: The users whose removal was interrupted: sub to name.

    Attributes:
        counts: What was compared.
    """

    def __init__(
        self,
        table: TableReader,
        store: Store,
        pool: PoolReader,
        template: Template,
        inventory: Inventory,
        *,
        unconfirmed: UnconfirmedRule,
        open_removals: Mapping[str, str],
    ) -> None:
        self.counts = Counts()
        self._table = table
        self._store = store
        self._pool = pool
        self._template = template
        self._inventory = inventory
        self._unconfirmed = unconfirmed
        self._open_removals = open_removals
        self._email_field = _find_email_field(template)

    def read_table(self, on_page: Callable[[int], None]) -> None:
        """Add all accounts of the table to the inventory, except erased and marked accounts.

        Args:
            on_page: Called after each page with the number of rows that DynamoDB has scanned so far.
        """
        scanned_rows = 0
        names = ["entityType", deletion.ATTRIBUTE, *([self._email_field] if self._email_field else [])]
        for page in self._table.account_pages(names):
            self._inventory.add_accounts(self._accounts(page))
            scanned_rows += int(page.get("ScannedCount", 0))
            on_page(scanned_rows)

    def _accounts(self, page: Page) -> Iterable[tuple[str, str | None]]:
        for item in page["Items"]:
            if item.get("entityType", {}).get("S") == record.TOMBSTONE:
                continue
            if deletion.ATTRIBUTE in item:
                self.counts.pending_deletions += 1
                continue
            email = deserialize(item[self._email_field]) if self._email_field in item else None
            sub = item["PK"]["S"].removeprefix(record.USER_PREFIX)
            yield sub, email if isinstance(email, str) else None

    def read_pool(self, on_page: Callable[[int], None]) -> None:
        """Compare each user of the pool with the user's items. Then add orphans and duplicates.

        Args:
            on_page: Called after each page with the number of users so far.
        """
        with ThreadPoolExecutor(self._table.limits.threads) as threads:
            for page in self._pool.pages():
                self._inventory.mark_in_pool(user.user.sub for user in page)
                self._add_unconfirmed(page)
                users = [user for user in page if user.has_profile]
                for user, items in zip(users, threads.map(self._read, users), strict=True):
                    self._compare(user, items)
                self.counts.pool_users += len(page)
                self.counts.users_without_profile += len(page) - len(users)
                on_page(self.counts.pool_users)
        for sub, name in self._open_removals.items():
            self._inventory.add_difference(DifferenceKind.UNCONFIRMED, sub, INTERRUPTED, name)
        self._inventory.add_orphans()
        self._inventory.add_duplicates()

    def _add_unconfirmed(self, page: Iterable[PoolUser]) -> None:
        for pool_user in page:
            user = pool_user.user
            if user.sub in self._open_removals or not self._unconfirmed.matches(pool_user):
                continue
            since = f"since {pool_user.created_at:%Y-%m-%d}"
            self._inventory.add_difference(DifferenceKind.UNCONFIRMED, user.sub, since, user.name)

    def _read(self, user: PoolUser) -> UserItems:
        try:
            return self._store.read(user.user.sub)
        except StoreError as error:
            raise BackfillFailedError(
                ErrorKind.SERVICE,
                f"The items of a user in table {self._table.table!r} can't be read: {error}.\n"
                "Check the permission dynamodb:BatchGetItem, and the capacity of the table.",
            ) from error

    def _compare(self, pool_user: PoolUser, items: UserItems) -> None:
        user = pool_user.user
        difference = compare(self._template, user, items, record.timestamp(datetime.now(UTC)))
        if difference is not None:
            self._inventory.add_difference(difference.kind, user.sub, difference.detail, user.name)

    def exceeds_removals(self, percentage: float) -> bool:
        """Return whether more than a percentage of the accounts has no user in the pool."""
        return self._inventory.count(DifferenceKind.ORPHAN) * 100 > percentage * self._inventory.accounts


def _find_email_field(template: Template) -> str:
    """Return the account's field that has the e-mail address; empty if the template has none."""
    for name, sources in template.document["cognito"].get("account", {}).items():
        if sources[0].get("attribute") == _EMAIL:
            return str(name)
    return ""
