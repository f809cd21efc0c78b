"""Inserts profiles, and never changes an existing item."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from userprofiles.backfill.batch_permissions import BatchPermissions
from userprofiles.backfill.calls import RETRIED, Calls
from userprofiles.backfill.error_messages import access_denied_error
from userprofiles.backfill.errors import ConditionFailedError, DeniedError, InvalidRequestError
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.outcome import Outcome, ProfileResult
from userprofiles.backfill.profile_reader import ProfileReader
from userprofiles.backfill.skip_rule import ERASED
from userprofiles.backfill.table_shape import get_string, is_erased
from userprofiles.backfill.user_row import ROW_DIGEST, RUN_ID, Row
from userprofiles.table.attribute_value import AttributeValue, item_size
from userprofiles.table.conditions import ITEM_DOES_NOT_EXIST
from userprofiles.table.error_codes import THROTTLING_CODES

Item = Mapping[str, AttributeValue]

CREATED = ProfileResult(Outcome.CREATED)
EXISTED = ProfileResult(Outcome.EXISTED)

# The attributes in which the templates keep the time of creation.
CREATED_AT = ("createdAt", "created_at")


class _Batch:
    """The progress of one batch of inserts.

    Attributes:
        items: The profiles.
        results: The results of the finished profiles, by their position in `items`.
        duplicates: The positions of the profiles whose key already exists; the existing item is not read yet.
        pending: The positions of the profiles that must still be inserted.
        last_problem: Why the last pending profile was not inserted, for a message.
    """

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = items
        self.results: dict[int, ProfileResult] = {}
        self.duplicates: list[int] = []
        self.pending = list(range(len(items)))
        self.last_problem = ""

    def at(self, positions: Sequence[int]) -> list[Item]:
        """Return the items at these positions."""
        return [self.items[position] for position in positions]

    def results_by_key(self) -> dict[str, ProfileResult]:
        """Return the results of the finished profiles by PK."""
        return {get_string(self.items[n], "PK") or "": result for n, result in self.results.items()}


class ProfileWriter:
    """Inserts the profiles of one table, in one thread.

    Args:
        calls: Calls on the table.
        permissions: The batch operations that the run may use.
        reader: Reads the existing item after a failed condition.
        run_id: The ID of the run. A profile with it was created by this run.
        limits: The sizes of a batch.
    """

    def __init__(
        self, calls: Calls, permissions: BatchPermissions, reader: ProfileReader, run_id: str, limits: Limits
    ) -> None:
        self._calls = calls
        self._table = calls.location.table
        self._permissions = permissions
        self._reader = reader
        self._run_id = run_id
        self._limits = limits

    def insert(self, items: Sequence[Item], results: dict[str, ProfileResult]) -> None:
        """Insert items on the condition that their keys don't exist.

        Args:
            items: Profiles with different keys, in any number.
            results: Gets the result of each item by PK. It is right after an error, too.

        Raises:
            BackfillFailedError: The table can't be written, or no call succeeds.
            StoppedError: A stop was requested. Some items may have been created.
        """
        for batch_items in self._split_batches(items):
            batch = _Batch(batch_items)
            try:
                if self._permissions.can_batch_insert:
                    self._insert_batch(batch)
                else:
                    self._put_all(batch, batch.pending)
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

    def _insert_batch(self, batch: _Batch) -> None:
        repeated = False
        while batch.pending:
            statements = [_statement(self._table, item) for item in batch.at(batch.pending)]
            try:
                response = self._calls.call("BatchExecuteStatement", Statements=statements)
            except DeniedError:
                self._permissions.record_denied_batch_insert()
                self._put_all(batch, batch.pending)
                break
            except InvalidRequestError as error:
                self._insert_one_by_one(batch, error)
                break
            repeated = repeated or response["repeated"]
            self._sort_responses(batch, response.get("Responses", []))
            if batch.pending:
                repeated = True
                self._calls.wait(batch.last_problem)
        results = self._compare_duplicates(batch.at(batch.duplicates), repeated=repeated)
        batch.results |= zip(batch.duplicates, results, strict=True)

    def _insert_one_by_one(self, batch: _Batch, error: InvalidRequestError) -> None:
        """Insert the items of an invalid batch one by one, so that only the invalid one fails."""
        if len(batch.pending) == 1:
            batch.results[batch.pending[0]] = self._failed_result(str(error))
            return
        for position in batch.pending:
            single = _Batch(batch.at([position]))
            self._insert_batch(single)
            batch.results[position] = single.results[0]

    def _sort_responses(self, batch: _Batch, responses: Sequence[Mapping[str, Any]]) -> None:
        """Sort the responses to the pending statements of a batch.

        DynamoDB answers the batch with 200, and each failed statement has an error:
            no error                             -> created
            DuplicateItem                        -> the key exists: compared afterwards
            throttled, server error, no response -> pending
            AccessDenied                         -> PartiQLInsert is denied (AWS checks it for each statement)
            any other error                      -> failed, with DynamoDB's message
        """
        pending = batch.pending[len(responses) :]
        batch.last_problem = "an incomplete response (BatchExecuteStatement)"
        denied: list[int] = []
        has_progress = is_throttled = False
        for position, response in zip(batch.pending, responses, strict=False):
            error = response.get("Error") or {}
            code = str(error.get("Code", ""))
            if code in RETRIED:
                pending.append(position)
                is_throttled |= code in THROTTLING_CODES
                batch.last_problem = f"{code} (BatchExecuteStatement)"
                continue
            has_progress = True
            if not error:
                batch.results[position] = CREATED
            elif code.removesuffix("Exception") in {"DuplicateItem", "ConditionalCheckFailed"}:
                batch.duplicates.append(position)
            elif code == "AccessDenied":
                denied.append(position)
            else:
                batch.results[position] = self._failed_result(f"{code}: {error.get('Message', '')}", code)
        batch.pending = sorted(pending)
        if has_progress:
            self._calls.record_success()
        if is_throttled:
            self._calls.report_throttled()
        if denied:
            self._permissions.record_denied_batch_insert()
            self._put_all(batch, denied)

    def _compare_duplicates(self, duplicates: Sequence[Item], *, repeated: bool) -> list[ProfileResult]:
        """Return the results for items whose keys exist.

        They depend on the existing item:
            a profile of a sign-up between scan and insert -> existed
            the tombstone of an erased user                -> skipped
            our own item, whose response was lost          -> created

        Our own item has the same run ID or, in the plain shape, the same time of creation.
        """
        if not duplicates:
            return []
        if RUN_ID not in duplicates[0] and not repeated:
            return [EXISTED] * len(duplicates)
        keys = [get_string(item, "PK") or "" for item in duplicates]
        rows = self._reader.read_profiles(keys, ("PK", "entityType", RUN_ID, ROW_DIGEST, *CREATED_AT))
        return [self._compare(item, rows.get(key, {})) for key, item in zip(keys, duplicates, strict=True)]

    def _compare(self, item: Item, row: Row) -> ProfileResult:
        if is_erased(row):
            return ProfileResult(Outcome.SKIPPED, ERASED)
        if RUN_ID in item:
            # A profile from another row of the same user, in another segment, is that segment's.
            is_same_row = get_string(row, ROW_DIGEST) == get_string(item, ROW_DIGEST)
            is_ours = get_string(row, RUN_ID) == self._run_id and is_same_row
        else:
            is_ours = any(
                name in item and get_string(row, name) == get_string(item, name) for name in CREATED_AT
            )
        return CREATED if is_ours else EXISTED

    def _put_all(self, batch: _Batch, positions: Sequence[int]) -> None:
        for position in positions:
            batch.results[position] = self._put(batch.items[position])

    def _put(self, item: Item) -> ProfileResult:
        try:
            self._calls.call(
                "PutItem",
                TableName=self._table,
                Item=item,
                ConditionExpression=ITEM_DOES_NOT_EXIST,
            )
        except ConditionFailedError as error:
            return self._compare_duplicates([item], repeated=error.repeated)[0]
        except DeniedError as error:
            raise access_denied_error("PutItem", self._calls.location) from error
        except InvalidRequestError as error:
            return self._failed_result(str(error))
        self._calls.record_success()
        return CREATED

    def _failed_result(self, reason: str, code: str = "ValidationException") -> ProfileResult:
        return ProfileResult(Outcome.FAILED, reason[: self._limits.reason_characters], error_code=code)


def _statement(table: str, item: Item) -> dict[str, Any]:
    """Return a PartiQL INSERT, the only batch statement that never changes an existing item.

    (BatchWriteItem has no conditions and would overwrite.) The attribute names come from our code, the table
    name has been validated, and the values are parameters.
    """
    names = ", ".join("'" + name.replace("'", "''") + "': ?" for name in item)
    return {"Statement": f'INSERT INTO "{table}" VALUE {{{names}}}', "Parameters": list(item.values())}
