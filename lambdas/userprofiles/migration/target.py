"""Where the profiles go: which are there already, and inserts that never change an existing item."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from userprofiles.attribute_value import AttributeValue, item_size
from userprofiles.migration.calls import RETRIED, Calls
from userprofiles.migration.errors import ConditionFailedError, DeniedError, InvalidRequestError
from userprofiles.migration.plan import RUN_ID, Row
from userprofiles.migration.rule import ERASED
from userprofiles.migration.shape import PROFILE_SK, TOMBSTONE, text
from userprofiles.migration.trouble import access_denied

BATCH_READ = 100  # keys in one BatchGetItem
BATCH_INSERT = 25  # statements in one BatchExecuteStatement
BATCH_BYTES = 1024 * 1024  # of items in one batch, so that a few huge profiles don't make a request too long
REASON_LENGTH = 300

Item = Mapping[str, AttributeValue]


@dataclass(frozen=True)
class Made:
    """What became of one insert.

    Attributes:
        created: The item is there, and this run made it.
        skipped: A reason to count the user as skipped: the item in the way is an erased user's.
        failed: Why it could not be made. With none of the three the item existed.
    """

    created: bool = False
    skipped: str | None = None
    failed: str | None = None


CREATED = Made(created=True)
EXISTED = Made()


class Rights:
    """Which of the fast calls are allowed, shared by a run's threads; says once what would make it fast.

    Args:
        tell: Gets the message, once for each missing right.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self.batch_read = True
        self.batch_insert = True
        self._tell = tell
        self._lock = threading.Lock()

    def lost(self, operation: str) -> None:
        """Take note that an operation was denied."""
        with self._lock:
            if operation == "BatchGetItem" and self.batch_read:
                self.batch_read = False
                self._tell(
                    "dynamodb:BatchGetItem is denied: going on with one GetItem for each user. "
                    "With this right on the table the run would read 100 keys in a call."
                )
            elif operation == "BatchExecuteStatement" and self.batch_insert:
                self.batch_insert = False
                self._tell(
                    "dynamodb:PartiQLInsert is denied: going on with a conditional PutItem for each profile. "
                    "With this right on the table the run would insert 25 profiles in a call."
                )


class Target:
    """The profiles of one table, as one thread sees them.

    Args:
        calls: Calls on the table.
        rights: Shared by all threads of the run.
        run_id: A profile that carries it was made by this run.
    """

    def __init__(self, calls: Calls, rights: Rights, run_id: str) -> None:
        self._calls = calls
        self._table = calls.place.table
        self._rights = rights
        self._run_id = run_id

    def existing(self, keys: Iterable[str], names: Sequence[str] = ("PK",)) -> dict[str, Row]:
        """Return the profiles that are there, by PK.

        Args:
            keys: PKs of profiles, in any number; a key given twice is asked for once.
            names: The attributes wanted.

        Raises:
            CannotGoOnError: The table can't be read.
        """
        wanted = list(dict.fromkeys(keys))
        found: dict[str, Row] = {}
        while wanted:
            if self._rights.batch_read:
                batch, rest = wanted[:BATCH_READ], wanted[BATCH_READ:]
                try:
                    found |= self._read_batch(batch, names)
                except DeniedError:
                    self._rights.lost("BatchGetItem")
                    continue
            else:
                batch, rest = wanted[:1], wanted[1:]
                found |= self._read_one(batch[0], names)
            wanted = rest
        return found

    def _read_batch(self, keys: Sequence[str], names: Sequence[str]) -> dict[str, Row]:
        found: dict[str, Row] = {}
        left: list[dict[str, Any]] = [_key(key) for key in keys]
        while left:
            asked = {"Keys": left, **_projection(names)}
            response = self._calls.call("BatchGetItem", RequestItems={self._table: asked})
            rows: list[Row] = response.get("Responses", {}).get(self._table, [])
            found |= {key: row for row in rows if (key := text(row, "PK")) is not None}
            unprocessed = response.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys", [])
            if len(unprocessed) < len(left):
                self._calls.progress()
            left = unprocessed
            if left:
                self._calls.wait("UnprocessedKeys (BatchGetItem)")
        return found

    def _read_one(self, key: str, names: Sequence[str]) -> dict[str, Row]:
        try:
            response = self._calls.call("GetItem", TableName=self._table, Key=_key(key), **_projection(names))
        except DeniedError as error:
            raise access_denied("GetItem", self._calls.place) from error
        self._calls.progress()
        return {key: response["Item"]} if response.get("Item") else {}

    def insert(self, items: Sequence[Item]) -> list[Made]:
        """Insert items under the condition that nothing is there; return what became of each.

        Args:
            items: Profiles with different keys, in any number.

        Raises:
            CannotGoOnError: The table can't be written, or DynamoDB lets nothing through.
            StoppedError: A stop was asked for; some items may have been made.
        """
        made: list[Made] = []
        for batch in _batches(items):
            made += self._insert_batch(batch) if self._rights.batch_insert else self._put_all(batch)
        return made

    def _insert_batch(self, items: Sequence[Item]) -> list[Made]:
        made: dict[int, Made] = {}
        duplicates: list[int] = []
        left = list(range(len(items)))
        repeated = False
        while left:
            try:
                response = self._calls.call(
                    "BatchExecuteStatement",
                    Statements=[_statement(self._table, items[index]) for index in left],
                )
            except DeniedError:
                self._rights.lost("BatchExecuteStatement")
                made |= dict(zip(left, self._put_all([items[index] for index in left]), strict=True))
                break
            except InvalidRequestError as error:
                if len(left) == 1:
                    made[left[0]] = _failed(str(error))
                else:  # one of them spoils the whole call: find out which
                    for index in left:
                        made[index] = self._insert_batch([items[index]])[0]
                break
            repeated = repeated or response["repeated"]
            left, trouble = self._sort(response.get("Responses", []), items, left, made, duplicates)
            if left:
                repeated = True
                self._calls.wait(trouble)
        self._settle(duplicates, items, made, repeated=repeated)
        return [made[index] for index in range(len(items))]

    def _sort(
        self,
        responses: Sequence[Mapping[str, Any]],
        items: Sequence[Item],
        asked: Sequence[int],
        made: dict[int, Made],
        duplicates: list[int],
    ) -> tuple[list[int], str]:
        """Sort a batch's answers; return the statements to repeat, and why.

        A batch answers 200 with an error in each statement that failed:
            no error                     -> created
            DuplicateItem                -> something is there: settled afterwards
            throttled, broken, no answer -> repeated
            AccessDenied                 -> PartiQLInsert is missing (AWS checks it for each statement)
            anything else                -> failed, with what DynamoDB said
        """
        again: list[int] = []
        denied: list[int] = []
        trouble = "an incomplete answer (BatchExecuteStatement)"
        progress = False
        for position, index in enumerate(asked):
            if position >= len(responses):
                again.append(index)
                continue
            error = responses[position].get("Error") or {}
            code = str(error.get("Code", ""))
            if code in RETRIED:
                again.append(index)
                trouble = f"{code} (BatchExecuteStatement)"
                continue
            progress = True
            if not error:
                made[index] = CREATED
            elif code.removesuffix("Exception") in {"DuplicateItem", "ConditionalCheckFailed"}:
                duplicates.append(index)
            elif code == "AccessDenied":
                denied.append(index)
            else:
                made[index] = _failed(f"{code}: {error.get('Message', '')}")
        if progress:
            self._calls.progress()
        if denied:
            self._rights.lost("BatchExecuteStatement")
            made |= dict(zip(denied, self._put_all([items[index] for index in denied]), strict=True))
        return again, trouble

    def _settle(
        self, duplicates: Sequence[int], items: Sequence[Item], made: dict[int, Made], *, repeated: bool
    ) -> None:
        """Tell what stands in the way of each duplicate.

        sign-up between scan and insert           -> existed
        erased user's tombstone                   -> skipped
        our own item, whose answer was lost       -> created (its run id or, in the plain shape, its time)
        """
        if not duplicates:
            return
        own_shape = RUN_ID in items[duplicates[0]]
        if not own_shape and not repeated:
            made |= dict.fromkeys(duplicates, EXISTED)
            return
        keys = {index: text(items[index], "PK") or "" for index in duplicates}
        there = self.existing(keys.values(), ("PK", "entityType", RUN_ID, "createdAt"))
        for index, key in keys.items():
            row = there.get(key, {})
            if text(row, "entityType") == TOMBSTONE:
                made[index] = Made(skipped=ERASED)
            elif own_shape:
                made[index] = CREATED if text(row, RUN_ID) == self._run_id else EXISTED
            else:
                ours = text(row, "createdAt") == text(items[index], "createdAt")
                made[index] = CREATED if ours else EXISTED

    def _put_all(self, items: Sequence[Item]) -> list[Made]:
        return [self._put(item) for item in items]

    def _put(self, item: Item) -> Made:
        try:
            self._calls.call(
                "PutItem",
                TableName=self._table,
                Item=item,
                ConditionExpression="attribute_not_exists(PK)",
            )
        except ConditionFailedError as error:
            made: dict[int, Made] = {}
            self._settle([0], [item], made, repeated=error.repeated)
            return made[0]
        except DeniedError as error:
            raise access_denied("PutItem", self._calls.place) from error
        except InvalidRequestError as error:
            return _failed(str(error))
        self._calls.progress()
        return CREATED


def _failed(reason: str) -> Made:
    return Made(failed=reason[:REASON_LENGTH])


def _key(key: str) -> dict[str, AttributeValue]:
    return {"PK": {"S": key}, "SK": {"S": PROFILE_SK}}


def _projection(names: Sequence[str]) -> dict[str, Any]:
    aliases = {f"#{number}": name for number, name in enumerate(names)}
    return {"ProjectionExpression": ",".join(aliases), "ExpressionAttributeNames": aliases}


def _statement(table: str, item: Item) -> dict[str, Any]:
    """Return a PartiQL INSERT: the one statement that batches and refuses to touch what is there.

    (BatchWriteItem knows no condition and would overwrite.) Names and table are ours or checked; values are
    parameters.
    """
    names = ", ".join("'" + name.replace("'", "''") + "': ?" for name in item)
    return {"Statement": f'INSERT INTO "{table}" VALUE {{{names}}}', "Parameters": list(item.values())}


def _batches(items: Sequence[Item]) -> Iterator[list[Item]]:
    batch: list[Item] = []
    size = 0
    for item in items:
        grown = size + item_size(item)
        if batch and (len(batch) == BATCH_INSERT or grown > BATCH_BYTES):
            yield batch
            batch, grown = [], item_size(item)
        batch.append(item)
        size = grown
    if batch:
        yield batch
