"""What the ledger knows about a former run: its task, its counts, and which profiles it created."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from userprofiles.backfill.job import TABLE_SOURCE, Job
from userprofiles.backfill.pending_inserts import PendingInserts
from userprofiles.backfill.profile_writer import CREATED_AT
from userprofiles.backfill.stored_states import read_states
from userprofiles.backfill.table_shape import TableShape, get_string
from userprofiles.backfill.user_row import RUN_ID, Row
from userprofiles.jobs.errors import LedgerError
from userprofiles.jobs.key_hashes import KeyHashes
from userprofiles.jobs.ledger import DAMAGE_ADVICE, Ledger


@dataclass(frozen=True)
class RunHistory:
    """A former run.

    Attributes:
        job: The task of the run.
        counts: The users of the run by outcome, as its record has them.
        keys: The PKs of the profiles that the run created in a table of the plain shape, where a profile has
            no mark of the run. Empty for another target.
        pending_inserts: For the same shape: the inserts that a killed run may have executed.
    """

    job: Job
    counts: Mapping[str, Any] = field(default_factory=dict)
    keys: KeyHashes = field(default_factory=KeyHashes)
    pending_inserts: Sequence[PendingInserts] = ()

    @property
    def created(self) -> int:
        """The number of profiles that the run created."""
        return int(self.counts.get("created", 0))

    def has_created(self, item: Row) -> bool:
        """Return whether the run created an item."""
        if marks_items(self.job):
            return get_string(item, RUN_ID) == self.job.run_id
        key = get_string(item, "PK") or ""
        times = [time for name in CREATED_AT if (time := get_string(item, name))]
        return key in self.keys or any(
            inserts.contains(key, time) for inserts in self.pending_inserts for time in times
        )

    def may_have_created(self, key: str) -> bool:
        """Return whether the run may have created the profile with this PK, in the plain shape."""
        return key in self.keys or any(inserts.contains(key) for inserts in self.pending_inserts)


def marks_items(job: Job) -> bool:
    """Return whether the items of a run have its ID."""
    return job.shape is TableShape.STACK or creates_accounts(job)


def creates_accounts(job: Job) -> bool:
    """Return whether a run creates accounts, too: the source is not the table that it writes to."""
    return job.source.get("kind") != TABLE_SOURCE


def read_history(ledger: Ledger, run_id: str) -> RunHistory:
    """Read a run from the ledger.

    Raises:
        userprofiles.jobs.errors.LedgerError: The ledger has no such run, it is damaged, or it can't be read.
    """
    run = ledger.read(run_id)
    try:
        job = Job.from_json(run.job)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LedgerError(
            f"The job of run {run_id} in the ledger {ledger.name} is damaged ({type(error).__name__}).\n"
            f"{DAMAGE_ADVICE}"
        ) from error
    if marks_items(job):
        return RunHistory(job, run.counts)
    keys = KeyHashes()
    for key in ledger.read_keys(run_id):
        keys.add(key)
    pending_inserts = [state.pending_inserts for state in read_states(ledger, job) if state.pending_inserts]
    return RunHistory(job, run.counts, keys, pending_inserts)
