"""Writes the users of a pool to a file, page by page, so that a stopped or killed command can continue.

While the list is incomplete, it is in FILE.partial, and FILE.partial.json has the position: the page token
of Cognito and the bytes that belong to the pages before it. Whatever follows these bytes is deleted.
"""

import fcntl
import json
import os
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from userprofiles.backfill.errors import RefusedError, StoppedError
from userprofiles.backfill.sources.pool_reader import PoolReader, PoolUser, RefusedTokenError
from userprofiles.backfill.sources.pool_user_row import pool_user_document, skip_reason
from userprofiles.jobs.counted import counted
from userprofiles.jobs.private_files import open_private, write_document

WITH_PROFILE = "withProfile"

_FORMAT = "userprofiles-pool-list"
_VERSION = 1


@dataclass
class ListPosition:
    """The position in an incomplete list.

    Attributes:
        token: The token of the next page; None for the first page.
        size: The bytes of the pages before it.
        counts: The users of these pages: those who get a profile, and the others by reason.
    """

    token: str | None = None
    size: int = 0
    counts: Counter[str] = field(default_factory=Counter)


class PoolListFile:
    """The file of a list while it is written. Only one process can write it, and only its owner can read it.

    Args:
        path: The path of the complete file.
        pool_id: The user pool.

    Raises:
        RefusedError: Another process writes the file, or it is the incomplete list of another pool.
        OSError: A file can't be read or written.
    """

    def __init__(self, path: Path, pool_id: str) -> None:
        self.path = path
        self._pool_id = pool_id
        self._partial = path.with_name(f"{path.name}.partial")
        self._state = path.with_name(f"{path.name}.partial.json")
        self._file = self._open()
        try:
            self.position = self._read_position()
            self._file.truncate(self.position.size)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def _open(self) -> IO[bytes]:
        file = os.fdopen(open_private(self._partial), "r+b")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            raise RefusedError(
                f"{self._partial}: another process writes this list. Wait for it, or use another --output."
            ) from None
        return file

    def _read_position(self) -> ListPosition:
        try:
            document = json.loads(self._state.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return ListPosition()
        except ValueError:
            document = None
        if not isinstance(document, dict) or (document.get("format"), document.get("version")) != (
            _FORMAT,
            _VERSION,
        ):
            raise RefusedError(
                f"{self._state}: must be the position of a list. Delete the file to begin again."
            )
        if document["poolId"] != self._pool_id:
            raise RefusedError(
                f"{self._partial}: is the incomplete list of the pool {document['poolId']}, not of "
                f"{self._pool_id}. Use another --output, or delete {self._partial} and {self._state}."
            )
        if os.fstat(self._file.fileno()).st_size < document["bytes"]:
            return ListPosition()  # the list is complete already, or its file was deleted
        return ListPosition(document["token"], document["bytes"], Counter(document["counts"]))

    def add_page(self, users: Iterable[PoolUser], token: str | None) -> None:
        """Add the users of a page, and store the position after it.

        Raises:
            OSError: The file can't be written. The position is still that before the page.
        """
        documents = [pool_user_document(user) for user in users]
        data = b"".join(json.dumps(document, ensure_ascii=False).encode() + b"\n" for document in documents)
        self._file.seek(self.position.size)
        self._file.write(data)
        self._file.flush()
        counts = Counter(skip_reason(user) or WITH_PROFILE for user in documents)
        self._store(ListPosition(token, self.position.size + len(data), self.position.counts + counts))

    def restart(self) -> None:
        """Begin again with the first page.

        Raises:
            OSError: The file can't be written.
        """
        self._store(ListPosition())
        self._file.truncate(0)

    def complete(self) -> None:
        """Give the file its final name.

        Raises:
            OSError: The file can't be renamed.
        """
        self._file.truncate(self.position.size)
        os.fsync(self._file.fileno())
        self._partial.replace(self.path)
        with suppress(FileNotFoundError):
            self._state.unlink()

    def _store(self, position: ListPosition) -> None:
        document: dict[str, Any] = {
            "format": _FORMAT,
            "version": _VERSION,
            "poolId": self._pool_id,
            "token": position.token,
            "bytes": position.size,
            "counts": dict(position.counts),
        }
        write_document(self._state, document)
        self.position = position


def write_pool_list(
    pool: PoolReader, file: PoolListFile, *, show: Callable[[int], None], warn: Callable[[str], None]
) -> Counter[str]:
    """Write the list from the file's position on, and return the users by what happens to them.

    Args:
        pool: Reads the pool.
        file: The incomplete file.
        show: Shows the number of users so far.
        warn: Shows a warning.

    Raises:
        BackfillFailedError: The pool can't be read.
        StoppedError: A stop was requested. The next call continues.
        OSError: The file can't be written. The next call continues.
    """
    can_restart = file.position.token is not None
    while True:
        try:
            page = pool.page(file.position.token)
        except RefusedTokenError:
            if not can_restart:
                raise
            can_restart = False
            warn("Cognito does not accept the page token any more. The list begins again.")
            file.restart()
            continue
        except StoppedError:
            raise StoppedError(
                f"Stopped after {counted(file.position.counts.total(), 'user')}. Run the command again to "
                "continue."
            ) from None
        file.add_page(page.users, page.token)
        show(file.position.counts.total())
        if page.token is None:
            file.complete()
            return file.position.counts
