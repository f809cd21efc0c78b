"""The users of a restored table, and the differences from the pool, the audit trail and the receipts.

They are in a temporary SQLite database with subs, hashes, and names of fields and actions. It contains no
values of users.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Self

from userprofiles.lifecycle.temporary_database import open_database

_SCHEMA = """
CREATE TABLE user (
    sub TEXT PRIMARY KEY, account INTEGER NOT NULL DEFAULT 0, profile INTEGER NOT NULL DEFAULT 0, head TEXT,
    version INTEGER NOT NULL DEFAULT 0, is_marked INTEGER NOT NULL DEFAULT 0,
    audit_rows INTEGER NOT NULL DEFAULT 0, in_pool INTEGER NOT NULL DEFAULT 0,
    needs_profile INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE erased (sub TEXT PRIMARY KEY, has_receipt INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE difference (
    number INTEGER PRIMARY KEY, kind TEXT, sub TEXT, detail TEXT, result TEXT DEFAULT ''
);
CREATE INDEX difference_sub ON difference (sub);
"""

# A sub that the restored table does not have joins as a user without items.
_ADD_ERASED = """
INSERT INTO difference (kind, sub, detail)
SELECT 'erased', erased.sub,
    CASE WHEN coalesce(account, 0) = 1 OR coalesce(profile, 0) = 1 THEN 'live again' ELSE 'no tombstone' END
    || CASE WHEN has_receipt THEN '' ELSE ', no receipt' END
FROM erased LEFT JOIN user USING (sub)
WHERE coalesce(account, 0) = 1 OR coalesce(profile, 0) = 1
    OR (has_receipt AND coalesce(account, 0) <> 2 AND coalesce(profile, 0) <> 2)
ORDER BY erased.sub
"""
_ADD_MISSING = """
INSERT INTO difference (kind, sub, detail)
SELECT 'missing', sub,
    CASE WHEN account THEN 'profile' WHEN profile THEN 'account' ELSE 'account, profile' END
FROM user WHERE needs_profile AND (account = 0 OR profile = 0) AND account <> 2 AND profile <> 2
    AND sub NOT IN (SELECT sub FROM erased)
ORDER BY sub
"""
_ADD_ORPHANS = """
INSERT INTO difference (kind, sub, detail)
SELECT 'orphan', sub, '' FROM user
WHERE account = 1 AND NOT in_pool AND NOT is_marked AND sub NOT IN (SELECT sub FROM erased)
ORDER BY sub
"""


_SELECT_WITH_OTHER_ROWS = """
SELECT sub, account, head, version, is_marked FROM user
WHERE sub > ? AND audit_rows <> version AND (
    (account = 1 AND NOT EXISTS (SELECT 1 FROM erased WHERE erased.sub = user.sub))
    OR (account = 2 AND head IS NOT NULL)
)
ORDER BY sub LIMIT 1
"""
_SELECT_TO_FIX = """
SELECT sub FROM difference WHERE sub > ? AND kind IN ('changed', 'deletion', 'withdrawn') ORDER BY sub LIMIT 1
"""


class BackupDifferenceKind(StrEnum):
    """How a restored table differs from pool, audit trail and receipts."""

    ERASED = "erased"
    MISSING = "missing"
    CHANGED = "changed"
    DELETION = "deletion"
    WITHDRAWN = "withdrawn"
    ORPHAN = "orphan"


FIXED_KINDS = (
    BackupDifferenceKind.CHANGED,
    BackupDifferenceKind.DELETION,
    BackupDifferenceKind.WITHDRAWN,
)


class ItemState(IntEnum):
    """Whether an item of a user exists."""

    MISSING = 0
    LIVE = 1
    TOMBSTONE = 2


class BackupResult(StrEnum):
    """What `--fix` did about a difference."""

    FIXED = "fixed"
    FAILED = "failed"


@dataclass(frozen=True)
class RestoredAccount:
    """An account of the restored table.

    Attributes:
        sub: The user.
        state: Whether it is live or a tombstone.
        head: Its audit head; None before the first write after a backfill.
        version: Its version.
        is_marked: Whether it has a deletion request.
    """

    sub: str
    state: ItemState
    head: str | None
    version: int
    is_marked: bool


@dataclass(frozen=True)
class BackupDifference:
    """A difference.

    Attributes:
        number: Its number, in the order in which it was added.
        kind: How the restored table differs.
        sub: The user.
        detail: Names of items or fields, or a time; never a value of a user.
        result: What the fix did, a `BackupResult`; empty without a fix.
    """

    number: int
    kind: BackupDifferenceKind
    sub: str
    detail: str
    result: str


class BackupInventory:
    """The users of a restored table, and the differences."""

    def __init__(self) -> None:
        self._database = open_database(_SCHEMA)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def add_account(self, account: RestoredAccount) -> None:
        """Add an account of the restored table."""
        self._database.execute(
            "INSERT INTO user (sub, account, head, version, is_marked) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (sub) DO UPDATE SET account = excluded.account, head = excluded.head, "
            "version = excluded.version, is_marked = excluded.is_marked",
            (account.sub, account.state, account.head, account.version, account.is_marked),
        )

    def add_profile(self, sub: str, state: ItemState) -> None:
        """Add a profile of the restored table."""
        self._database.execute(
            "INSERT INTO user (sub, profile) VALUES (?, ?) ON CONFLICT (sub) DO UPDATE SET "
            "profile = excluded.profile",
            (sub, state),
        )

    def add_pool_users(self, users: Iterable[tuple[str, bool]]) -> None:
        """Add users of the pool: sub, and whether the user must have account and profile."""
        self._database.executemany(
            "INSERT INTO user (sub, in_pool, needs_profile) VALUES (?, 1, ?) ON CONFLICT (sub) DO UPDATE SET "
            "in_pool = 1, needs_profile = excluded.needs_profile",
            users,
        )

    def count_audit_row(self, sub: str) -> None:
        """Count an audit row of a user. Users whom the restored table does not have are not counted."""
        self._database.execute("UPDATE user SET audit_rows = audit_rows + 1 WHERE sub = ?", (sub,))

    def add_erased(self, sub: str, *, has_receipt: bool) -> None:
        """Add a user whom a receipt or the audit trail names as erased."""
        self._database.execute(
            "INSERT INTO erased VALUES (?, ?) ON CONFLICT (sub) DO UPDATE SET "
            "has_receipt = max(has_receipt, excluded.has_receipt)",
            (sub, has_receipt),
        )

    def add_differences_of_users(self) -> None:
        """Add erased users, missing items and accounts without a user. Call it after all reads."""
        for statement in (_ADD_ERASED, _ADD_MISSING, _ADD_ORPHANS):
            self._database.execute(statement)

    def add_difference(self, kind: BackupDifferenceKind, sub: str, detail: str) -> None:
        """Add a difference."""
        self._database.execute(
            "INSERT INTO difference (kind, sub, detail) VALUES (?, ?, ?)", (kind, sub, detail)
        )

    def accounts_with_other_rows(self) -> Iterator[RestoredAccount]:
        """Yield the accounts whose audit trail can have other rows than those of the account.

        A chain has as many rows as the account's version. Erased users who are live again are left out, and
        tombstones without a head.
        """
        sub = ""
        while row := self._database.execute(
            _SELECT_WITH_OTHER_ROWS,
            (sub,),
        ).fetchone():
            sub = row[0]
            yield RestoredAccount(sub, ItemState(row[1]), row[2], row[3], bool(row[4]))

    @property
    def accounts(self) -> int:
        """Number of live accounts in the restored table."""
        return self._count("SELECT count(*) FROM user WHERE account = ?", ItemState.LIVE)

    @property
    def items(self) -> int:
        """Number of users in the restored table who have an account, a profile or a tombstone."""
        return self._count("SELECT count(*) FROM user WHERE account OR profile")

    @property
    def erased_users(self) -> int:
        """Number of users whom a receipt or the audit trail names as erased."""
        return self._count("SELECT count(*) FROM erased")

    def count(self, kind: BackupDifferenceKind) -> int:
        """Return the number of differences of a kind."""
        return self._count("SELECT count(*) FROM difference WHERE kind = ?", kind)

    def count_result(self, result: BackupResult) -> int:
        """Return the number of differences with a result."""
        return self._count("SELECT count(*) FROM difference WHERE result LIKE ? || '%'", result)

    def _count(self, statement: str, *values: object) -> int:
        [(number,)] = self._database.execute(statement, values)
        return int(number)

    def differences(self) -> Iterator[BackupDifference]:
        """Yield all differences. Their results may be set at the same time."""
        number = 0
        while row := self._database.execute(
            "SELECT number, kind, sub, detail, result FROM difference WHERE number > ? "
            "ORDER BY number LIMIT 1",
            (number,),
        ).fetchone():
            number = row[0]
            yield BackupDifference(number, BackupDifferenceKind(row[1]), *row[2:])

    def subs_to_fix(self) -> Iterator[str]:
        """Yield the users who have a difference of `FIXED_KINDS`. Results may be set at the same time."""
        sub = ""
        while row := self._database.execute(_SELECT_TO_FIX, (sub,)).fetchone():
            sub = row[0]
            yield sub

    def set_result(self, sub: str, result: str) -> None:
        """Set what the fix did about the differences of a user that have one of `FIXED_KINDS`."""
        self._database.executemany(
            "UPDATE difference SET result = ? WHERE sub = ? AND kind = ?",
            ((result, sub, kind) for kind in FIXED_KINDS),
        )
