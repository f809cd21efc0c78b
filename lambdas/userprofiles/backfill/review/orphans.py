"""Finds profiles without a user, after all users of the source are read."""

from collections.abc import Iterator, Sequence
from itertools import islice

from userprofiles.backfill.job import Job
from userprofiles.backfill.outcome import Outcome, UserResult
from userprofiles.backfill.review.item_reader import ItemReader
from userprofiles.backfill.review.review import Review
from userprofiles.backfill.tables.calls import Calls
from userprofiles.backfill.tables.table_scan import projection, scan
from userprofiles.backfill.tables.table_shape import TableShape, get_string, is_erased
from userprofiles.backfill.users.user_row import RUN_ID
from userprofiles.table import record

NO_USER = "the profile has no user"
_BATCH = 100


def find_orphans(calls: Calls, reader: ItemReader, job: Job, review: Review) -> Iterator[list[UserResult]]:
    """Yield the profiles without a user, in batches.

    Args:
        calls: Calls on the table.
        reader: Reads single items of the table.
        job: The task of the verification.
        review: Has all users of the source and, if the source is the table itself, its profiles.

    Raises:
        BackfillError: The table can't be read.
    """
    is_import = job.creates_accounts
    if is_import and review.sample is None:
        _add_imported_profiles(calls, job, review)
    orphans = review.orphans()
    while keys := list(islice(orphans, _BATCH)):
        items = reader.read_items(keys, tuple(record.SORT_KEYS), consistent=True)
        yield [
            UserResult(key.removeprefix(record.USER_PREFIX), Outcome.ORPHANED, NO_USER, key={"PK": key})
            for key in keys
            if "profile" in items.get(key, {})
            and not is_erased(items[key]["profile"])
            and (is_import or job.shape is TableShape.PLAIN or "account" not in items[key])
        ]


def _add_imported_profiles(calls: Calls, job: Job, review: Review) -> None:
    """Add the profiles of an import, whose source is not the table that has them."""
    for response in scan(calls, **projection(("PK", "SK", RUN_ID))):
        review.add_profiles(_imported_keys(response["Items"], job.of_run))


def _imported_keys(rows: Sequence[dict[str, dict[str, str]]], run_id: str) -> Iterator[str]:
    for row in rows:
        row_run_id = get_string(row, RUN_ID)
        is_own = row_run_id == run_id if run_id else row_run_id is not None
        key = get_string(row, "PK")
        if is_own and key is not None and get_string(row, "SK") == record.SORT_KEYS["profile"]:
            yield key
