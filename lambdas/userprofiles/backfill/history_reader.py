"""Reads a former run from the ledger."""

from userprofiles.backfill.ledger_run import read_job
from userprofiles.backfill.run_history import RunHistory, marks_items
from userprofiles.backfill.stored_states import read_states
from userprofiles.jobs.key_hashes import KeyHashes
from userprofiles.jobs.ledger import Ledger


def read_history(ledger: Ledger, run_id: str) -> RunHistory:
    """Read a run from the ledger.

    Raises:
        userprofiles.jobs.errors.LedgerError: The ledger has no such run, or can't be read.
    """
    run = ledger.read(run_id)
    job = read_job(run, ledger)
    if marks_items(job):
        return RunHistory(job, run.counts)
    keys = KeyHashes()
    for key in ledger.read_keys(run_id):
        keys.add(key)
    states = read_states(ledger, job)
    return RunHistory(
        job, run.counts, keys, [state.pending_inserts for state in states if state.pending_inserts]
    )
