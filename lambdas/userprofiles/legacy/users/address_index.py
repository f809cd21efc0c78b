"""The addresses and user names of all users, to find those that several users share.

The index is a file of SQLite in a private folder, so memory does not grow with the number of users. It has
hashes with a random key instead of addresses. The key is never written.
"""

import hashlib
import os
import secrets
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_SETTINGS = """
PRAGMA cache_size = -4000;
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA temp_store = FILE;
CREATE TABLE value (kind TEXT, hash BLOB, position INTEGER, old_id TEXT, rank TEXT);
CREATE INDEX value_hash ON value (kind, hash);
CREATE TABLE problem (position INTEGER, old_id TEXT, kind TEXT, proposal TEXT);
"""
_HASH_BYTES = 16


@dataclass(frozen=True)
class SharedValue:
    """A value that several users have.

    Attributes:
        kind: What they share, such as `phone number`.
        old_ids: The users, in the order of the source.
        keeper_id: The user with the highest rank, and the first of them.
    """

    kind: str
    old_ids: tuple[str, ...]
    keeper_id: str


class AddressIndex:
    """Values of users by kind. One thread uses it at a time.

    Args:
        folder: Where the private folder is created; None for the folder of temporary files.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = Path(
            tempfile.mkdtemp(prefix="userprofiles-", dir=folder)
        )  # only the owner can open it
        self._key = secrets.token_bytes(32)
        file = self._folder / "index"
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        self._database = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._database.executescript(f"{_SETTINGS}BEGIN;")
        self._position = 0

    def close(self) -> None:
        """Delete the index."""
        self._database.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def add(self, old_id: str, rank: str, values: Iterable[tuple[str, str]]) -> list[str]:
        """Add the values of a user.

        Args:
            old_id: The user's ID in the old application.
            rank: A sortable text. Of users with the same value, the one with the highest rank should keep it.
            values: Pairs of a kind and a value. Empty values are ignored.

        Returns:
            The kinds of those values that an earlier user has.
        """
        self._position += 1
        shared_kinds = []
        for kind, value in values:
            if not value:
                continue
            value_hash = self._hash(kind, value)
            row = (kind, value_hash, self._position, old_id, rank)
            if self._has(kind, value_hash):
                shared_kinds.append(kind)
            self._database.execute("INSERT INTO value VALUES (?, ?, ?, ?, ?)", row)
        return shared_kinds

    def add_problem(self, old_id: str, kind: str, proposal: str) -> None:
        """Add a user who needs a decision for a reason of the user's own."""
        self._database.execute(
            "INSERT INTO problem VALUES (?, ?, ?, ?)", (self._position, old_id, kind, proposal)
        )

    def shared_values(self) -> Iterator[SharedValue]:
        """Yield the values that several users have, in the order of the source."""
        groups = self._database.execute(
            "SELECT kind, hash FROM value GROUP BY kind, hash HAVING count(DISTINCT old_id) > 1 "
            "ORDER BY min(position), kind"
        )
        for kind, value_hash in groups:
            rows = self._database.execute(
                "SELECT old_id, max(rank), min(position) FROM value WHERE kind = ? AND hash = ? "
                "GROUP BY old_id ORDER BY min(position)",
                (kind, value_hash),
            ).fetchall()
            keeper_id = max(rows, key=lambda row: (row[1], -row[2]))[0]
            yield SharedValue(kind, tuple(row[0] for row in rows), keeper_id)

    def problems(self) -> Iterator[tuple[str, str, str]]:
        """Yield old ID, kind and proposal of each user with a problem, in the order of the source."""
        yield from self._database.execute("SELECT old_id, kind, proposal FROM problem ORDER BY position")

    def _has(self, kind: str, value_hash: bytes) -> bool:
        query = "SELECT 1 FROM value WHERE kind = ? AND hash = ? LIMIT 1"
        return self._database.execute(query, (kind, value_hash)).fetchone() is not None

    def _hash(self, kind: str, value: str) -> bytes:
        text = f"{kind}|{value}".encode(errors="surrogatepass")
        return hashlib.blake2b(text, key=self._key, digest_size=_HASH_BYTES).digest()
