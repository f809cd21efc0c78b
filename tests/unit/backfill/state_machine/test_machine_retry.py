"""This process retries the failed rows of a run of the state machine: ledger and bucket are the same."""

import pytest
from backfill_fixtures import LIMITS, plain_user
from machine_fixtures import BUCKET
from userprofiles.backfill.errors import BackfillError
from userprofiles.backfill.ledger.retry_run import RetryRun
from userprofiles.backfill.stop import Stop
from userprofiles.jobs.bucket_quarantine import BucketQuarantine
from userprofiles.jobs.run_record import RunState


def retry(machine, run_id):
    table = machine.table
    run = RetryRun(
        machine.ledger,
        lambda _: (table.client, table.location),
        warn=machine.warnings.append,
        stop=Stop(),
        limits=LIMITS,
    )
    return run.retry(run_id, BucketQuarantine(machine.s3, BUCKET, run_id), force=False)


def test_fixed_rows_are_retried_and_the_record_keeps_the_timeline(create_machine):
    broken = {"lastName": {"N": "1"}}
    machine = create_machine(*(plain_user(f"user{n}", **(broken if n < 2 else {})) for n in range(6)))
    machine.run(runId="mine", segments=2)
    timeline = machine.ledger.read("mine").counts["timeline"]
    machine.table.put(plain_user("user0"), plain_user("user1"))

    result = retry(machine, "mine")

    assert (result.results["created"], result.failed, result.error) == (2, 0, None)
    run = machine.ledger.read("mine")
    assert (run.state, run.engine, run.counts["created"]) == (RunState.DONE, "stepfunctions", 6)
    assert run.counts["timeline"] == timeline
    assert len(machine.table.profiles()) == 6


def test_rows_of_a_running_execution_are_not_retried(create_machine):
    machine = create_machine(plain_user("user0", lastName={"N": "1"}))
    machine.prepare(runId="mine", segments=1)

    with pytest.raises(BackfillError, match="working on run mine"):
        retry(machine, "mine")
