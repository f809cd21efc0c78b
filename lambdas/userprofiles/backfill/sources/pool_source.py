"""The users of a Cognito user pool, read while the run goes on.

A list is read in one segment, because each page of ListUsers has the token of the next one. AWS documents
neither how long a token is valid, nor an order of the users:
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from userprofiles.backfill.errors import BackfillFailedError
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.sources.clients import SourceClients
from userprofiles.backfill.sources.pool_reader import PoolReader, PoolUser, RefusedTokenError
from userprofiles.backfill.sources.pool_user_row import PoolUserReader, pool_user_document
from userprofiles.backfill.sources.source import Cursor, Page
from userprofiles.backfill.tables.calls import Calls
from userprofiles.backfill.tables.table_shape import get_string
from userprofiles.backfill.users.user_row import Row, UserRow
from userprofiles.settings import Roles
from userprofiles.table import record
from userprofiles.table.attribute_value import serialize_item


class PoolSource:
    """The users of a user pool.

    Args:
        document: The source as the job has it.
        clients: Creates the client of Cognito.
        roles: The roles that the source may set.
        limits: The pauses between two attempts.
    """

    def __init__(
        self,
        document: Mapping[str, Any],
        clients: SourceClients,
        *,
        roles: Roles,
        limits: Limits,
    ) -> None:
        self._document = document
        self._pool_id: str = document["poolId"]
        self._clients = clients
        self._reader = PoolUserReader(roles)
        self._limits = limits

    @property
    def segments(self) -> int:
        """One: the pages of a pool can only be read one after the other."""
        return 1

    def identity(self) -> Mapping[str, Any]:
        """Return the ID of the pool."""
        return dict(self._document)

    def read_pages(self, calls: Calls, segment: int, cursor: Cursor | None) -> Iterator[Page]:
        """Yield the pages of the pool. All segments except the first are empty.

        A cursor has the token of a page, and the number of its users that are done.
        """
        if segment > 0:
            yield Page([], None, _no_cursor)
            return
        pool = self._pool(calls)
        token = cursor["token"] if cursor else None
        done = cursor["done"] if cursor else 0
        while True:
            try:
                calls.meter.calls["ListUsers"] += 1
                page = pool.page(token)
            except RefusedTokenError as error:
                raise _expired_error(self._pool_id, error) from error
            next_cursor = {"token": page.token, "done": 0} if page.token else None
            yield Page([_row(user) for user in page.users[done:]], next_cursor, _cursor_in_page(token, done))
            if page.token is None:
                return
            token, done = page.token, 0

    def read_users(self, rows: Sequence[Row]) -> list[UserRow]:
        """Read the users of some rows."""
        return [self._reader.read(row, {"sub": get_string(row, "sub") or ""}) for row in rows]

    def read_rows(self, calls: Calls, keys: Sequence[Mapping[str, str]]) -> list[Row]:
        """Read users by their subs."""
        pool = self._pool(calls)
        users = [pool.find_by_sub(key["sub"]) for key in keys if record.is_sub(key["sub"])]
        return [_row(user) for user in users if user is not None]

    def _pool(self, calls: Calls) -> PoolReader:
        return PoolReader(
            self._clients.get("cognito-idp", calls.location, self._pool_id.partition("_")[0]),
            self._pool_id,
            requests_per_second=self._document["requestsPerSecond"],
            stop=calls.stop,
            limits=self._limits,
        )


def _row(user: PoolUser) -> Row:
    return serialize_item(pool_user_document(user))


def _no_cursor(_index: int) -> Cursor:
    return {}


def _cursor_in_page(token: str | None, done: int) -> Callable[[int], Cursor]:
    return lambda index: {"token": token, "done": done + index + 1}


def _expired_error(pool_id: str, error: RefusedTokenError) -> BackfillFailedError:
    return BackfillFailedError(
        error.kind,
        f"Cognito does not accept the page token of the stopped run any more, so the pool {pool_id} can't be "
        "read from there on.\nWrite a list with `userprofiles pool list`, and make a new plan with "
        "--source pool-list:FILE. The profiles so far are kept.",
    )
