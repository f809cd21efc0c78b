"""Shared by the tests of verification and rollback: a run that has created profiles, and what comes later."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from backfill_fixtures import LIMITS, account, execute, plain_user
from userprofiles.backfill.job import Job, Operation
from userprofiles.backfill.outcome import Outcome
from userprofiles.backfill.review.item_reader import ItemReader
from userprofiles.backfill.review.orphans import find_orphans
from userprofiles.backfill.review.review import Review
from userprofiles.backfill.review.run_history import RunHistory
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.tables.batch_permissions import BatchPermissions
from userprofiles.backfill.tables.calls import Calls
from userprofiles.backfill.tables.table_shape import TableShape
from userprofiles.jobs.file_ledger import FileLedger
from userprofiles.jobs.key_hashes import KeyHashes
from userprofiles.jobs.run_record import RunRecord, RunState
from userprofiles.table import record

SHAPES = list(TableShape)
TABLE_ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/v_users_dev"


def user(shape, user_id, **attributes):
    """Return a user row of a shape."""
    create = plain_user if shape is TableShape.PLAIN else account
    return create(user_id, **attributes)


def users(shape, count):
    return [user(shape, f"user{number:04d}") for number in range(count)]


def job_of(table, shape, **settings):
    return Job(**({"run_id": "run-1", "table": table.name, "shape": shape, "segments": 2} | settings))


@dataclass(frozen=True)
class CreatedProfiles(RunHistory):
    """What the ledger knows about a run, with the IDs of the users whose profiles it created."""

    ids: Sequence[str] = ()


def create_profiles(table, shape, **settings):
    """Run a backfill, and return what the ledger knows about it."""
    job = job_of(table, shape, **settings)
    recorder, _ = execute(job, table)
    keys = KeyHashes()
    ids = [result.user_id for result in recorder.results if result.outcome is Outcome.CREATED]
    if shape is TableShape.PLAIN:
        for user_id in ids:
            keys.add(record.partition_key(user_id))
    return CreatedProfiles(job, {"created": len(ids), "processed": len(recorder.results)}, keys, ids=ids)


def verify(table, shape, history=None, sample=None, **settings):
    """Verify a run, or a whole table, and return the review and the listed users by outcome."""
    job = job_of(
        table,
        shape,
        run_id="verify-1",
        operation=Operation.VERIFY,
        of_run=history.job.run_id if history else "",
        **settings,
    )
    with Review(history, sample) as review:
        recorder, states = execute(job, table, review=review)
        calls = Calls(table.client, table.location, Stop(), LIMITS)
        reader = ItemReader(calls, BatchPermissions(lambda _: None, LIMITS), LIMITS)
        orphans = [result for batch in find_orphans(calls, reader, job, review) for result in batch]
    return Verification(review, [*recorder.results, *orphans], states)


class Verification:
    """The results of a verification."""

    def __init__(self, review, results, states):
        self.review = review
        self.results = results
        self.states = states

    def users(self, outcome):
        """Return reasons by user, without differences that another row settles."""
        return {
            result.user_id: result.reason
            for result in self.results
            if result.outcome == outcome
            and not (outcome == "differing" and self.review.is_settled(record.partition_key(result.user_id)))
        }

    def count(self, outcome):
        return sum(result.outcome == outcome for result in self.results)


def roll_back(table, history, *, stop=None, states=None, recorder=None, limits=LIMITS, **settings):
    """Undo a run, and return the users by outcome and reason."""
    job = replace(
        history.job, run_id="undo-1", operation=Operation.ROLLBACK, of_run=history.job.run_id, **settings
    )
    with Review(history) as review:
        recorder, states = execute(
            job, table, review=review, stop=stop, states=states, recorder=recorder, limits=limits
        )
    return {result.user_id: (result.outcome.value, result.reason) for result in recorder.results}


def change(table, user_id, *, kind="profile", remove=(), **attributes):
    """Change attributes of an item behind the back of the application."""
    key = {name: {"S": value} for name, value in record.key(user_id, kind).items()}
    item = {
        **table.moto.get_item(TableName=table.name, Key=key)["Item"],
        **attributes,
    }
    table.put({name: value for name, value in item.items() if name not in remove})


def delete(table, user_id, kind="profile"):
    key = {name: {"S": value} for name, value in record.key(user_id, kind).items()}
    table.moto.delete_item(TableName=table.name, Key=key)


def store_run(folder, history, state=RunState.DONE, started_at=""):
    """Store a run in a ledger as `backfill apply` does, and return the ledger."""
    ledger = FileLedger(folder)
    job = history.job
    run = RunRecord(job.run_id, "backfill", "local", job.to_json(), table=TABLE_ARN, started_at=started_at)
    lease = ledger.create(run)
    ledger.save_units(lease, {}, [record.partition_key(user_id) for user_id in history.ids])
    ledger.release(lease, state=state, counts=history.counts)
    return ledger
