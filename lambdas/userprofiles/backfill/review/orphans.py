"""Finds profiles without a user, after all users of the source are read."""

from collections.abc import Iterator, Sequence
from itertools import islice

from userprofiles.backfill.job import Job
from userprofiles.backfill.outcome import Outcome, UserResult
from userprofiles.backfill.review.item_reader import ItemReader
from userprofiles.backfill.review.review import Review
from userprofiles.backfill.review.run_history import parse_time
from userprofiles.backfill.tables.calls import Calls
from userprofiles.backfill.tables.table_scan import projection, scan
from userprofiles.backfill.tables.table_shape import (
    TableShape,
    get_string,
    is_erased,
    user_partition_key,
)
from userprofiles.backfill.targets.profile_writer import CREATED_AT
from userprofiles.backfill.users.user_row import RUN_ID, Row
from userprofiles.table import record

NO_USER = "the profile has no user"
PROFILE_PROJECTION = projection(("PK", "SK", RUN_ID))
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
    if job.creates_accounts and review.sample is None:
        for response in scan(calls, **PROFILE_PROJECTION):
            review.add_profiles(verified_profile_keys(job, response["Items"]))
    orphans = review.orphans()
    while keys := list(islice(orphans, _BATCH)):
        yield confirm_orphans(reader, job, keys)


def confirm_orphans(
    reader: ItemReader, job: Job, keys: Sequence[str], started_at: str = ""
) -> list[UserResult]:
    """Return which profiles are still there and have no user.

    Args:
        reader: Reads single items of the table.
        job: The task of the verification.
        keys: The PKs of profiles whose users the source does not have.
        started_at: Profiles that were created since this time are ignored, because their users may be new,
            too. Empty to ignore none.

    Raises:
        BackfillError: The table can't be read.
    """
    items = reader.read_items(keys, tuple(record.SORT_KEYS), consistent=True)
    has_no_accounts = job.creates_accounts or job.shape is TableShape.PLAIN
    return [
        UserResult(key.removeprefix(record.USER_PREFIX), Outcome.ORPHANED, NO_USER, key={"PK": key})
        for key in keys
        if "profile" in items.get(key, {})
        and not is_erased(items[key]["profile"])
        and (has_no_accounts or "account" not in items[key])
        and not (started_at and _is_since(items[key]["profile"], started_at))
    ]


def _is_since(profile: Row, started_at: str) -> bool:
    """Return whether a profile was created since a time.

    The same second is before it, because a verification often begins just after its run.
    """
    times = [parse_time(get_string(profile, name) or "") for name in CREATED_AT]
    start = parse_time(started_at)
    return start is not None and any(time > start for time in times if time)


def verified_profile_keys(job: Job, rows: Sequence[Row]) -> Iterator[str]:
    """Yield the PKs of the profiles among some rows. After an import, only those of imported users count.

    Args:
        job: The task of the verification.
        rows: Rows of the table with the attributes of `PROFILE_PROJECTION`.
    """
    for row in rows:
        run_id = get_string(row, RUN_ID)
        is_own = run_id == job.of_run if job.of_run else run_id is not None
        key = user_partition_key(row)
        if key is None or get_string(row, "SK") != record.SORT_KEYS["profile"]:
            continue
        if is_own or not job.creates_accounts:
            yield key
