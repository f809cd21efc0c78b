"""Reads the progress of a run from the ledger."""

from userprofiles.backfill.job import Job
from userprofiles.backfill.review.orphan_units import add_orphan_states, is_orphan_unit
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.jobs.errors import LedgerError
from userprofiles.jobs.ledger import DAMAGE_ADVICE, Ledger


def read_states(ledger: Ledger, job: Job) -> list[SegmentState]:
    """Return the progress of all units of a job. A unit without stored progress is new.

    Raises:
        LedgerError: The progress of a segment is damaged, or the segment does not belong to the job.
    """
    states = {number: SegmentState(number) for number in job.segment_numbers}
    for unit, document in ledger.read_units(job.run_id):
        try:
            state = SegmentState.from_json(document)
            if state.segment != unit or not (unit in states or is_orphan_unit(job, unit)):
                raise ValueError("another segment")  # noqa: TRY301 - reported below
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            version = ledger.read(job.run_id).code_version
            raise LedgerError(
                f"Unit {unit} of run {job.run_id} in the ledger {ledger.name} can't be read "
                f"({type(error).__name__}): another version wrote it, or it is damaged.\n"
                f"The code version of the run is {version!r}. If yours is another one, use that of the run.\n"
                f"If the unit is damaged: {DAMAGE_ADVICE}"
            ) from error
        states[unit] = state
    return add_orphan_states(job, list(states.values()))
