"""Inserts profiles, and never changes an existing item."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from userprofiles.backfill.calls import RETRIED, Calls
from userprofiles.backfill.error_messages import access_denied
from userprofiles.backfill.errors import ConditionFailedError, DeniedError, InvalidRequestError
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.outcome import Outcome, ProfileResult
from userprofiles.backfill.permissions import Rights
from userprofiles.backfill.plan import RUN_ID, Row
from userprofiles.backfill.profile_reader import ProfileReader
from userprofiles.backfill.skip_rule import ERASED
from userprofiles.backfill.table_shape import is_erased, text
from userprofiles.table.attribute_value import AttributeValue, item_size
from userprofiles.table.conditions import ITEM_DOES_NOT_EXIST

Item = Mapping[str, AttributeValue]

CREATED = ProfileResult(Outcome.CREATED)
EXISTED = ProfileResult(Outcome.EXISTED)


class _Batch:
    """One batch of inserts while it is carried out.

    Attributes:
        items: The profiles.
        results: What happened to those that are finished, by their position in `items`.
        duplicates: Positions of those whose key is taken; what took it is not read yet.
        pending: Positions of those that still have to be inserted.
        trouble: What stopped the last of them, for a message.
    """

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = items
        self.results: dict[int, ProfileResult] = {}
        self.duplicates: list[int] = []
        self.pending = list(range(len(items)))
        self.trouble = ""

    def at(self, positions: Sequence[int]) -> list[Item]:
        """Return the items at these positions."""
        return [self.items[position] for position in positions]

    def finish(self, positions: Sequence[int], results: Sequence[ProfileResult]) -> None:
        """Keep the results of the items at these positions."""
        self.results |= zip(positions, results, strict=True)


class ProfileWriter:
    """Inserts the profiles of one table, in one thread.

    Args:
        calls: Calls on the table.
        rights: Shared by all threads of the run.
        reader: Reads what is in the way of an insert.
        run_id: A profile that has it was created by this run.
        limits: The sizes of a batch.
    """

    def __init__(
        self, calls: Calls, rights: Rights, reader: ProfileReader, run_id: str, limits: Limits
    ) -> None:
        self._calls = calls
        self._table = calls.place.table
        self._rights = rights
        self._reader = reader
        self._run_id = run_id
        self._limits = limits

    def insert(self, items: Sequence[Item]) -> list[ProfileResult]:
        """Insert items under the condition that their keys are free; return what happened to each.

        Args:
            items: Profiles with different keys, in any number.

        Raises:
            CannotGoOnError: The table can't be written, or DynamoDB lets nothing through.
            StoppedError: A stop was requested; some items may have been created.
        """
        results: list[ProfileResult] = []
        for batch in self._batches(items):
            results += self._insert_batch(batch) if self._rights.batch_insert else self._put_all(batch)
        return results

    def _batches(self, items: Sequence[Item]) -> Iterator[list[Item]]:
        batch: list[Item] = []
        batch_bytes = 0
        for item in items:
            size = item_size(item)
            is_full = len(batch) == self._limits.insert_batch_items
            if batch and (is_full or batch_bytes + size > self._limits.insert_batch_bytes):
                yield batch
                batch, batch_bytes = [], 0
            batch.append(item)
            batch_bytes += size
        if batch:
            yield batch

    def _insert_batch(self, items: Sequence[Item]) -> list[ProfileResult]:
        batch = _Batch(items)
        repeated = False
        while batch.pending:
            statements = [_statement(self._table, item) for item in batch.at(batch.pending)]
            try:
                response = self._calls.call("BatchExecuteStatement", Statements=statements)
            except DeniedError:
                self._rights.lose_batch_insert()
                batch.finish(batch.pending, self._put_all(batch.at(batch.pending)))
                break
            except InvalidRequestError as error:
                batch.finish(batch.pending, self._insert_one_by_one(batch.at(batch.pending), error))
                break
            repeated = repeated or response["repeated"]
            self._sort(batch, response.get("Responses", []))
            if batch.pending:
                repeated = True
                self._calls.wait(batch.trouble)
        existing = self._examine(batch.at(batch.duplicates), repeated=repeated)
        batch.finish(batch.duplicates, existing)
        return [batch.results[position] for position in range(len(items))]

    def _insert_one_by_one(self, items: Sequence[Item], error: InvalidRequestError) -> list[ProfileResult]:
        """Insert the items of an invalid batch one by one, so that only the invalid one fails."""
        if len(items) == 1:
            return [self._failed(str(error))]
        return [self._insert_batch([item])[0] for item in items]

    def _sort(self, batch: _Batch, responses: Sequence[Mapping[str, Any]]) -> None:
        """Sort the answers to a batch's pending statements.

        A batch answers 200 with an error in each statement that failed:
            no error                     -> created
            DuplicateItem                -> the key is taken: examined afterwards
            throttled, broken, no answer -> pending
            AccessDenied                 -> PartiQLInsert is missing (AWS checks it for each statement)
            anything else                -> failed, with DynamoDB's message
        """
        pending = batch.pending[len(responses) :]
        batch.trouble = "an incomplete answer (BatchExecuteStatement)"
        denied: list[int] = []
        progress = False
        for position, response in zip(batch.pending, responses, strict=False):
            error = response.get("Error") or {}
            code = str(error.get("Code", ""))
            if code in RETRIED:
                pending.append(position)
                batch.trouble = f"{code} (BatchExecuteStatement)"
                continue
            progress = True
            if not error:
                batch.results[position] = CREATED
            elif code.removesuffix("Exception") in {"DuplicateItem", "ConditionalCheckFailed"}:
                batch.duplicates.append(position)
            elif code == "AccessDenied":
                denied.append(position)
            else:
                batch.results[position] = self._failed(f"{code}: {error.get('Message', '')}")
        batch.pending = sorted(pending)
        if progress:
            self._calls.progress()
        if denied:
            self._rights.lose_batch_insert()
            batch.finish(denied, self._put_all(batch.at(denied)))

    def _examine(self, duplicates: Sequence[Item], *, repeated: bool) -> list[ProfileResult]:
        """Return what happened to items whose keys are taken, by what took them.

        a sign-up between scan and insert         -> existed
        the tombstone of an erased user           -> skipped
        our own item, whose answer was lost       -> created (by its run id or, in the plain shape, its time)
        """
        if not duplicates:
            return []
        if RUN_ID not in duplicates[0] and not repeated:
            return [EXISTED] * len(duplicates)
        keys = [text(item, "PK") or "" for item in duplicates]
        rows = self._reader.existing(keys, ("PK", "entityType", RUN_ID, "createdAt"))
        return [self._compare(item, rows.get(key, {})) for key, item in zip(keys, duplicates, strict=True)]

    def _compare(self, item: Item, row: Row) -> ProfileResult:
        if is_erased(row):
            return ProfileResult(Outcome.SKIPPED, ERASED)
        if RUN_ID in item:
            is_ours = text(row, RUN_ID) == self._run_id
        else:
            is_ours = text(row, "createdAt") == text(item, "createdAt")
        return CREATED if is_ours else EXISTED

    def _put_all(self, items: Sequence[Item]) -> list[ProfileResult]:
        return [self._put(item) for item in items]

    def _put(self, item: Item) -> ProfileResult:
        try:
            self._calls.call(
                "PutItem",
                TableName=self._table,
                Item=item,
                ConditionExpression=ITEM_DOES_NOT_EXIST,
            )
        except ConditionFailedError as error:
            return self._examine([item], repeated=error.repeated)[0]
        except DeniedError as error:
            raise access_denied("PutItem", self._calls.place) from error
        except InvalidRequestError as error:
            return self._failed(str(error))
        self._calls.progress()
        return CREATED

    def _failed(self, reason: str) -> ProfileResult:
        return ProfileResult(Outcome.FAILED, reason[: self._limits.reason_characters])


def _statement(table: str, item: Item) -> dict[str, Any]:
    """Return a PartiQL INSERT, the only batch statement that refuses to change an existing item.

    (BatchWriteItem has no conditions and would overwrite.) The names and the table are ours or checked; the
    values are parameters.
    """
    names = ", ".join("'" + name.replace("'", "''") + "': ?" for name in item)
    return {"Statement": f'INSERT INTO "{table}" VALUE {{{names}}}', "Parameters": list(item.values())}
