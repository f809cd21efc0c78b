"""What the ledger knows about a former run: its task, its counts, and which profiles it created."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from userprofiles.backfill.job import Job, Operation
from userprofiles.backfill.ledger.stored_states import read_states
from userprofiles.backfill.tables.table_shape import TableShape, get_string
from userprofiles.backfill.targets.pending_inserts import PendingInserts
from userprofiles.backfill.targets.profile_writer import CREATED_AT
from userprofiles.backfill.users.user_row import RUN_ID, Row
from userprofiles.jobs.errors import LedgerError, LedgerRefusedError
from userprofiles.jobs.key_hashes import KeyHashes
from userprofiles.jobs.ledger import CLOCK_SKEW_S, DAMAGE_ADVICE, Ledger
from userprofiles.jobs.run_record import RunRecord

_SKEW = timedelta(seconds=CLOCK_SKEW_S)


@dataclass(frozen=True)
class RunHistory:
    """A former run.

    Attributes:
        job: The task of the run.
        counts: The users of the run by outcome, as its record has them.
        keys: The PKs of the profiles that the run created in a table of the plain shape, where a profile has
            no mark of the run. Empty for another target.
        pending_inserts: For the same shape: the inserts that a killed run may have executed.
        started_at: The time of the run's start; None if it is not known.
        ended_at: The time of the last change of its record; None if it is not known.
    """

    job: Job
    counts: Mapping[str, Any] = field(default_factory=dict)
    keys: KeyHashes = field(default_factory=KeyHashes)
    pending_inserts: Sequence[PendingInserts] = ()
    started_at: datetime | None = None
    ended_at: datetime | None = None

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

    def is_before(self, moment: datetime) -> bool:
        """Return whether a time is before the run. Two clocks can differ by half a minute."""
        return self.started_at is not None and moment < self.started_at - _SKEW

    def is_after(self, moment: datetime) -> bool:
        """Return whether a time is after the run."""
        return self.ended_at is not None and moment > self.ended_at + _SKEW

    def may_have_created(self, key: str) -> bool:
        """Return whether the run may have created the profile with this PK, in the plain shape."""
        return key in self.keys or any(inserts.contains(key) for inserts in self.pending_inserts)


def marks_items(job: Job) -> bool:
    """Return whether the items of a run have its ID."""
    return job.shape is TableShape.STACK or job.creates_accounts


def refuse_import(run: RunRecord) -> None:
    """Check that a run is not one of `userprofiles import`, which has a job of another form.

    Raises:
        LedgerRefusedError: It is one.
    """
    if run.kind.startswith("import"):
        raise LedgerRefusedError(
            f"Run {run.run_id} is of the kind {run.kind!r}. Use the commands `userprofiles import` and "
            "`userprofiles runs` for it."
        )


def read_history(ledger: Ledger, run_id: str) -> RunHistory:
    """Read a run from the ledger.

    Raises:
        userprofiles.jobs.errors.LedgerError: The ledger has no such run, it is damaged, or it can't be read.
    """
    run = ledger.read(run_id)
    refuse_import(run)
    try:
        job = Job.from_json(run.job)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LedgerError(
            f"The job of run {run_id} in the ledger {ledger.name} is damaged ({type(error).__name__}).\n"
            f"{DAMAGE_ADVICE}"
        ) from error
    if job.operation is not Operation.CREATE:
        raise LedgerRefusedError(f"Run {run_id} is a {job.operation}, not a run that creates profiles.")
    history = RunHistory(
        job, run.counts, started_at=parse_time(run.started_at), ended_at=parse_time(run.updated_at)
    )
    if marks_items(job):
        return history
    for key in ledger.read_keys(run_id):
        history.keys.add(key)
    pending_inserts = [state.pending_inserts for state in read_states(ledger, job) if state.pending_inserts]
    return replace(history, pending_inserts=pending_inserts)


def parse_time(text: str) -> datetime | None:
    """Return a time with a time zone, or None for another text."""
    with suppress(ValueError):
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo else None
    return None
