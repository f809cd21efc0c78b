"""Stopped runs, and the runs that resume them."""

import functools
import json
import os
import signal
import time
from dataclasses import replace

import command_fixtures
import pytest
from backfill_fixtures import account, client_error, plain_user, plain_users
from command_fixtures import files
from userprofiles.backfill.command import migrate_user_profiles
from userprofiles.backfill.command.checkpoint import Checkpoint
from userprofiles.backfill.command.checkpoint_folder import CheckpointFolder
from userprofiles.backfill.job import Job
from userprofiles.backfill.limits import COMMAND_LINE

LIMITS = replace(COMMAND_LINE, chunk_rows=5)
run = functools.partial(command_fixtures.run, limits=LIMITS)


class TestStopAndResume:
    @pytest.fixture
    def big_table(self, create_table, use_table):
        return use_table(create_table(*plain_users(20), plain_user("a-first", userId={"N": "7"})))

    @pytest.fixture
    def stop_at(self, big_table):
        """Send a signal at the first call of an operation. The call continues when the signal is handled."""

        def send_signal(operation, number):
            def hook(called_operation, parameters):
                if called_operation == operation:
                    big_table.client.hooks.clear()
                    os.kill(os.getpid(), number)
                    deadline = time.monotonic() + 30
                    while signal.getsignal(number) != signal.SIG_DFL:  # the handler's last step
                        assert time.monotonic() < deadline, "the signal was not handled within 30 s"
                        time.sleep(0.001)  # lets the main thread run the handler

            big_table.client.hooks = [hook]

        return send_signal

    @pytest.fixture
    def stop_at_first_insert(self, stop_at):
        return lambda number: stop_at("BatchExecuteStatement", number)

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_signal_stops_the_run_and_resume_continues_it(
        self, big_table, stop_at_first_insert, capsys, state_home, number
    ):
        """F22: the checkpoint is written, the exit code is 3, and the message has the command to resume."""
        stop_at_first_insert(number)

        stopped = run("--segments", "1")

        captured = capsys.readouterr()
        assert stopped == 3
        assert "userprofiles backfill run --table-name v_users_dev --segments 1 --resume" in captured.err
        assert "Migration complete!" not in captured.out
        assert 0 < len(big_table.profiles()) < 20
        assert signal.getsignal(number) in {signal.default_int_handler, signal.SIG_DFL}

        big_table.client.calls.clear()
        resumed = run("--segments", "1", "--json", "--resume")

        report = json.loads(capsys.readouterr().out)
        assert resumed == 2
        assert (report["processed"], report["created"], report["existed"]) == (21, 20, 0)
        assert report["failures"] == [
            {
                "userId": "7",
                "PK": "a-first",
                "SK": "METADATA",
                "reason": "userId is a number, not a string",
            }
        ]
        first_scan = [parameters for name, parameters in big_table.client.calls if name == "Scan"][1]
        assert "ExclusiveStartKey" in first_scan
        assert files(state_home) == []

    def test_old_command_prints_how_to_resume(self, big_table, stop_at_first_insert, capsys):
        stop_at_first_insert(signal.SIGINT)

        assert migrate_user_profiles.main([], LIMITS) == 3
        assert "userprofiles backfill run --table-name v_users_dev --resume" in capsys.readouterr().err
        assert run("--resume") == 2
        assert len(big_table.profiles()) == 20

    def test_stopped_dry_run_writes_no_checkpoint(self, stop_at, capsys, state_home):
        stop_at("BatchGetItem", signal.SIGINT)

        assert run("--dry-run", "--segments", "1") == 3
        assert "run it again" in capsys.readouterr().err
        assert files(state_home) == []

    def test_other_options_are_refused(self, big_table, stop_at_first_insert, capsys):
        stop_at_first_insert(signal.SIGINT)
        run("--segments", "1")

        assert run("--segments", "2", "--resume") == 5
        assert "segments was 1 and is now 2" in capsys.readouterr().err

    def test_nothing_to_resume_is_refused(self, old_table, capsys):
        assert run("--resume") == 5
        assert "no stopped run" in capsys.readouterr().err

    def test_another_table_with_the_same_name_is_refused(
        self, big_table, stop_at_first_insert, create_table, use_table, capsys
    ):
        stop_at_first_insert(signal.SIGINT)
        run("--segments", "1")
        other = create_table(account("a"), name="another")
        other.name = "v_users_dev"
        big_table.client.hooks = [
            lambda operation, parameters: (
                other.client.scan(**{**parameters, "TableName": "another"}) if operation == "Scan" else None
            )
        ]

        assert run("--segments", "1", "--resume") == 5
        assert "it is another table" in capsys.readouterr().err

    @pytest.mark.parametrize("content", ["", "{}", "[]", '{"version": 99}', '{"version": 1, "job": {}}'])
    def test_broken_checkpoint_is_refused(self, old_table, capsys, state_home, content):
        folder = CheckpointFolder(old_table.location, state_home).folder
        folder.mkdir(parents=True)
        (folder / "run.json").write_text(content)

        assert run("--resume") == 5
        assert "can't be read" in capsys.readouterr().err

    def test_signal_that_does_not_interrupt_the_main_thread_stops_the_run(self, big_table, stop_at):
        """A signal that arrives just before a wait does not end it. Here, another thread receives it."""
        stop_at("BatchExecuteStatement", signal.SIGTERM)
        [stop] = big_table.client.hooks

        def receive_in_this_thread(operation, parameters):
            if operation == "BatchExecuteStatement":
                signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
            stop(operation, parameters)

        big_table.client.hooks = [receive_in_this_thread]
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        try:
            assert run("--segments", "1") == 3
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})

    def test_run_of_another_process_is_refused(self, big_table, stop_at_first_insert, capsys, state_home):
        stop_at_first_insert(signal.SIGINT)
        run("--segments", "1")
        checkpoints = CheckpointFolder(big_table.location, state_home)
        stored_run = checkpoints.find(Job(run_id="x", table="v_users_dev", segments=1), print)
        other = Checkpoint(checkpoints, stored_run.job, every_s=0)
        with other.open(stored_run.failure_bytes):
            assert run("--segments", "1", "--resume") == 5
        other.close()

        assert "Another process is working on run" in capsys.readouterr().err

    def test_run_without_a_writable_state_directory_warns_and_continues(
        self, old_table, capsys, tmp_path, monkeypatch
    ):
        (tmp_path / "file").write_text("")
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))

        assert run() == 0
        assert "the checkpoint can't be written" in capsys.readouterr().err

    def test_failed_run_can_be_resumed(self, big_table, capsys):
        def fail_after_five_profiles(operation, parameters):
            if operation == "BatchExecuteStatement" and len(big_table.profiles()) >= 5:
                raise client_error(operation, "ExpiredTokenException", "expired")

        big_table.client.hooks = [fail_after_five_profiles]

        assert run("--segments", "1") == 1
        assert "--resume" in capsys.readouterr().err
        big_table.client.hooks = []
        assert run("--segments", "1", "--resume") == 2
        assert len(big_table.profiles()) == 20

    def test_profiles_of_an_interrupted_chunk_count_as_created(self, create_table, use_table, capsys):
        """The token expires after three of twelve batches: they are in the report, and not counted again."""
        table = use_table(create_table(*plain_users(100)))
        limits = replace(COMMAND_LINE, threads=1)

        def expire(operation, parameters):
            if operation == "BatchExecuteStatement" and len(table.profiles()) >= 75:
                raise client_error(operation, "ExpiredTokenException", "expired")

        table.client.hooks = [expire]

        assert command_fixtures.run("--segments", "1", "--json", limits=limits) == 1
        stopped = json.loads(capsys.readouterr().out)
        assert (stopped["processed"], stopped["created"]) == (75, 75)
        table.client.hooks = []
        assert command_fixtures.run("--segments", "1", "--json", "--resume", limits=limits) == 0
        resumed = json.loads(capsys.readouterr().out)
        assert (resumed["processed"], resumed["created"], resumed["existed"]) == (100, 100, 0)

    @pytest.mark.parametrize("denied", [set(), {"BatchExecuteStatement"}])
    def test_profiles_behind_a_throttled_one_count_as_created(self, create_table, use_table, capsys, denied):
        """The second profile is throttled until the stop. The third to fifth are created before."""
        table = use_table(create_table(*plain_users(5)))
        table.client.denied = denied
        table.client.batch_errors = {"USER#user01": ["ThrottlingError"] * 10_000}
        impatient = replace(COMMAND_LINE, first_wait_s=0.0001, longest_wait_s=0.001, patience_s=0.05)

        if denied:
            table.client.hooks = [raise_at_third_put(table)]
        assert command_fixtures.run("--segments", "1", limits=impatient) == 1
        table.client.hooks, table.client.batch_errors = [], {}
        capsys.readouterr()
        assert command_fixtures.run("--segments", "1", "--json", "--resume") == 0
        report = json.loads(capsys.readouterr().out)
        assert (report["created"], report["existed"]) == (5, 0)


def raise_at_third_put(table):
    def hook(operation, parameters):
        if operation == "PutItem" and len(table.profiles()) == 2:
            raise client_error(operation, "ExpiredTokenException", "expired")

    return hook
