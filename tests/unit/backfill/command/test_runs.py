"""`userprofiles runs`: lists, shows, watches, stops and resumes the runs of a ledger."""

import io
import json
import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from backfill_fixtures import TABLE, client_error, plain_users
from command_fixtures import Terminal
from userprofiles import cli
from userprofiles.backfill.command.ledger_command import LedgerCommand, LedgerCommandOptions, new_record
from userprofiles.backfill.command.ledger_options import default_ledger_folder
from userprofiles.backfill.command.progress_view import ProgressView
from userprofiles.backfill.command.runs_watch import Watch
from userprofiles.backfill.command.signals import stop_on_signals
from userprofiles.backfill.job import Job
from userprofiles.backfill.limits import COMMAND_LINE
from userprofiles.backfill.stop import Stop
from userprofiles.commands import runs_command
from userprofiles.jobs.file_ledger import FileLedger
from userprofiles.jobs.run_record import Request, RunState

LIMITS = replace(COMMAND_LINE, threads=1, chunk_rows=5, checkpoint_every_s=0.0, heartbeat_s=0.01)
RUN = "run-1"


@pytest.fixture(autouse=True)
def fast_watch(monkeypatch):
    monkeypatch.setattr(runs_command, "_WATCH_EVERY_S", 0.001)
    monkeypatch.delenv("USERPROFILES_LEDGER_TABLE", raising=False)


@pytest.fixture
def connect_table(monkeypatch):
    """Connect the commands to a table in moto."""

    def connect_table(table):
        for module in ("backfill.command.ledger_command", "commands.runs_resume"):
            monkeypatch.setattr(
                f"userprofiles.{module}.create_client", lambda name, **_: (table.client, table.location)
            )
        return table

    return connect_table


@pytest.fixture
def table(create_table, connect_table):
    return connect_table(create_table(*plain_users(20)))


@pytest.fixture
def ledger(state_home):
    return FileLedger(state_home / "userprofiles" / "ledger")


def apply(table, ledger, run_id=RUN):
    """Run a job as a command does, with its signals."""
    job = Job(run_id=run_id, table=TABLE, segments=1)
    arn = table.moto.describe_table(TableName=TABLE)["Table"]["TableArn"]
    record = new_record(job, kind="backfill", table_arn=arn, started_by="ops@host")
    stop = Stop()
    with stop_on_signals(stop.request):
        command = LedgerCommand(
            ledger, LedgerCommandOptions(), ProgressView(LIMITS), stop=stop, limits=LIMITS
        )
        return command.start_or_resume(record)


def runs(*arguments):
    return cli.main(["runs", *arguments], LIMITS)


def at_insert(table, action, number=2):
    calls = []

    def hook(operation, parameters):
        if operation == "BatchExecuteStatement":
            calls.append(operation)
            if len(calls) == number:
                action()

    table.client.hooks = [hook]


def send(number):
    """Send a signal to this process, and wait until its handler has run."""
    os.kill(os.getpid(), number)
    deadline = time.monotonic() + 30
    while signal.getsignal(number) != signal.SIG_DFL:  # the handler's last step
        assert time.monotonic() < deadline, "the signal was not handled within 30 s"
        time.sleep(0.001)  # lets the main thread run the handler


@pytest.fixture
def stopped(table, ledger, capsys):
    at_insert(table, lambda: send(signal.SIGTERM))
    assert apply(table, ledger) == 3
    capsys.readouterr()
    return table


class TestSignals:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_signal_stores_the_progress_and_the_run_resumes(self, table, ledger, capsys, number):
        """F22: SIGTERM and SIGINT: the progress is stored, exit code 3, resumable."""
        at_insert(table, lambda: send(number))

        assert apply(table, ledger) == 3
        captured = capsys.readouterr()
        assert "Stopped after 10 users. To resume:\n  userprofiles runs resume run-1" in captured.err
        assert ledger.read(RUN).state is RunState.STOPPED
        assert ledger.read(RUN).counts["created"] == len(table.profiles()) == 10
        table.client.calls.clear()
        assert runs("resume", RUN, "--json") == 0
        report = json.loads(capsys.readouterr().out)
        assert (report["processed"], report["created"], report["existed"]) == (20, 20, 0)
        assert "ExclusiveStartKey" in next(
            parameters for operation, parameters in table.client.calls if operation == "Scan"
        )
        assert ledger.read(RUN).state is RunState.DONE

    def test_resumed_run_prints_a_summary(self, stopped, capsys):
        assert runs("resume", RUN) == 0

        captured = capsys.readouterr()
        assert "Resuming run run-1." in captured.err
        assert "Profiles created:         20\n" in captured.out
        assert "Migration complete!" in captured.out


class TestResume:
    def test_process_that_lost_its_run_names_no_resume(self, table, ledger, capsys):
        """F24: another process continues the run, so there is nothing to resume."""

        def take_over():
            document = ledger._folder / RUN / "run.json"
            with ledger._exclusive(RUN):
                document.write_text(document.read_text().replace('"token": 1', '"token": 2'))

        at_insert(table, take_over)

        assert apply(table, ledger) == 5
        err = capsys.readouterr().err
        assert "Error: Another process has taken over run run-1." in err
        assert "runs resume" not in err

    def test_finished_run_is_refused(self, table, ledger, capsys):
        apply(table, ledger)

        assert runs("resume", RUN) == 5
        assert "Run run-1 is done. There is nothing to resume." in capsys.readouterr().err

    def test_missing_run_is_refused(self, capsys):
        assert runs("resume", "missing", "--json") == 5

        captured = capsys.readouterr()
        assert "has no run missing" in captured.err
        assert json.loads(captured.out)["error"]["kind"] == "refused"

    def test_run_of_another_process_is_refused(self, stopped, ledger, capsys):
        ledger.acquire(RUN)

        assert runs("resume", RUN) == 5
        error = capsys.readouterr().err
        assert "Another process is working on run run-1." in error
        assert "stop it: userprofiles runs stop run-1\n" in error

    def test_other_code_is_refused(self, stopped, ledger, capsys):
        """F35: the code changed between run and resume."""
        _, lease = ledger.acquire(RUN)
        ledger.release(lease, code_version="0.0.9+abc", state=RunState.STOPPED)

        assert runs("resume", RUN) == 5
        assert "the code version was '0.0.9+abc' and is now" in capsys.readouterr().err

    def test_new_table_with_the_same_name_is_refused(self, stopped, ledger, capsys):
        _, lease = ledger.acquire(RUN)
        ledger.release(lease, table="arn:aws:dynamodb:us-east-1:1:table/v_users_dev", state=RunState.STOPPED)

        assert runs("resume", RUN) == 5
        assert "the table was 'arn:aws:dynamodb:us-east-1:1:table/v_users_dev'" in capsys.readouterr().err

    def test_missing_template_file_is_refused(self, stopped, ledger, capsys):
        _, lease = ledger.acquire(RUN)
        job = {**ledger.read(RUN).job, "template": "gone.json"}
        ledger.release(lease, job=job, state=RunState.STOPPED)

        assert runs("resume", RUN) == 5
        assert "gone.json" in capsys.readouterr().err

    @pytest.mark.parametrize("changes", [{"kind": "dance"}, {"engine": "cloud"}])
    def test_unknown_kind_is_refused(self, stopped, ledger, capsys, changes):
        _, lease = ledger.acquire(RUN)
        ledger.release(lease, state=RunState.STOPPED, **changes)

        assert runs("resume", RUN) == 5
        assert "this version can't resume" in capsys.readouterr().err

    def test_error_of_the_table_can_be_resumed(self, stopped, ledger, capsys):
        def expire(operation, parameters):
            if operation == "BatchExecuteStatement":
                raise client_error(operation, "ExpiredTokenException", "expired")

        stopped.client.hooks = [expire]

        assert runs("resume", RUN) == 1
        assert "userprofiles runs resume run-1" in capsys.readouterr().err
        assert ledger.read(RUN).state is RunState.FAILED
        stopped.client.hooks = []
        assert runs("resume", RUN) == 0


class TestStop:
    def test_running_run_is_stopped(self, table, ledger, capsys):
        job = Job(run_id=RUN, table=TABLE, segments=1)
        record = new_record(job, kind="backfill", table_arn="", started_by="")
        is_inserting, stop = threading.Event(), Stop()

        def insert():
            is_inserting.set()
            assert stop._event.wait(30), "the request was not read within 30 s"

        at_insert(table, insert)
        command = LedgerCommand(
            ledger, LedgerCommandOptions(), ProgressView(LIMITS), stop=stop, limits=LIMITS
        )
        with ThreadPoolExecutor(1) as pool:
            code = pool.submit(command.start_or_resume, record)
            assert is_inserting.wait(30)
            assert runs("stop", RUN) == 0

        assert code.result() == 3
        assert "To see when it has stopped:\n  userprofiles runs watch run-1" in capsys.readouterr().out
        assert ledger.read(RUN).state is RunState.STOPPED

    def test_ended_run_is_refused(self, stopped, capsys):
        assert runs("stop", RUN) == 5
        assert "Run run-1 is stopped, so it can't be stopped" in capsys.readouterr().err


def test_resume_does_not_replace_a_file_that_is_no_report(stopped, ledger, capsys, tmp_path):
    """Whoever can write to the ledger could name any file of the operator."""
    victim = tmp_path / "profile.txt"
    victim.write_text("export A=1")
    _, lease = ledger.acquire(RUN)
    ledger.release(lease, report=str(victim), state=RunState.STOPPED)

    assert runs("resume", RUN) == 5
    assert "is not a report" in capsys.readouterr().err
    assert victim.read_text() == "export A=1"
    victim.write_text("")
    for _ in range(2):  # an empty file is replaced, and then the run is done
        runs("resume", RUN)
    assert json.loads(victim.read_text())["runId"] == RUN


def test_finished_run_has_nothing_to_resume(stopped, ledger, capsys):
    _, lease = ledger.acquire(RUN)
    ledger.release(lease, state=RunState.DONE)

    assert runs("resume", RUN) == 5
    assert f"Run {RUN} is done. There is nothing to resume." in capsys.readouterr().err


@pytest.mark.parametrize("path", ["/", ".", "..", "folder", "a\0b"])
def test_report_in_the_record_that_can_be_no_file_is_rejected(stopped, ledger, capsys, tmp_path, path):
    """A name without a last part has no name of a page beside it."""
    if path == "folder":
        path = str(tmp_path)
    _, lease = ledger.acquire(RUN)
    ledger.release(lease, report=path, state=RunState.STOPPED)

    assert runs("resume", RUN) == 5
    assert "which can't be a file" in capsys.readouterr().err


class TestListAndShow:
    def test_empty_ledger(self, capsys):
        assert runs("list") == 0
        assert capsys.readouterr().out == f"The ledger {default_ledger_folder()} has no runs.\n"

    def test_list_has_a_line_for_each_run(self, stopped, ledger, capsys):
        apply(stopped, ledger, "run-2")
        capsys.readouterr()

        assert runs("list") == 0
        lines = [line.split() for line in capsys.readouterr().out.splitlines()]
        assert lines[0] == ["RUN", "KIND", "ENGINE", "STATE", "USERS", "FAILED", "UPDATED", "TABLE"]
        assert [line[:6] for line in lines[1:]] == [
            ["run-2", "backfill", "local", "done", "20", "0"],
            ["run-1", "backfill", "local", "stopped", "10", "0"],
        ]
        assert {line[-1] for line in lines[1:]} == {TABLE}
        assert runs("list", "--json", "--limit", "1") == 0
        document = json.loads(capsys.readouterr().out)
        assert [run["run_id"] for run in document["runs"]] == ["run-2"]

    def test_show_has_the_record(self, stopped, capsys):
        assert runs("show", RUN) == 0

        out = capsys.readouterr().out
        for text in ("state:       stopped", "started by:  ops@host", "10 processed, 10 created", "code:"):
            assert text in out
        assert runs("show", RUN, "--json") == 0
        document = json.loads(capsys.readouterr().out)
        assert (document["state"], document["counts"]["created"]) == ("stopped", 10)

    def test_control_characters_do_not_reach_the_terminal(self, stopped, ledger, capsys):
        """Whoever starts an execution of the state machine can choose the text for `started by`."""
        _, lease = ledger.acquire(RUN)
        ledger.release(
            lease, started_by="eve\x1b]0;x\x07\nstate: done", table="t/\x1b[2J", state=RunState.STOPPED
        )

        for command in (["list"], ["show", RUN], ["watch", RUN]):
            runs(*command)
            out = capsys.readouterr().out
            assert not any(character in out for character in "\x1b\x07")
            assert "\nstate: done" not in out

    def test_killed_run_is_interrupted(self, stopped, ledger, capsys):
        other = FileLedger(ledger._folder)
        other.acquire(RUN)
        os.close(other._held.pop((RUN, None)))

        assert runs("show", RUN) == 0
        assert "state:       interrupted" in capsys.readouterr().out

    @pytest.mark.parametrize("command", ["show", "watch", "stop", "resume"])
    def test_damaged_record_is_an_error(self, stopped, ledger, capsys, command):
        (ledger._folder / RUN / "run.json").write_text("{")

        assert runs(command, RUN) == 1
        assert "run.json is damaged" in capsys.readouterr().err

    def test_two_ledgers_are_wrong_usage(self, capsys):
        with pytest.raises(SystemExit) as end:
            runs("list", "--ledger-table", "a", "--ledger-dir", "b")
        assert end.value.code == 64

    @pytest.mark.parametrize("limit", ["0", "-1", "x"])
    def test_wrong_limit_is_wrong_usage(self, capsys, limit):
        with pytest.raises(SystemExit) as end:
            runs("list", "--limit", limit)
        assert end.value.code == 64

    def test_ledger_table_of_users_is_refused(self, table, capsys, monkeypatch):
        monkeypatch.setattr(
            "userprofiles.backfill.command.ledger_options.create_client",
            lambda name, **_: (table.moto, table.location),
        )
        monkeypatch.setenv("USERPROFILES_LEDGER_TABLE", TABLE)

        assert runs("list") == 5
        assert "can't be a ledger: it has other rows" in capsys.readouterr().err


class TestWatch:
    def test_ended_run_is_shown_once(self, stopped, capsys):
        assert runs("watch", RUN) == 3

        captured = capsys.readouterr()
        assert "stopped: 10 processed, 10 created" in captured.err
        assert "state:       stopped" in captured.out

    def test_run_is_shown_until_it_ends(self, stopped, ledger, monkeypatch):
        monkeypatch.setattr(sys, "stderr", io.StringIO())
        _, lease = ledger.acquire(RUN)
        reads = []

        class Wait(Stop):
            """Advances the run while the watch waits."""

            def wait(self, seconds):
                reads.append(seconds)
                if len(reads) == 1:
                    ledger.request(RUN, Request.STOP)
                else:
                    ledger.release(lease, state=RunState.DONE)
                return False

        stream = io.StringIO()
        run, code = Watch(ledger, Wait(), 0.5, stream).run(RUN)

        states = [line.split()[1] for line in stream.getvalue().splitlines()]
        assert states == ["running:", "stopping:", "done:"]
        assert (run.state, code, reads) == (RunState.DONE, 0, [0.5, 0.5])

    @pytest.mark.parametrize("command", ["watch", "show", "stop"])
    @pytest.mark.usefixtures("stopped")
    def test_run_that_ends_between_the_reads_of_record_and_lease_is_done(
        self, ledger, capsys, monkeypatch, command
    ):
        _, lease = ledger.acquire(RUN)
        is_locked = FileLedger.is_locked

        def end_first(self, run_id):
            if ledger.read(run_id).state is RunState.RUNNING:
                ledger.release(lease, state=RunState.DONE)
            return is_locked(self, run_id)

        monkeypatch.setattr(FileLedger, "is_locked", end_first)

        assert runs(command, RUN) == (5 if command == "stop" else 0)
        captured = capsys.readouterr()
        assert "done" in captured.out + captured.err
        assert "interrupted" not in captured.out + captured.err

    def test_terminal_is_redrawn(self, stopped, ledger):
        _, lease = ledger.acquire(RUN)

        class Wait(Stop):
            def wait(self, seconds):
                ledger.release(lease, state=RunState.DONE)
                return False

        stream = io.StringIO()
        Watch(ledger, Wait(), 0.5, Terminal(stream)).run(RUN)

        text = stream.getvalue()
        assert "segment      0" in text
        assert "\x1b[3F\x1b[J" in text
        assert text.count("run run-1 (backfill, local) on v_users_dev: ") == 2

    def test_ctrl_c_ends_the_watch_and_not_the_run(self, stopped, ledger, capsys):
        ledger.acquire(RUN)

        class Interrupted(Stop):
            def wait(self, seconds):
                os.kill(os.getpid(), signal.SIGINT)
                return super().wait(30)

        stop = Interrupted()
        with stop_on_signals(stop.request), pytest.raises(Exception, match="Run run-1 continues"):
            Watch(ledger, stop, 0.5).run(RUN)
        assert ledger.read(RUN).request is None

    def test_distributed_run_counts_its_units(self, stopped, ledger):
        _, lease = ledger.acquire(RUN)
        ledger.renew(lease, engine="stepfunctions", counts={})

        class Wait(Stop):
            def wait(self, seconds):
                ledger.release(lease, state=RunState.FAILED)
                return False

        stream = io.StringIO()
        now = datetime(2030, 1, 2, tzinfo=UTC)
        run, code = Watch(ledger, Wait(), 0.5, stream, now=lambda: now).run(RUN)

        # The workers save their counts more often than they update the record.
        assert "2030-01-02T00:00:00Z running: 10 processed, 10 created" in stream.getvalue()
        assert f"{run.updated_at} failed: " in stream.getvalue()
        assert "0 of 1 segments done" in stream.getvalue()
        assert code == 1

    @pytest.mark.parametrize(
        ("counts", "code"),
        [({"failed": 1}, 2), ({"other": {"differing": 1}}, 2), ({"other": {"matching": 1}}, 0), ({}, 0)],
    )
    def test_exit_code_is_that_of_the_run(self, stopped, ledger, counts, code):
        _, lease = ledger.acquire(RUN)
        ledger.release(lease, state=RunState.DONE, counts=counts)

        assert runs("watch", RUN) == code


@pytest.mark.parametrize("command", ["list", "show", "watch", "stop", "resume"])
def test_help_has_the_exit_codes(command, capsys):
    with pytest.raises(SystemExit) as end:
        runs(command, "--help")
    assert end.value.code == 0
    out = capsys.readouterr().out
    assert "exit codes:\n  0   " in out
    assert "--ledger-table" in out
