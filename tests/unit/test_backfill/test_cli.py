"""The two commands: their lines, their messages and their exit codes."""

import json
import os
import re
import signal
import sys
import time

import pytest
from backfill_fixtures import account, client_error, plain_user, profile
from botocore.exceptions import EndpointConnectionError, NoCredentialsError
from userprofiles import cli
from userprofiles.migration import migrate_user_profiles
from userprofiles.migration.checkpoint import Checkpoint, Checkpoints
from userprofiles.migration.front import Exit
from userprofiles.migration.job import Job

RULER = "=" * 60


@pytest.fixture(autouse=True)
def state_home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def use(monkeypatch):
    """Let the commands talk to a table in moto."""

    def use(table):
        monkeypatch.setattr(
            "userprofiles.migration.front.connect", lambda name, **_: (table.client, table.place)
        )
        return table

    return use


@pytest.fixture
def old_table(make_table, use):
    """Four users as in the README's example: two with a profile, two without."""
    return use(make_table(*(plain_user(f"user{n}") for n in range(1, 5)), profile("user1"), profile("user4")))


def run(*arguments):
    return cli.main(["backfill", "run", "--table-name", "v_users_dev", *arguments])


def files(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


class Terminal:
    """Makes a stream say that it is one."""

    def __init__(self, stream):
        self._stream = stream

    def isatty(self):
        return True

    def __getattr__(self, name):
        return getattr(self._stream, name)


class TestMigrateUserProfiles:
    def test_lines_are_the_readmes(self, old_table, capsys):
        code = migrate_user_profiles.main([])

        lines = capsys.readouterr().out.splitlines()
        assert code == 0
        assert lines[:7] == [
            RULER,
            "Starting User Profile Migration",
            "Table: v_users_dev",
            "Dry Run: False",
            RULER,
            "Scanning table: v_users_dev",
            "Found 4 user records",
        ]
        assert sorted(lines[7:11]) == [
            "Created profile for user: user2",
            "Created profile for user: user3",
            "Profile already exists for user: user1",
            "Profile already exists for user: user4",
        ]
        assert lines[11:] == [
            RULER,
            "Migration Summary",
            RULER,
            "Total users processed:    4",
            "Profiles already existed: 2",
            "Profiles created:         2",
            "Profiles failed:          0",
            RULER,
            "Migration complete!",
        ]

    def test_dry_run(self, old_table, capsys, state_home):
        before = old_table.digest()

        code = migrate_user_profiles.main(["--dry-run"])

        out = capsys.readouterr().out
        assert code == 0
        assert "Dry Run: True\n" in out
        assert "Would create profile for user: user2\n" in out
        assert "Profiles created:         2\n" in out
        assert old_table.digest() == before
        assert files(state_home) == []

    def test_address_is_shown_on_a_terminal_only(self, old_table, capsys, monkeypatch):
        monkeypatch.setattr(sys, "stdout", Terminal(sys.stdout))

        migrate_user_profiles.main([])

        assert "Created profile for user: user2 (user2@example.com)\n" in capsys.readouterr().out

    def test_skipped_and_failed_users_have_a_line(self, make_table, use, capsys):
        use(make_table(plain_user("away", status={"S": "inactive"}), plain_user("odd", userId={"N": "7"})))

        code = migrate_user_profiles.main([])

        out = capsys.readouterr().out
        assert code == 2
        assert "Skipped user: away (inactive)\n" in out
        assert "Failed to create profile for user: 7 (userId is a number, not a string)\n" in out
        assert "Profiles failed:          1\nUsers skipped:            1\n" in out

    def test_id_from_the_table_cannot_write_on_the_terminal(self, make_table, use, capsys):
        use(make_table(plain_user("a\x1b[2J\nMigration complete!")))

        migrate_user_profiles.main([])

        assert "\x1b" not in capsys.readouterr().out

    def test_readmes_three_rights_are_enough(self, old_table, capsys):
        old_table.client.denied = {"BatchGetItem", "BatchExecuteStatement"}

        code = migrate_user_profiles.main([])

        captured = capsys.readouterr()
        assert code == 0
        assert "Profiles created:         2\n" in captured.out
        assert captured.err.count("dynamodb:BatchGetItem is denied") == 1
        assert captured.err.count("dynamodb:PartiQLInsert is denied") == 1
        used = {name for name, _ in old_table.client.calls}
        assert used == {"Scan", "BatchGetItem", "GetItem", "BatchExecuteStatement", "PutItem"}

    @pytest.mark.parametrize(
        ("error", "messages"),
        [
            (NoCredentialsError(), ["Unable to locate credentials\n", "aws configure", "AWS_ACCESS_KEY_ID"]),
            (
                client_error("Scan", "ResourceNotFoundException"),
                ["Table not found: 'v_users_dev'", "aws dynamodb describe-table --table-name v_users_dev"],
            ),
            (
                client_error("Scan", "AccessDeniedException"),
                ["Access Denied", "dynamodb:Scan", "dynamodb:GetItem", "dynamodb:PutItem"],
            ),
            (EndpointConnectionError(endpoint_url="http://x"), ["Could not connect to DynamoDB at"]),
        ],
    )
    def test_trouble_is_told_without_a_traceback(self, old_table, capsys, error, messages):
        def fail(operation, parameters):
            raise error

        old_table.client.before = [fail]

        code = migrate_user_profiles.main([])

        err = capsys.readouterr().err
        assert code == 1
        assert all(message in err for message in messages)
        assert "Traceback" not in err

    @pytest.mark.parametrize(
        "arguments", [["--table"], ["--table-name", "x"], ["--segments", "2"], ["x"], ["--dry"]]
    )
    def test_anything_but_its_two_options_is_wrong_usage(self, capsys, arguments):
        with pytest.raises(SystemExit) as ended:
            migrate_user_profiles.main(arguments)

        assert ended.value.code == 64
        assert "migrate-user-profiles: error: " in capsys.readouterr().err

    @pytest.mark.parametrize("variable", [None, "AWS_ENDPOINT_URL"])
    def test_messages_name_variables_and_no_option_that_it_lacks(self, capsys, monkeypatch, variable):
        if variable:
            monkeypatch.setenv(variable, "nonsense")
        else:
            monkeypatch.delenv("AWS_DEFAULT_REGION")
            monkeypatch.delenv("AWS_REGION")

        assert migrate_user_profiles.main([]) == 1

        told = capsys.readouterr().err
        assert (variable or "AWS_DEFAULT_REGION") in told
        assert "--" not in told

    @pytest.mark.parametrize(
        "explained", [EndpointConnectionError(endpoint_url="x"), client_error("Scan", "404")]
    )
    def test_trouble_on_the_way_names_no_option_either(self, old_table, capsys, explained):
        def fail(operation, parameters):
            raise explained

        old_table.client.before = [fail]

        assert migrate_user_profiles.main([]) == 1
        assert "--" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "words"), [(migrate_user_profiles, []), (cli, []), (cli, ["backfill", "run"])]
)
def test_help_lists_the_exit_codes(capsys, command, words):
    with pytest.raises(SystemExit) as ended:
        command.main([*words, "--help"])

    assert ended.value.code == 0
    listed = re.findall(r"^  (\d+) +\S", capsys.readouterr().out.split("exit codes:")[1], re.MULTILINE)
    assert listed == [str(int(code)) for code in Exit]


class TestBackfillRun:
    @pytest.mark.parametrize(("arguments", "said"), [([], "False"), (["--dry-run"], "True")])
    def test_plain_output_begins_with_table_and_dry_run(self, old_table, capsys, arguments, said):
        run(*arguments)

        assert [
            RULER,
            "Starting User Profile Migration",
            "Table: v_users_dev",
            f"Dry Run: {said}",
            RULER,
        ] == (capsys.readouterr().out.splitlines()[:5])

    @pytest.mark.parametrize(
        "arguments",
        [["--bogus"], ["--segments", "0"], ["--segments", "x"], ["--template", "nope"], ["walk"]],
    )
    def test_wrong_usage_is_json_too(self, capsys, arguments):
        with pytest.raises(SystemExit) as ended:
            run("--json", *arguments)

        captured = capsys.readouterr()
        error = json.loads(captured.out)["error"]
        assert (ended.value.code, error["kind"]) == (64, "usage")
        assert error["message"] in captured.err

    def test_wrong_usage_without_json_leaves_standard_output_empty(self, capsys):
        with pytest.raises(SystemExit):
            run("--segments", "x")

        assert capsys.readouterr().out == ""

    def test_unknown_option_shows_the_usage_of_the_command(self, capsys):
        with pytest.raises(SystemExit):
            run("--bogus")

        told = capsys.readouterr().err
        assert told.startswith("usage: userprofiles backfill run ")
        assert told.endswith("unrecognized arguments: --bogus\n")

    def test_message_names_the_options_that_it_has(self, capsys):
        assert run("--endpoint-url", "nonsense") == 1
        assert "(--endpoint-url or AWS_ENDPOINT_URL)" in capsys.readouterr().err

    def test_json_is_all_there_is_on_standard_output(self, old_table, capsys):
        code = run("--json")

        report = json.loads(capsys.readouterr().out)
        assert code == 0
        assert list(report) == [
            "runId",
            "table",
            "dryRun",
            "processed",
            "existed",
            "created",
            "failed",
            "skipped",
            "failures",
            "seconds",
            "calls",
            "capacity",
        ]
        assert (report["processed"], report["existed"], report["created"], report["failed"]) == (4, 2, 2, 0)
        assert report["skipped"] == {"inactive": 0, "softDeleted": 0}
        assert report["calls"]["BatchExecuteStatement"] >= 1
        assert set(report["capacity"]) == {"read", "write"}

    def test_report_goes_into_a_file(self, make_table, use, tmp_path, capsys):
        use(make_table(plain_user("odd", firstName={"N": "7"}), plain_user("gone", status={"S": "deleted"})))

        code = run("--report", str(tmp_path / "report.json"), "--dry-run")

        report = json.loads((tmp_path / "report.json").read_text())
        assert code == 2
        assert report["dryRun"] is True
        assert report["failures"] == [{"userId": "odd", "reason": "firstName is a number, not a string"}]
        assert report["processed"] == report["failed"] + sum(report["skipped"].values()) == 2
        assert capsys.readouterr().out.endswith(
            "Users skipped:            1\n" + RULER + "\nMigration complete!\n"
        )
        assert files(tmp_path) == ["report.json"]

    def test_only_some_segments(self, old_table, capsys):
        run("--segments", "4", "--only", "0-1", "--json")
        first = json.loads(capsys.readouterr().out)
        run("--segments", "4", "--only", "2,3", "--json")
        second = json.loads(capsys.readouterr().out)

        assert first["processed"] + second["processed"] == 4
        assert first["created"] + second["created"] == 2

    def test_status_values_and_flags_change_the_rule(self, make_table, use, capsys):
        use(make_table(plain_user("a", status={"S": "inactive"}), plain_user("b", isActive={"BOOL": False})))

        run("--status-values", "banned", "--flags", "isDeleted", "--json")

        assert json.loads(capsys.readouterr().out)["created"] == 2

    def test_both_shapes_are_refused_until_one_is_named(self, make_table, use, capsys):
        table = use(make_table(plain_user("user1"), account("a")))

        assert run() == 5
        assert "--shape plain" in capsys.readouterr().err
        assert run("--shape", "stack") == 0
        assert set(table.profiles()) == {"USER#a"}

    def test_error_is_json_too(self, old_table, capsys):
        old_table.client.denied = {"Scan"}

        code = run("--json")

        captured = capsys.readouterr()
        assert code == 1
        assert json.loads(captured.out)["error"]["kind"] == "rights"
        assert "Access Denied" in captured.err

    @pytest.mark.parametrize(
        "arguments",
        [
            ["--segments", "0"],
            ["--segments", "x"],
            ["--only", "8"],
            ["--only", "3-1"],
            ["--only", ""],
            ["--flags", "gone"],
            ["--shape", "round"],
            ["--template", "nope"],
            ["--report", "/no/such/folder/report.json"],
            ["--resume", "--dry-run"],
            ["--unknown"],
        ],
    )
    def test_wrong_usage(self, capsys, arguments):
        with pytest.raises(SystemExit) as ended:
            run(*arguments)

        assert ended.value.code == 64
        assert ": error: " in capsys.readouterr().err

    @pytest.mark.parametrize("arguments", [[], ["backfill"], ["backfill", "run"], ["backfill", "walk"]])
    def test_no_command_is_wrong_usage(self, capsys, arguments):
        with pytest.raises(SystemExit) as ended:
            cli.main(arguments)

        assert ended.value.code == 64

    def test_table_name_that_could_not_be_one(self, capsys):
        with pytest.raises(SystemExit) as ended:
            cli.main(["backfill", "run", "--table-name", 'x" VALUE'])

        assert ended.value.code == 64


class TestWithoutAnyCall:
    def test_no_region(self, capsys, monkeypatch):
        monkeypatch.delenv("AWS_DEFAULT_REGION")
        monkeypatch.delenv("AWS_REGION")

        assert run() == 1
        assert "No AWS region is set" in capsys.readouterr().err

    @pytest.mark.parametrize("url", ["localhost:4566", "nonsense", "http://"])
    def test_wrong_endpoint_url(self, capsys, url):
        assert run("--endpoint-url", url) == 1
        assert "http://127.0.0.1:4566" in capsys.readouterr().err

    def test_wrong_region(self, capsys):
        assert run("--region", "no region") == 1
        assert "no AWS region's name" in capsys.readouterr().err

    def test_unknown_profile(self, capsys, monkeypatch):
        monkeypatch.setenv("AWS_PROFILE", "nobody")

        assert run() == 1
        assert "nobody" in capsys.readouterr().err


class TestStopAndResume:
    @pytest.fixture
    def big_table(self, make_table, use, monkeypatch):
        monkeypatch.setattr("userprofiles.migration.segment.CHUNK_ROWS", 5)
        return use(
            make_table(
                *(plain_user(f"user{n:02d}") for n in range(20)), plain_user("a-first", userId={"N": "7"})
            )
        )

    @pytest.fixture
    def stop_at(self, big_table):
        """Send a signal at the first call of an operation, and let the call go on when it has been heard."""

        def press(operation, number):
            def hook(called, parameters):
                if called == operation:
                    big_table.client.before.clear()
                    os.kill(os.getpid(), number)
                    deadline = time.monotonic() + 10
                    while signal.getsignal(number) != signal.SIG_DFL:  # what hearing it ends with
                        assert time.monotonic() < deadline, "the signal was not heard within 10 s"

            big_table.client.before = [hook]

        return press

    @pytest.fixture
    def stop_at_first_insert(self, stop_at):
        return lambda number: stop_at("BatchExecuteStatement", number)

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_signal_stops_and_resume_goes_on(
        self, big_table, stop_at_first_insert, capsys, state_home, number
    ):
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
        assert report["failures"] == [{"userId": "7", "reason": "userId is a number, not a string"}]
        first_scan = [given for name, given in big_table.client.calls if name == "Scan"][1]
        assert "ExclusiveStartKey" in first_scan
        assert files(state_home) == []

    def test_old_command_tells_how_to_go_on(self, big_table, stop_at_first_insert, capsys):
        stop_at_first_insert(signal.SIGINT)

        assert migrate_user_profiles.main([]) == 3
        assert "userprofiles backfill run --table-name v_users_dev --resume" in capsys.readouterr().err
        assert run("--resume") == 2
        assert len(big_table.profiles()) == 20

    def test_stopped_dry_run_keeps_nothing(self, stop_at, capsys, state_home):
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

    def test_another_table_under_the_name_is_refused(
        self, big_table, stop_at_first_insert, make_table, use, capsys
    ):
        stop_at_first_insert(signal.SIGINT)
        run("--segments", "1")
        other = make_table(account("a"), name="another")
        other.name = "v_users_dev"
        big_table.client.before = [
            lambda operation, given: (
                other.client.scan(**{**given, "TableName": "another"}) if operation == "Scan" else None
            )
        ]

        assert run("--segments", "1", "--resume") == 5
        assert "it is another table" in capsys.readouterr().err

    @pytest.mark.parametrize("content", ["", "{}", "[]", '{"version": 99}', '{"version": 1, "job": {}}'])
    def test_broken_checkpoint_is_refused(self, old_table, capsys, state_home, content):
        folder = Checkpoints(old_table.place, state_home).folder
        folder.mkdir(parents=True)
        (folder / "run.json").write_text(content)

        assert run("--resume") == 5
        assert "can't be read" in capsys.readouterr().err

    def test_run_that_somebody_else_works_on_is_refused(
        self, big_table, stop_at_first_insert, capsys, state_home
    ):
        stop_at_first_insert(signal.SIGINT)
        run("--segments", "1")
        checkpoints = Checkpoints(big_table.place, state_home)
        run_id = next(checkpoints.folder.glob("*.json")).stem
        other = Checkpoint(checkpoints, Job(run_id=run_id, table="v_users_dev"))
        with other.open(10):
            assert run("--segments", "1", "--resume") == 5
        other.close()

        assert "Another process is working on run" in capsys.readouterr().err

    def test_state_that_cannot_be_kept_is_told_and_no_obstacle(
        self, old_table, capsys, tmp_path, monkeypatch
    ):
        (tmp_path / "file").write_text("")
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))

        assert run() == 0
        assert "no checkpoint can be kept" in capsys.readouterr().err

    def test_trouble_on_the_way_can_be_resumed_too(self, big_table, capsys):
        def fail_later(operation, parameters):
            if operation == "BatchExecuteStatement" and len(big_table.profiles()) >= 5:
                raise client_error(operation, "ExpiredTokenException", "expired")

        big_table.client.before = [fail_later]

        assert run("--segments", "1") == 1
        assert "--resume" in capsys.readouterr().err
        big_table.client.before = []
        assert run("--segments", "1", "--resume") == 2
        assert len(big_table.profiles()) == 20


def test_reader_that_goes_away_stops_the_run(old_table, monkeypatch):
    class Closed(Terminal):
        def writelines(self, lines):
            raise BrokenPipeError

        def fileno(self):
            return descriptor

    descriptor = os.open(os.devnull, os.O_WRONLY)
    monkeypatch.setattr(sys, "stdout", Closed(sys.stdout))

    assert migrate_user_profiles.main([]) == 3
    os.close(descriptor)


def test_bar_on_a_terminal_and_lines_elsewhere(old_table, capsys, monkeypatch):
    monkeypatch.setattr("userprofiles.migration.view._BAR_EVERY_S", 0)
    monkeypatch.setattr("userprofiles.migration.view._LINE_EVERY_S", 0)

    run()
    assert "4 users, 2 created, 0 failed" in capsys.readouterr().err

    monkeypatch.setattr(sys, "stderr", Terminal(sys.stderr))
    run()
    shown = capsys.readouterr().err
    assert "\r\x1b[2K[####" in shown
    assert shown.endswith("\r\x1b[2K")
