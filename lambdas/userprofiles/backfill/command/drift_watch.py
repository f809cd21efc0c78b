"""Compares the counts of a run with its plan while the state machine executes it."""

from contextlib import suppress

from userprofiles.backfill.errors import RefusedError
from userprofiles.backfill.ledger.stored_states import read_states
from userprofiles.backfill.plan.apply import PreparedRun
from userprofiles.jobs.errors import LedgerError
from userprofiles.jobs.ledger import Ledger
from userprofiles.jobs.periodic import Periodic
from userprofiles.jobs.run_record import Request

EVERY_S = 10.0
"""Seconds between two comparisons. Each one reads the progress of all segments."""


class DriftWatch(Periodic):
    """Requests the stop of a run whose counts differ too much from its plan, while the block runs.

    Args:
        ledger: The ledger of the run.
        prepared: The run, and how its counts are compared with the plan.
        every_s: Seconds between two comparisons.

    Attributes:
        error: How the counts differ, or None.
    """

    def __init__(self, ledger: Ledger, prepared: PreparedRun, every_s: float = EVERY_S) -> None:
        self.error: RefusedError | None = None
        self._ledger = ledger
        self._drift = prepared.drift
        self._job = prepared.job
        super().__init__(self._watch, every_s, "drift")

    def check(self) -> None:
        """Compare the counts once, and request the stop of the run if they differ too much.

        Raises:
            LedgerError: The ledger can't be read or written.
        """
        states = read_states(self._ledger, self._job)
        if all(state.done for state in states):
            return
        try:
            self._drift.refuse(states)
        except RefusedError as error:
            self._ledger.request(self._job.run_id, Request.STOP)
            self.error = error

    def _watch(self) -> bool:
        """Compare the counts, and return whether to compare them again."""
        with suppress(LedgerError):  # the next comparison, or the end of the run, reads the ledger again
            self.check()
        return self.error is None
