"""What the ledger knows about a former run: its task, its counts, and which profiles it created."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from userprofiles.backfill.job import TABLE_SOURCE, Job
from userprofiles.backfill.table_shape import TableShape, get_string
from userprofiles.backfill.user_row import RUN_ID, Row
from userprofiles.jobs.key_hashes import KeyHashes
from userprofiles.jobs.ledger import Ledger


@dataclass(frozen=True)
class RunHistory:
    """A former run.

    Attributes:
        job: The task of the run.
        counts: The users of the run by outcome, as its record has them.
        keys: The PKs of the profiles that the run created in a table of the plain shape, where a profile has
            no mark of the run. Empty for another target.
    """

    job: Job
    counts: Mapping[str, Any] = field(default_factory=dict)
    keys: KeyHashes = field(default_factory=KeyHashes)

    @property
    def created(self) -> int:
        """The number of profiles that the run created."""
        return int(self.counts.get("created", 0))

    def has_created(self, item: Row) -> bool:
        """Return whether the run created an item."""
        if marks_items(self.job):
            return get_string(item, RUN_ID) == self.job.run_id
        return (get_string(item, "PK") or "") in self.keys


def marks_items(job: Job) -> bool:
    """Return whether the items of a run have its ID."""
    return job.shape is TableShape.STACK or creates_accounts(job)


def creates_accounts(job: Job) -> bool:
    """Return whether a run creates accounts, too: the source is not the table that it writes to."""
    return job.source.get("kind") != TABLE_SOURCE


def read_history(ledger: Ledger, run_id: str) -> RunHistory:
    """Read a run from the ledger.

    Raises:
        userprofiles.jobs.errors.LedgerError: The ledger has no such run, or can't be read.
    """
    run = ledger.read(run_id)
    job = Job.from_json(run.job)
    keys = KeyHashes()
    if not marks_items(job):
        for key in ledger.read_keys(run_id):
            keys.add(key)
    return RunHistory(job, run.counts, keys)
