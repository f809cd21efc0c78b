"""Inserts items in batches, and never changes an existing item."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from userprofiles.backfill.error_messages import access_denied_error
from userprofiles.backfill.errors import (
    ConditionFailedError,
    DeniedError,
    InvalidRequestError,
    ServerFaultError,
)
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.outcome import Outcome, ProfileResult
from userprofiles.backfill.tables.batch_permissions import BatchPermissions
from userprofiles.backfill.tables.calls import RETRIED, Calls
from userprofiles.backfill.tables.key_reader import ItemKey
from userprofiles.backfill.targets.insert_batch import InsertBatch, Item, insert_statement
from userprofiles.table.attribute_value import item_size
from userprofiles.table.conditions import ITEM_DOES_NOT_EXIST
from userprofiles.table.error_codes import THROTTLING_CODES

CREATED = ProfileResult(Outcome.CREATED)
EXISTED = ProfileResult(Outcome.EXISTED)

CompareExisting = Callable[[Sequence[Item], bool], list[ProfileResult | None]]
"""Returns the results for items whose keys may exist, None for an item that does not exist.

Its arguments are the items, and whether an earlier attempt of this process may have inserted them.
"""


class ItemInserter:
    """Inserts items into one table, in one thread.

    Args:
        calls: Calls on the table.
        permissions: The batch operations that the run may use.
        limits: The sizes of a batch.
        compare_existing: Decides whose item an existing one is.
    """

    def __init__(
        self,
        calls: Calls,
        permissions: BatchPermissions,
        limits: Limits,
        compare_existing: CompareExisting,
    ) -> None:
        self._calls = calls
        self._table = calls.location.table
        self._permissions = permissions
        self._limits = limits
        self._compare_existing = compare_existing

    def insert(self, items: Sequence[Item], results: dict[ItemKey, ProfileResult]) -> None:
        """Insert items on the condition that their keys don't exist.

        Args:
            items: Items with different keys, in any number.
            results: Gets the result of each item. It is right after an error, too.

        Raises:
            BackfillFailedError: The table can't be written, or no call succeeds.
            StoppedError: A stop was requested. Some items may have been created.
        """
        for batch_items in self._split_batches(items):
            batch = InsertBatch(batch_items)
            try:
                if not self._permissions.can_batch_insert:
                    self._insert_each(batch, self._put)
                elif len(batch.items) == 1:
                    self._insert_each(batch, self._insert_one)
                else:
                    self._insert_batch(batch)
            finally:
                results.update(batch.results_by_key())

    def _split_batches(self, items: Sequence[Item]) -> Iterator[list[Item]]:
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

    def _insert_batch(self, batch: InsertBatch) -> None:
        """Insert the pending items of a batch.

        Raises:
            ServerFaultError: The batch has one item, and the server fails to insert it.
        """
        while batch.pending:
            statements = [insert_statement(self._table, item) for item in batch.at(batch.pending)]
            try:
                response = self._calls.call(
                    "BatchExecuteStatement",
                    server_error_tries=self._limits.server_error_tries,
                    Statements=statements,
                )
            except DeniedError:
                self._permissions.record_denied_batch_insert()
                self._insert_each(batch, self._put)
                break
            except (InvalidRequestError, ServerFaultError) as error:
                self._isolate(batch, error)
                break
            batch.repeated |= response["repeated"]
            self._sort_responses(batch, response.get("Responses", []))
            if not self._permissions.can_batch_insert:
                self._insert_each(batch, self._put)
            self._fail_poison(batch)
            if batch.pending:
                batch.repeated = True
                first_wait_s = self._limits.server_error_wait_s if batch.server_errors else 0.0
                self._calls.wait(batch.last_problem, first_wait_s=first_wait_s)
        results = self._compare_duplicates(batch.at(batch.duplicates), repeated=batch.repeated)
        batch.results |= zip(batch.duplicates, results, strict=True)
        batch.duplicates = []

    def _isolate(self, batch: InsertBatch, error: InvalidRequestError | ServerFaultError) -> None:
        """Insert the items of a failed batch one by one, so that only the bad ones fail."""
        if isinstance(error, ServerFaultError):
            batch.repeated = True
            if len(batch.items) == 1:
                raise error
        elif len(batch.pending) == 1:
            batch.results[batch.pending[0]] = self._failed_result(str(error))
            return
        self._insert_each(batch, self._insert_one)

    def _insert_one(self, item: Item, *, repeated: bool) -> ProfileResult:
        single = InsertBatch([item], repeated=repeated)
        self._insert_batch(single)
        return single.results[0]

    def _insert_each(self, batch: InsertBatch, insert: Callable[..., ProfileResult]) -> None:
        """Insert the pending items one by one.

        An item that the server fails to insert is tried again while all others fail, too: then DynamoDB is
        down. If others succeed, or if there are no others, its user has failed.
        """
        while batch.pending:
            faults: dict[int, ServerFaultError] = {}
            for position in batch.pending:
                try:
                    batch.results[position] = insert(batch.items[position], repeated=batch.repeated)
                except ServerFaultError as fault:
                    faults[position] = fault
            batch.pending = list(faults)
            if not faults:
                return
            if batch.has_success or len(batch.items) == 1:
                self._fail(batch, faults)
                return
            batch.repeated = True
            self._calls.wait(str(next(iter(faults.values()))))

    def _fail_poison(self, batch: InsertBatch) -> None:
        """Fail the statements that the server can't execute while it executes others.

        Raises:
            ServerFaultError: The batch has one item, and the server fails to insert it.
        """
        tries = self._limits.server_error_tries
        faults = {
            position: ServerFaultError("InternalServerError", messages[-1], tries)
            for position, messages in batch.server_errors.items()
            if position in batch.pending and len(messages) >= tries
        }
        if faults and len(batch.items) == 1:
            raise faults[0]
        if faults and batch.has_success:
            self._fail(batch, faults)

    def _fail(self, batch: InsertBatch, faults: Mapping[int, ServerFaultError]) -> None:
        """Record the results for items that the server failed to insert. Some of them may exist after all."""
        existing = self._compare_existing(batch.at(list(faults)), True)
        for (position, fault), result in zip(faults.items(), existing, strict=True):
            batch.results[position] = result or self._failed_result(str(fault), fault.code)
        batch.pending = [position for position in batch.pending if position not in faults]

    def _sort_responses(self, batch: InsertBatch, responses: Sequence[Mapping[str, Any]]) -> None:
        """Sort the responses to the pending statements of a batch.

        DynamoDB answers the batch with 200, and each failed statement has an error:
            no error                             -> created
            DuplicateItem                        -> the key exists: compared afterwards
            throttled, server error, no response -> pending
            AccessDenied                         -> pending, and PartiQLInsert is denied
            any other error                      -> failed, with DynamoDB's message
        """
        pending = batch.pending[len(responses) :]
        batch.last_problem = "an incomplete response (BatchExecuteStatement)"
        has_progress = is_throttled = False
        for position, response in zip(batch.pending, responses, strict=False):
            error = response.get("Error") or {}
            code = str(error.get("Code", ""))
            if code in RETRIED:
                pending.append(position)
                is_throttled |= code in THROTTLING_CODES
                if code not in THROTTLING_CODES:
                    batch.server_errors.setdefault(position, []).append(str(error.get("Message", "")))
                batch.last_problem = f"{code} (BatchExecuteStatement)"
                continue
            has_progress = True
            if not error:
                batch.results[position] = CREATED
            elif code.removesuffix("Exception") in {"DuplicateItem", "ConditionalCheckFailed"}:
                batch.duplicates.append(position)
            elif code == "AccessDenied":
                pending.append(position)
                self._permissions.record_denied_batch_insert()
            else:
                batch.results[position] = self._failed_result(f"{code}: {error.get('Message', '')}", code)
        batch.pending = sorted(pending)
        if has_progress:
            self._calls.record_success()
        if is_throttled:
            self._calls.report_throttled()

    def _compare_duplicates(self, duplicates: Sequence[Item], *, repeated: bool) -> list[ProfileResult]:
        """Return the results for items whose keys exist. One that is deleted in the meantime has existed."""
        if not duplicates:
            return []
        return [result or EXISTED for result in self._compare_existing(duplicates, repeated)]

    def _put(self, item: Item, *, repeated: bool) -> ProfileResult:
        try:
            self._calls.call(
                "PutItem",
                server_error_tries=self._limits.server_error_tries,
                TableName=self._table,
                Item=item,
                ConditionExpression=ITEM_DOES_NOT_EXIST,
            )
        except ConditionFailedError as error:
            return self._compare_duplicates([item], repeated=repeated or error.repeated)[0]
        except DeniedError as error:
            raise access_denied_error("PutItem", self._calls.location) from error
        except InvalidRequestError as error:
            return self._failed_result(str(error))
        self._calls.record_success()
        return CREATED

    def _failed_result(self, reason: str, code: str = "ValidationException") -> ProfileResult:
        return ProfileResult(Outcome.FAILED, reason[: self._limits.reason_characters], error_code=code)
