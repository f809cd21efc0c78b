"""An import waits for the end of another one of the same table."""

import pytest
from userprofiles.backfill.errors import RefusedError
from userprofiles.jobs.file_ledger import FileLedger
from userprofiles.jobs.run_record import RunRecord, RunState
from userprofiles.legacy.job.unfinished_runs import refuse_unfinished_run


def run(run_id, **values):
    defaults = {"kind": "import", "engine": "local", "job": {}, "table": "arn:users"}
    return RunRecord(run_id=run_id, **(defaults | values))


@pytest.fixture
def ledger(tmp_path):
    return FileLedger(tmp_path)


@pytest.mark.parametrize("state", [RunState.STOPPED, RunState.FAILED])
@pytest.mark.parametrize("kind", ["import", "import delta", "import rollback"])
def test_unfinished_run_is_named_with_the_next_step(ledger, kind, state):
    lease = ledger.create(run("run-1", kind=kind))
    ledger.release(lease, state=state)

    with pytest.raises(RefusedError, match=r"runs resume run-1") as error:
        refuse_unfinished_run(ledger, run("run-2"))

    assert ("import rollback run-1" in str(error.value)) is (kind != "import rollback")


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({}, RunState.DONE),
        ({}, RunState.ROLLED_BACK),
        ({"table": "arn:others"}, RunState.STOPPED),
        ({"kind": "backfill"}, RunState.STOPPED),
        ({"run_id": "run-2"}, RunState.STOPPED),  # the run itself, which is resumed
    ],
)
def test_other_runs_do_not_matter(ledger, values, state):
    lease = ledger.create(run(**({"run_id": "run-1"} | values)))
    ledger.release(lease, state=state)

    refuse_unfinished_run(ledger, run("run-2"))


def test_run_at_work_is_the_matter_of_the_check_of_parallel_runs(ledger):
    ledger.create(run("run-1"))

    refuse_unfinished_run(ledger, run("run-2"))
