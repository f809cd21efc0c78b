"""`--engine stepfunctions`: the options, the start of an execution, and its result."""

import argparse
import io
import json
import time

import pytest
from backfill_fixtures import client_error
from userprofiles.backfill.command import engine, executions
from userprofiles.backfill.command.argument_parser import CommandParser
from userprofiles.backfill.command.exit_code import ExitCode
from userprofiles.backfill.command.job_options import add_connection_options
from userprofiles.backfill.command.ledger_options import add_ledger_options
from userprofiles.backfill.command.runs_view import describe_state, find_activity
from userprofiles.backfill.command.runs_watch import Watch
from userprofiles.backfill.errors import BackfillFailedError, RefusedError, StoppedError
from userprofiles.backfill.job import Job
from userprofiles.backfill.stop import Stop
from userprofiles.jobs.file_ledger import FileLedger
from userprofiles.jobs.run_record import Request, RunRecord, RunState

MACHINE = "arn:aws:states:eu-west-1:111122223333:stateMachine:migration"
EXECUTION = "arn:aws:states:eu-west-1:111122223333:execution:migration:plan-1-0a1b2c3d"
COUNTS = {
    "processed": 3,
    "existed": 1,
    "created": 2,
    "failed": 0,
    "skipped": {},
    "calls": {},
    "capacity": {"read": 1.0, "write": 2.0},
}


class StepFunctions:
    """A client of Step Functions whose execution does what a test says."""

    def __init__(self):
        self.inputs = []
        self.on_start = lambda document: None
        self.execution = {"status": "RUNNING"}

    def start_execution(self, *, stateMachineArn, name, input):  # noqa: A002, N803 - the names of the API
        assert (stateMachineArn, name[:7]) == (MACHINE, "plan-1-")
        document = json.loads(input)
        self.inputs.append(document)
        self.on_start(document)
        return {"executionArn": EXECUTION}

    def describe_execution(self, *, executionArn):  # noqa: N803 - the name of the API
        assert executionArn == EXECUTION
        return self.execution


@pytest.fixture
def step_functions(monkeypatch):
    client = StepFunctions()
    monkeypatch.setattr(engine.aws, "client", lambda service, **options: client)
    monkeypatch.setattr(engine, "_START_POLL_S", 0.001)
    return client


def parse(*arguments):
    parser = CommandParser(prog="x")
    add_connection_options(parser)
    add_ledger_options(parser)
    engine.add_engine_options(parser)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args(arguments, argparse.Namespace(parser=parser, allow_parallel=False))


STEP_FUNCTIONS = ("--engine", "stepfunctions", "--ledger-table", "ledger", "--state-machine", MACHINE)


@pytest.fixture
def ledger(tmp_path):
    ledger = FileLedger(tmp_path)
    ledger.options = ("--ledger-table", "ledger")
    return ledger


def record(**changes):
    job = Job("plan-1", "v_users_dev", plan_hash="abc")
    values = {"run_id": "plan-1", "kind": "backfill", "engine": "stepfunctions", "job": job.to_json()}
    return RunRecord(**values | {"started_by": "ada", "code_version": "1+2", "backup": "arn:b"} | changes)


def finish(ledger, state=RunState.DONE, **changes):
    """Return what an execution does: it records the run, and ends it."""

    def run(document):
        lease = ledger.create(record(execution_arn=EXECUTION))
        ledger.release(lease, state=state, counts=COUNTS, report="s3://b/runs/plan-1/report.json", **changes)

    return run


def test_local_engine_is_the_default(monkeypatch):
    monkeypatch.setenv("USERPROFILES_STATE_MACHINE", MACHINE)

    assert engine.uses_state_machine(parse()) is False


def test_state_machine_can_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("USERPROFILES_STATE_MACHINE", MACHINE)

    assert engine.uses_state_machine(parse("--engine", "stepfunctions", "--ledger-table", "ledger")) is True


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--state-machine", MACHINE], "--state-machine requires --engine stepfunctions"),
        (["--engine", "stepfunctions", "--ledger-table", "l"], "requires --state-machine ARN"),
        (["--engine", "stepfunctions", "--state-machine", "x"], "must be the ARN of a state machine"),
        (["--engine", "stepfunctions", "--state-machine", MACHINE], "requires --ledger-table NAME"),
        (["--engine", "cloud"], "invalid choice"),
    ],
)
def test_options_that_do_not_fit_together_are_wrong_usage(capsys, arguments, message):
    with pytest.raises(SystemExit) as raised:
        engine.uses_state_machine(parse(*arguments))

    assert raised.value.code == ExitCode.USAGE
    assert message in " ".join(capsys.readouterr().err.split())


def test_execution_gets_the_job_the_operator_and_the_versions_of_the_plan(step_functions, ledger, capsys):
    step_functions.on_start = finish(ledger)

    code = engine.execute_run(parse(*STEP_FUNCTIONS), record(), ledger, Stop())

    assert code is ExitCode.DONE
    assert step_functions.inputs == [
        {
            "job": record().job,
            "startedBy": "ada",
            "codeVersion": "1+2",
            "templateVersion": "",
            "backup": "arn:b",
            "allowParallel": False,
        }
    ]
    output = capsys.readouterr().out
    assert "Profiles created:         2" in output
    assert "Report: s3://b/runs/plan-1/report.json" in output


def test_json_is_the_report_without_its_failures(step_functions, ledger, capsys):
    step_functions.on_start = finish(ledger)

    engine.execute_run(parse(*STEP_FUNCTIONS, "--json"), record(), ledger, Stop())

    result = json.loads(capsys.readouterr().out)
    assert (result["runId"], result["created"], result["state"]) == ("plan-1", 2, "done")
    assert result["skipped"] == {"inactive": 0, "softDeleted": 0}


@pytest.mark.parametrize(
    ("state", "expected"), [(RunState.STOPPED, ExitCode.STOPPED), (RunState.FAILED, ExitCode.FAILED)]
)
def test_exit_code_tells_how_the_run_ended(*, step_functions, ledger, capsys, state, expected):
    step_functions.on_start = finish(ledger, state, message="Open segments: [3].")

    assert engine.execute_run(parse(*STEP_FUNCTIONS), record(), ledger, Stop()) is expected
    out, err = capsys.readouterr()
    assert "Message: Open segments: [3]." in out
    assert "To resume it:\n  userprofiles runs resume plan-1 --ledger-table ledger\n" in err


@pytest.mark.parametrize(
    ("cause", "error", "message"),
    [
        (
            json.dumps({"errorType": "RefusedError", "errorMessage": "Run plan-1 is done."}),
            RefusedError,
            "done",
        ),
        (json.dumps({"errorType": "X", "errorMessage": "no table"}), BackfillFailedError, "no table"),
        ("not JSON", BackfillFailedError, "not JSON"),
    ],
)
def test_execution_that_ends_before_it_records_a_run_is_an_error(
    *, step_functions, ledger, cause, error, message
):
    step_functions.execution = {"status": "FAILED", "cause": cause}

    with pytest.raises(error, match=message):
        engine.execute_run(parse(*STEP_FUNCTIONS), record(), ledger, Stop())


def test_run_of_another_process_starts_no_execution(step_functions, ledger):
    ledger.create(record(execution_arn="another"))

    with pytest.raises(RefusedError, match="userprofiles runs stop plan-1 --ledger-table ledger"):
        engine.execute_run(parse(*STEP_FUNCTIONS), record(), ledger, Stop())

    assert step_functions.inputs == []


def test_leases_of_killed_workers_are_explained(step_functions, ledger, capsys):
    """The new workers wait for them: up to 90 seconds in which nothing seems to happen."""
    run_lease = ledger.create(record())
    ledger.acquire_unit("plan-1", 3)
    ledger.release(run_lease, state=RunState.FAILED)

    def resume(_):
        _, lease = ledger.acquire("plan-1")
        lease = ledger.renew(lease, execution_arn=EXECUTION)[1]
        ledger.release(lease, state=RunState.DONE, counts=COUNTS)

    step_functions.on_start = resume
    engine.execute_run(parse(*STEP_FUNCTIONS), record(), ledger, Stop())

    err = capsys.readouterr().err
    assert "Workers of run plan-1 were killed" in err
    assert "in at most 90 seconds.\n" in err


def test_released_units_need_no_wait(step_functions, ledger, capsys):
    step_functions.on_start = finish(ledger)
    engine.execute_run(parse(*STEP_FUNCTIONS), record(), ledger, Stop())

    assert "were killed" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("status", "request_to_run", "expected"),
    [
        ("RUNNING", None, "waiting for capacity"),
        ("RUNNING", Request.STOP, "stopping"),
        ("ABORTED", None, "interrupted"),
    ],
)
def test_run_without_a_lease_waits_for_capacity_while_its_execution_is_running(
    *, step_functions, tmp_path, ledger, status, request_to_run, expected
):
    """Throttled invocations wait with back-off, longer than a lease lasts."""
    ledger.create(record(execution_arn=EXECUTION))
    ledger.request("plan-1", request_to_run)
    late = FileLedger(tmp_path, lambda: time.time() + 1_000)
    step_functions.execution = {"status": status}
    seen = []

    def is_running(arn):
        seen.append(arn)
        return executions.is_execution_running(step_functions, arn)

    run, activity = find_activity(late, late.read("plan-1"), is_running)

    assert describe_state(run, activity) == expected
    assert seen == [EXECUTION]


def test_watch_goes_on_while_the_run_waits_for_capacity(tmp_path, ledger):
    lease = ledger.create(record(execution_arn=EXECUTION))
    late = FileLedger(tmp_path, lambda: time.time() + 1_000)
    screen = io.StringIO()

    def finish_at_the_second_look(_):
        if "waiting for capacity" in screen.getvalue():
            ledger.release(lease, state=RunState.DONE, counts=COUNTS)
        return True

    watch = Watch(late, Stop(), 0.001, screen, is_execution_running=finish_at_the_second_look)
    run, code = watch.run("plan-1")

    assert (run.state, code) == (RunState.DONE, ExitCode.DONE)
    assert "interrupted" not in screen.getvalue()


def test_execution_that_can_not_be_described_counts_as_ended():
    class Denied:
        def describe_execution(self, **_):
            raise client_error("DescribeExecution", "AccessDeniedException")

    assert executions.is_execution_running(Denied(), EXECUTION) is False


def test_ctrl_c_ends_the_watch_and_names_the_commands(step_functions, ledger):
    stop = Stop()
    stop.request()

    with pytest.raises(StoppedError) as raised:
        engine.execute_run(parse(*STEP_FUNCTIONS), record(), ledger, stop)

    assert "userprofiles runs watch plan-1 --ledger-table ledger" in str(raised.value)
    assert "userprofiles runs stop plan-1 --ledger-table ledger" in str(raised.value)


def test_execution_that_can_not_be_started_names_the_permission(step_functions, ledger):
    def deny(document):
        raise client_error("StartExecution", "AccessDeniedException")

    step_functions.on_start = deny

    with pytest.raises(BackfillFailedError, match="states:StartExecution"):
        engine.execute_run(parse(*STEP_FUNCTIONS), record(), ledger, Stop())


def test_result_of_a_verification_has_its_own_counts(step_functions, ledger, capsys):
    counts = {**COUNTS, "processed": 5, "other": {"matching": 1, "missing": 1}}

    def verify(document):
        lease = ledger.create(record(kind="verify", execution_arn=EXECUTION))
        ledger.release(lease, state=RunState.DONE, counts=counts)

    step_functions.on_start = verify

    code = engine.execute_run(parse(*STEP_FUNCTIONS), record(kind="verify"), ledger, Stop())

    assert code is ExitCode.SOME_FAILED
    assert "verify plan-1: done" in capsys.readouterr().out


def test_state_machine_of_an_execution():
    assert executions.state_machine_of(EXECUTION) == MACHINE
