"""Reads the profiles that exist."""

from collections.abc import Iterable, Sequence
from typing import Any

from userprofiles.backfill.error_messages import access_denied_error
from userprofiles.backfill.errors import DeniedError
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.tables.batch_permissions import BatchPermissions
from userprofiles.backfill.tables.calls import Calls
from userprofiles.backfill.tables.table_scan import projection
from userprofiles.backfill.tables.table_shape import get_string
from userprofiles.backfill.users.user_row import Row
from userprofiles.table import record
from userprofiles.table.attribute_value import AttributeValue
from userprofiles.template_check import ItemKind


class ProfileReader:
    """Reads the profiles of one table, in one thread.

    Args:
        calls: Calls on the table.
        permissions: The batch operations that the run may use.
        limits: The size of a batch.
        kind: Which item of each user is read.
    """

    def __init__(
        self, calls: Calls, permissions: BatchPermissions, limits: Limits, kind: ItemKind = "profile"
    ) -> None:
        self._sort_key = record.SORT_KEYS[kind]
        self._calls = calls
        self._table = calls.location.table
        self._permissions = permissions
        self._batch_keys = limits.read_batch_keys

    def read_profiles(self, keys: Iterable[str], names: Sequence[str]) -> dict[str, Row]:
        """Return the existing profiles by PK.

        Args:
            keys: The PKs of profiles, in any number. A repeated key is read once.
            names: The attributes to read. They must include PK.

        Raises:
            BackfillFailedError: The table can't be read.
        """
        pending = list(dict.fromkeys(keys))
        profiles: dict[str, Row] = {}
        while pending:
            if self._permissions.can_batch_read:
                batch = pending[: self._batch_keys]
                try:
                    profiles |= self._read_batch(batch, names)
                except DeniedError:
                    self._permissions.record_denied_batch_read()
                    continue
            else:
                batch = pending[:1]
                profiles |= self._read_one(batch[0], names)
            pending = pending[len(batch) :]
        return profiles

    def _read_batch(self, keys: Sequence[str], names: Sequence[str]) -> dict[str, Row]:
        profiles: dict[str, Row] = {}
        pending: list[dict[str, Any]] = [self._key(key) for key in keys]
        while pending:
            request = {"Keys": pending, **projection(names)}
            response = self._calls.call("BatchGetItem", RequestItems={self._table: request})
            rows: list[Row] = response.get("Responses", {}).get(self._table, [])
            profiles |= {key: row for row in rows if (key := get_string(row, "PK")) is not None}
            unprocessed = response.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys", [])
            if len(unprocessed) < len(pending):
                self._calls.record_success()
            pending = unprocessed
            if pending:
                self._calls.wait("UnprocessedKeys (BatchGetItem)")
        return profiles

    def _read_one(self, key: str, names: Sequence[str]) -> dict[str, Row]:
        try:
            response = self._calls.call(
                "GetItem", TableName=self._table, Key=self._key(key), **projection(names)
            )
        except DeniedError as error:
            raise access_denied_error("GetItem", self._calls.location) from error
        self._calls.record_success()
        return {key: response["Item"]} if response.get("Item") else {}

    def _key(self, key: str) -> dict[str, AttributeValue]:
        return {"PK": {"S": key}, "SK": {"S": self._sort_key}}
