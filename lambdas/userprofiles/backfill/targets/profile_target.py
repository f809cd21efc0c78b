"""Writes profiles into the table that has the users."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from userprofiles.backfill.job import Job
from userprofiles.backfill.outcome import Outcome, ProfileResult
from userprofiles.backfill.sources.source import Page
from userprofiles.backfill.tables.table_shape import TableShape, get_string, is_erased, user_partition_key
from userprofiles.backfill.targets.item_inserter import CREATED, EXISTED
from userprofiles.backfill.targets.profile_builder import ProfileBuilder, too_large, write_units
from userprofiles.backfill.targets.profile_reader import ProfileReader
from userprofiles.backfill.targets.profile_writer import CREATED_AT, ProfileWriter
from userprofiles.backfill.users.skip_rule import ERASED
from userprofiles.backfill.users.user_row import RUN_ID, Row, UserRow
from userprofiles.table import record


class ProfileTarget:
    """Writes the profile of each user into the user's partition.

    Args:
        job: The task, with the table's shape.
        builder: Builds the profiles.
        reader: Reads profiles.
        writer: Inserts profiles.
    """

    def __init__(
        self, job: Job, builder: ProfileBuilder, reader: ProfileReader, writer: ProfileWriter
    ) -> None:
        self._job = job
        self._builder = builder
        self._reader = reader
        self._writer = writer
        self._page: Page | None = None
        self._page_profiles: dict[str, Row] = {}

    def read_existing(self, keys: Sequence[str], page: Page) -> Mapping[str, Row]:
        """Return the existing profiles by PK.

        In the stack shape, the page itself has them, because a profile follows its account. Only the profile
        of the page's last account may be on the next page.
        """
        if self._job.shape is TableShape.PLAIN:
            return self._reader.read_profiles(keys, ("PK", "entityType", *CREATED_AT))
        if page is not self._page:
            self._page, self._page_profiles = page, _profiles_by_key(page)
        profiles = self._page_profiles
        last_key = get_string(page.rows[-1], "PK") if page.next_cursor and page.rows else None
        missing = [key for key in keys if key == last_key and key not in profiles]
        return {**profiles, **self._reader.read_profiles(missing, ("PK", "entityType", RUN_ID))}

    def insert_missing(
        self,
        users: Sequence[UserRow],
        existing: Mapping[str, Row],
        moment: datetime,
        results: dict[str, ProfileResult],
    ) -> None:
        """Insert the missing profiles, or none in a dry run."""
        created_at = record.timestamp(moment)
        items: dict[str, Mapping[str, Any]] = {}
        for user in users:
            key = user.profile_key
            if not key or key in existing or key in items or key in results:
                continue
            item = self._builder.build_item(user, created_at)
            reason = too_large(item)
            if reason:
                results[key] = ProfileResult(Outcome.FAILED, reason)
            else:
                items[key] = item
        if self._job.dry_run:
            results |= {
                key: ProfileResult(Outcome.CREATED, write_units=write_units(item))
                for key, item in items.items()
            }
        else:
            self._writer.insert(list(items.values()), results)

    def existing_result(self, profile: Row) -> ProfileResult:
        """Return the result for a user whose profile exists."""
        if is_erased(profile):
            return ProfileResult(Outcome.SKIPPED, ERASED)
        # This run created it before it was stopped or killed, and has not counted it yet.
        is_ours = get_string(profile, RUN_ID) == self._job.run_id and not self._job.dry_run
        return CREATED if is_ours else EXISTED


def _profiles_by_key(page: Page) -> dict[str, Row]:
    profile_rows = [row for row in page.rows if get_string(row, "SK") == record.SORT_KEYS["profile"]]
    return {key: row for row in profile_rows if (key := user_partition_key(row)) is not None}
