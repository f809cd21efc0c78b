"""Removes the profiles of users who were deleted at the same moment, in a table of the plain shape.

In this shape, nothing remains of a deleted user. A user can be deleted after the scan has read the row and
before the insert creates the profile. A condition on another item is only possible in a transaction, which
costs twice the write units. So the rows of a chunk are read again after its inserts:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from userprofiles.backfill.errors import BackfillError, BackfillFailedError, ConditionFailedError, ErrorKind
from userprofiles.backfill.job import Job
from userprofiles.backfill.outcome import Outcome, ProfileResult, UserResult
from userprofiles.backfill.review.item_reader import ItemReader
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.backfill.sources.source import Source
from userprofiles.backfill.tables.calls import Calls
from userprofiles.backfill.tables.table_scan import projection, segment_parameters
from userprofiles.backfill.tables.table_scan import scan as scan_table
from userprofiles.backfill.tables.table_shape import get_string
from userprofiles.backfill.targets.item_inserter import CREATED
from userprofiles.backfill.targets.item_remover import ItemRemover
from userprofiles.backfill.targets.pending_inserts import PendingInserts
from userprofiles.backfill.targets.profile_builder import ProfileBuilder
from userprofiles.backfill.targets.profile_writer import CREATED_AT
from userprofiles.backfill.users.skip_rule import DELETED
from userprofiles.backfill.users.user_row import COPIED_FIELDS, ROW_ATTRIBUTES, Row, UserRow, row_key
from userprofiles.table import record
from userprofiles.table.attribute_value import serialize_item

_PAGES = 2
_ATTRIBUTES = tuple(name for name in ROW_ATTRIBUTES if name not in (*COPIED_FIELDS, "email"))

NOT_REMOVED = (
    "the user was deleted during the run, and the new profile could not be removed: dynamodb:DeleteItem and "
    "dynamodb:ConditionCheckItem are required. Delete the profile yourself"
)

RowKey = tuple[str | None, str | None]


def rows_to_read_again(rows: int) -> int:
    """Return the rows in a page of the second scan of a chunk. The new profiles are rows, too."""
    return rows + rows // 8 + 10


class DeletedUsers:
    """Removes new profiles whose user was deleted. One object serves one thread.

    A profile is only removed if it is as the run created it, and if the user's row does not exist. So the
    profile of a user who signed up again stays.

    The protection has limits:

    * An application that deletes the profile first and the row later is not covered if both the insert and
      the second read happen between its two calls. `userprofiles backfill verify` finds such profiles.
    * If a user has several rows that are far apart, the profile depends on the row from which it was created.

    Args:
        job: The task, with a table of the plain shape.
        source: Reads the users.
        builder: Builds the profiles of the run.
        calls: The calls of this thread.
        reader: Reads profiles with all their attributes.
        remover: Deletes unchanged profiles.
        is_retry: Whether the rows are single ones, and not those of a segment.
    """

    def __init__(
        self,
        job: Job,
        source: Source,
        builder: ProfileBuilder,
        calls: Calls,
        *,
        reader: ItemReader,
        remover: ItemRemover,
        is_retry: bool,
    ) -> None:
        self._job = job
        self._source = source
        self._builder = builder
        self._calls = calls
        self._reader = reader
        self._remover = remover
        self._is_retry = is_retry

    def undo_inserts(
        self,
        state: SegmentState,
        rows: Sequence[Row],
        users: Sequence[UserRow],
        moment: datetime,
        results: dict[str, ProfileResult],
    ) -> None:
        """Remove the new profiles of users who have been deleted, or who have become users to skip.

        Args:
            state: The progress of the segment before the chunk.
            rows: The rows of the chunk.
            users: Its users.
            moment: The time of creation of the profiles.
            results: The results of the inserts by PK. After an error, those of the new profiles are missing:
                they are not counted yet.

        Raises:
            BackfillError: The table can't be read or written.
        """
        created: dict[str, list[UserRow]] = {}
        for user in users:
            if user.profile_key and results.get(user.profile_key) == CREATED:
                created.setdefault(user.profile_key, []).append(user)
        try:
            current_rows = self._read_again(state, len(rows), created) if created else {}
            current_users = self._source.read_users(list(current_rows.values()))
            active_keys = {
                record.partition_key(user.user_id) for user in current_users if not user.skip_reason
            }
            reasons = {
                record.partition_key(user.user_id): user.skip_reason
                for user in current_users
                if user.skip_reason
            }
            for key in created.keys() - active_keys:
                reason = reasons.get(key, DELETED)
                results[key] = self._undo_insert(created[key], current_rows, moment, reason)
        except BackfillError:
            for key in created:
                results.pop(key, None)
            raise

    def _undo_insert(
        self, users: Sequence[UserRow], current_rows: Mapping[RowKey, Row], moment: datetime, reason: str
    ) -> ProfileResult:
        item = self._builder.build_item(users[0], record.timestamp(moment))
        absent_keys = [serialize_item(user.key) for user in users if _key(user.key) not in current_rows]
        try:
            self._remover.remove([item], absent_keys=absent_keys)
        except ConditionFailedError:
            return CREATED  # the user or the profile has changed again: the last change wins
        except BackfillFailedError as error:
            if error.kind is not ErrorKind.RIGHTS:
                raise
            is_gone = not self._reader.read_items([users[0].profile_key], ["profile"], consistent=True)
            return CREATED if is_gone else ProfileResult(Outcome.FAILED, NOT_REMOVED)
        return ProfileResult(Outcome.SKIPPED, reason)

    def _read_again(
        self, state: SegmentState, rows: int, created: Mapping[str, Sequence[UserRow]]
    ) -> dict[RowKey, Row]:
        """Return the rows of these users that still exist, by key. All earlier writes have an effect.

        A scan of the same part of the segment costs much less than to read each row. A row can be missing in
        the result, because the new profiles are rows, too. Then the condition of the delete decides.
        """
        if self._is_retry:
            row_keys = [user.key for users in created.values() for user in users]
            return {_key(row_key(row)): row for row in self._source.read_rows(self._calls, row_keys)}
        keys = {_key(user.key) for users in created.values() for user in users}
        current_rows: dict[RowKey, Row] = {}
        parameters = segment_parameters(state.segment, self._job.segments, rows_to_read_again(rows))
        parameters |= projection(_ATTRIBUTES)
        pages = scan_table(self._calls, state.cursor, ConsistentRead=True, **parameters)
        for _, page in zip(range(_PAGES), pages, strict=False):
            rows_by_key = {(row["PK"]["S"], row["SK"]["S"]): row for row in page["Items"]}
            current_rows |= {key: rows_by_key[key] for key in keys & rows_by_key.keys()}
            if len(current_rows) == len(keys):
                break
        return current_rows

    def undo_pending(self, inserts: PendingInserts, counted_keys: Iterable[str]) -> list[UserResult]:
        """Remove the profiles that a killed session created for users who have been deleted since.

        Their rows are missing, so the resumed session does not count them.

        Args:
            inserts: The planned inserts of a finished segment.
            counted_keys: The PKs of the users of the last chunk.

        Returns:
            The failures.

        Raises:
            BackfillError: The table can't be read or written.
        """
        keys = inserts.keys() - set(counted_keys)
        if self._is_retry or not keys:
            return []
        failures = []
        items = self._reader.read_items(sorted(keys), ["profile"], consistent=True)
        for key, profile in ((key, item["profile"]) for key, item in items.items()):
            if not self._is_new(profile, inserts):
                continue
            try:
                self._remover.remove([profile])
            except ConditionFailedError:
                continue
            except BackfillFailedError as error:
                if error.kind is not ErrorKind.RIGHTS:
                    raise
                user_id = key.removeprefix(record.USER_PREFIX)
                failures.append(UserResult(user_id, Outcome.FAILED, NOT_REMOVED, key=row_key(profile)))
        return failures

    def _is_new(self, profile: Row, inserts: PendingInserts) -> bool:
        """Return whether a profile is as a planned insert created it. Its row had the copied fields."""
        key = get_string(profile, "PK") or ""
        user = UserRow(key.removeprefix(record.USER_PREFIX), profile_key=key)
        user.copied_fields = {name: profile[name] for name in COPIED_FIELDS if name in profile}
        times = {time for name in CREATED_AT if (time := get_string(profile, name))}
        return any(
            inserts.contains(key, time) and self._builder.build_item(user, time) == profile for time in times
        )


def _key(key: Mapping[str, str]) -> RowKey:
    return key.get("PK"), key.get("SK")
