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

    def add(self, old_id: str, rank: str, values: Iterable[tuple[str, str]]) -> None:
        """Add the values of a user.

        Args:
            old_id: The user's ID in the old application.
            rank: A sortable text. Of users with the same value, the one with the highest rank should keep it.
            values: Pairs of a kind and a value. Empty values are ignored.
        """
        self._position += 1
        rows = [
            (kind, self._hash(kind, value), self._position, old_id, rank) for kind, value in values if value
        ]
        self._database.executemany("INSERT INTO value VALUES (?, ?, ?, ?, ?)", rows)

    def add_problem(self, old_id: str, kind: str, proposal: str) -> None:
        """Add a user who needs a decision for a reason of the user's own."""
        self._database.execute(
            "INSERT INTO problem VALUES (?, ?, ?, ?)", (self._position, old_id, kind, proposal)
        )

    def shared_values(self) -> list[SharedValue]:
        """Return the values that several users have, in the order of the source."""
        # To sort all hashes once is faster than to keep them sorted.
        self._database.execute("CREATE INDEX IF NOT EXISTS value_hash ON value (kind, hash)")
        groups = self._database.execute(
            "SELECT kind, hash FROM value GROUP BY kind, hash HAVING count(*) > 1"
        ).fetchall()
        shared = [value for group in groups if (value := self._shared_value(*group)) is not None]
        return [value for _, _, value in sorted(shared, key=lambda entry: entry[:2])]

    def problems(self) -> Iterator[tuple[str, str, str]]:
        """Yield old ID, kind and proposal of each user with a problem, in the order of the source."""
        yield from self._database.execute("SELECT old_id, kind, proposal FROM problem ORDER BY position")

    def _shared_value(self, kind: str, value_hash: bytes) -> tuple[int, str, SharedValue] | None:
        """Return a value with its first position and its kind; None if only one user has it."""
        rows = self._database.execute(
            "SELECT old_id, max(rank), min(position) FROM value WHERE kind = ? AND hash = ? "
            "GROUP BY old_id ORDER BY min(position)",
            (kind, value_hash),
        ).fetchall()
        if len(rows) == 1:
            return None
        keeper_id = max(rows, key=lambda row: (row[1], -row[2]))[0]
        return rows[0][2], kind, SharedValue(kind, tuple(row[0] for row in rows), keeper_id)

    def _hash(self, kind: str, value: str) -> bytes:
        text = f"{kind}|{value}".encode(errors="surrogatepass")
        return hashlib.blake2b(text, key=self._key, digest_size=_HASH_BYTES).digest()
