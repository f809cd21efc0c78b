"""Inserts profiles, and never changes an existing item."""

from collections.abc import Sequence

from userprofiles.backfill.limits import Limits
from userprofiles.backfill.outcome import Outcome, ProfileResult
from userprofiles.backfill.tables.batch_permissions import BatchPermissions
from userprofiles.backfill.tables.calls import Calls
from userprofiles.backfill.tables.table_shape import get_string, is_erased
from userprofiles.backfill.targets.insert_batch import Item
from userprofiles.backfill.targets.item_inserter import CREATED, EXISTED, ItemInserter
from userprofiles.backfill.targets.profile_reader import ProfileReader
from userprofiles.backfill.users.skip_rule import ERASED
from userprofiles.backfill.users.user_row import ROW_DIGEST, RUN_ID, Row

# The attributes in which the templates keep the time of creation.
CREATED_AT = ("createdAt", "created_at")


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
        self._reader = reader
        self._run_id = run_id
        self._inserter = ItemInserter(calls, permissions, limits, self._compare_existing)

    def insert(self, items: Sequence[Item], results: dict[str, ProfileResult]) -> None:
        """Insert items on the condition that their keys don't exist.

        Args:
            items: Profiles with different keys, in any number.
            results: Gets the result of each item by PK. It is right after an error, too.

        Raises:
            BackfillFailedError: The table can't be written, or no call succeeds.
            StoppedError: A stop was requested. Some items may have been created.
        """
        results_by_key: dict[tuple[str, str], ProfileResult] = {}
        try:
            self._inserter.insert(items, results_by_key)
        finally:
            results.update({partition: result for (partition, _), result in results_by_key.items()})

    def _compare_existing(self, items: Sequence[Item], repeated: bool) -> list[ProfileResult | None]:
        """Return the results for items whose keys may exist.

        They depend on the existing item:
            a profile of a sign-up between scan and insert -> existed
            the tombstone of an erased user                -> skipped
            our own item, whose response was lost          -> created

        Our own item has the same run ID or, in the plain shape after a repeated attempt, the same time of
        creation.
        """
        keys = [get_string(item, "PK") or "" for item in items]
        rows = self._reader.read_profiles(keys, ("PK", "entityType", RUN_ID, ROW_DIGEST, *CREATED_AT))
        return [
            self._compare(item, rows[key], repeated=repeated) if key in rows else None
            for item, key in zip(items, keys, strict=True)
        ]

    def _compare(self, item: Item, row: Row, *, repeated: bool) -> ProfileResult:
        if is_erased(row):
            return ProfileResult(Outcome.SKIPPED, ERASED)
        if RUN_ID in item:
            # A profile from another row of the same user, in another segment, is that segment's.
            is_same_row = get_string(row, ROW_DIGEST) == get_string(item, ROW_DIGEST)
            is_ours = get_string(row, RUN_ID) == self._run_id and is_same_row
        else:
            is_ours = repeated and any(
                name in item and get_string(row, name) == get_string(item, name) for name in CREATED_AT
            )
        return CREATED if is_ours else EXISTED
