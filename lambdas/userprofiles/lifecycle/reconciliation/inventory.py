"""The accounts and the differences of one reconciliation, in a temporary SQLite database.

The database contains subs, user names, and digests of e-mail addresses with a key of this run.
"""

import hashlib
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from userprofiles.lifecycle.temporary_database import open_database

_SCHEMA = """
CREATE TABLE account (sub TEXT PRIMARY KEY, email BLOB, in_pool INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TABLE difference (
    number INTEGER PRIMARY KEY, kind TEXT, sub TEXT, detail TEXT, user_name TEXT, result TEXT DEFAULT ''
);
"""
_SELECT = "SELECT number, kind, sub, detail, user_name, result FROM difference"


class DifferenceKind(StrEnum):
    """How pool and table differ."""

    MISSING = "missing"
    CONTACT = "contact"
    ERASED = "erased"
    ORPHAN = "orphan"
    DUPLICATE = "duplicate"
    UNCONFIRMED = "unconfirmed"


class Result(StrEnum):
    """What `--fix` did about a difference."""

    CREATED = "created"
    UPDATED = "updated"
    MARKED = "marked"
    REMOVED = "removed"
    UNNECESSARY = "unnecessary"
    FAILED = "failed"


FIXED_KINDS = (
    DifferenceKind.MISSING,
    DifferenceKind.CONTACT,
    DifferenceKind.ORPHAN,
    DifferenceKind.UNCONFIRMED,
)


@dataclass(frozen=True)
class Difference:
    """A difference between pool and table.

    Attributes:
        number: Its number, in the order in which it was added.
        kind: How pool and table differ.
        sub: The user.
        detail: Names of items or fields, or the sub of another user; never a value of a user.
        user_name: The name in the pool, for AdminGetUser. It is not shown: it can be an e-mail address.
        result: What the fix did, a `Result`; empty without a fix.
    """

    number: int
    kind: DifferenceKind
    sub: str
    detail: str
    user_name: str
    result: str


class Inventory:
    """The accounts of the table, and the differences from the pool."""

    def __init__(self) -> None:
        self._database = open_database(_SCHEMA)
        self._key = secrets.token_bytes(32)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def add_accounts(self, accounts: Iterable[tuple[str, str | None]]) -> None:
        """Add accounts of the table: sub, and e-mail address or None."""
        self._database.executemany(
            "INSERT OR IGNORE INTO account (sub, email) VALUES (?, ?)",
            ((sub, self._digest(email) if email else None) for sub, email in accounts),
        )

    def _digest(self, email: str) -> bytes:
        text = email.strip().lower().encode(errors="surrogatepass")
        return hashlib.blake2b(text, digest_size=16, key=self._key).digest()

    def mark_in_pool(self, subs: Iterable[str]) -> None:
        """Mark accounts whose user is in the pool."""
        self._database.executemany("UPDATE account SET in_pool = 1 WHERE sub = ?", ((sub,) for sub in subs))

    def add_difference(self, kind: DifferenceKind, sub: str, detail: str = "", user_name: str = "") -> None:
        """Add a difference."""
        self._database.execute(
            "INSERT INTO difference (kind, sub, detail, user_name) VALUES (?, ?, ?, ?)",
            (kind, sub, detail, user_name),
        )

    def add_orphans(self) -> None:
        """Add a difference for each account whose user is not in the pool."""
        self._database.execute(
            "INSERT INTO difference (kind, sub, detail) SELECT ?, sub, '' FROM account WHERE in_pool = 0 "
            "ORDER BY sub",
            (DifferenceKind.ORPHAN,),
        )

    def add_duplicates(self) -> None:
        """Add a difference for each account that has the e-mail address of another account.

        The first account of each address is the `detail` of the others.
        """
        self._database.execute(
            "INSERT INTO difference (kind, sub, detail) SELECT ?, sub, first_sub FROM (SELECT sub, "
            "min(sub) OVER (PARTITION BY email) AS first_sub FROM account WHERE email IS NOT NULL) "
            "WHERE sub <> first_sub ORDER BY first_sub, sub",
            (DifferenceKind.DUPLICATE,),
        )

    @property
    def accounts(self) -> int:
        """Number of accounts, without erased users."""
        return self._count("SELECT count(*) FROM account")

    def count(self, kind: DifferenceKind) -> int:
        """Return the number of differences of a kind."""
        return self._count("SELECT count(*) FROM difference WHERE kind = ?", kind)

    def count_result(self, result: Result) -> int:
        """Return the number of differences with a result."""
        return self._count("SELECT count(*) FROM difference WHERE result LIKE ? || '%'", result)

    def _count(self, statement: str, *values: str) -> int:
        [(number,)] = self._database.execute(statement, values)
        return int(number)

    def differences(self) -> Iterator[Difference]:
        """Yield all differences. Their results may be set at the same time."""
        number = 0
        while row := self._database.execute(
            f"{_SELECT} WHERE number > ? ORDER BY number LIMIT 1",
            (number,),
        ).fetchone():
            number = row[0]
            yield Difference(number, DifferenceKind(row[1]), row[2], row[3], row[4] or "", row[5])

    def set_result(self, difference: Difference, result: str) -> None:
        """Set what the fix did about a difference."""
        self._database.execute(
            "UPDATE difference SET result = ? WHERE number = ?", (result, difference.number)
        )
