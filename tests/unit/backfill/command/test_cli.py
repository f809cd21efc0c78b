"""`userprofiles backfill run`: its options, its output and its exit codes."""

import json
import os
import re
import sys
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest
from backfill_fixtures import account, plain_user
from command_fixtures import RULER, Terminal, files, run
from userprofiles import cli
from userprofiles.backfill.command import migrate_user_profiles
from userprofiles.backfill.command.exit_code import ExitCode
from userprofiles.backfill.limits import COMMAND_LINE


@pytest.mark.parametrize(
    ("command", "arguments"), [(migrate_user_profiles, []), (cli, []), (cli, ["backfill", "run"])]
)
def test_help_lists_the_exit_codes_and_their_meanings(capsys, command, arguments):
    with pytest.raises(SystemExit) as raised:
        command.main([*arguments, "--help"])

    assert raised.value.code == 0
    listed = re.findall(r"^  (\d+) +(.+)$", capsys.readouterr().out.split("exit codes:")[1], re.MULTILINE)
    assert [(str(code.value), code.meaning) for code in ExitCode] == listed


def test_documentation_lists_the_exit_codes_and_their_meanings():
    page = (Path(__file__).resolve().parents[4] / "docs" / "backfill.md").read_text()
    section = page.split("## Exit codes")[1].split("##")[0]

    listed = re.findall(r"^\| (\d+) \| (.+) \|$", section, re.MULTILINE)

    assert [(str(code.value), code.meaning) for code in ExitCode] == listed


class TestBackfillRun:
    @pytest.mark.parametrize(("arguments", "dry_run"), [([], "False"), (["--dry-run"], "True")])
    def test_plain_output_begins_with_table_and_dry_run(self, old_table, capsys, arguments, dry_run):
        run(*arguments)

        assert capsys.readouterr().out.splitlines()[:5] == (
            [
                RULER,
                "Starting User Profile Migration",
                "Table: v_users_dev",
                f"Dry Run: {dry_run}",
                RULER,
            ]
        )

    @pytest.mark.parametrize(
        "arguments",
        [["--bogus"], ["--segments", "0"], ["--segments", "x"], ["--template", "nope"], ["walk"]],
    )
    def test_wrong_usage_is_printed_as_json(self, capsys, arguments):
        with pytest.raises(SystemExit) as raised:
            run("--json", *arguments)

        captured = capsys.readouterr()
        error = json.loads(captured.out)["error"]
        assert (raised.value.code, error["kind"]) == (64, "usage")
        assert error["message"] in captured.err

    def test_wrong_usage_without_json_leaves_standard_output_empty(self, capsys):
        with pytest.raises(SystemExit):
            run("--segments", "x")

        assert capsys.readouterr().out == ""

    def test_unknown_option_shows_the_usage_of_the_command(self, capsys):
        with pytest.raises(SystemExit):
            run("--bogus")

        err = capsys.readouterr().err
        assert err.startswith("usage: userprofiles backfill run ")
        assert err.endswith("unrecognized arguments: --bogus\n")

    def test_connection_error_names_the_options(self, capsys):
        assert run("--endpoint-url", "nonsense") == 1
        assert "(--endpoint-url or AWS_ENDPOINT_URL)" in capsys.readouterr().err

    def test_standard_output_has_only_the_json_report(self, old_table, capsys):
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

    def test_report_is_written_to_a_file(self, create_table, use_table, tmp_path, capsys):
        use_table(
            create_table(plain_user("odd", firstName={"N": "7"}), plain_user("gone", status={"S": "deleted"}))
        )

        code = run("--report", str(tmp_path / "report.json"), "--dry-run")

        report = json.loads((tmp_path / "report.json").read_text())
        assert code == 2
        assert report["dryRun"] is True
        assert report["failures"] == [
            {"userId": "odd", "PK": "odd", "SK": "METADATA", "reason": "firstName is a number, not a string"}
        ]
        assert report["processed"] == report["failed"] + sum(report["skipped"].values()) == 2
        assert capsys.readouterr().out.endswith(
            "Users skipped:            1\n" + RULER + "\nMigration complete!\n"
        )
        assert files(tmp_path) == ["report.json"]

    def test_only_named_segments_are_processed(self, old_table, capsys):
        run("--segments", "4", "--only", "0-1", "--json")
        first = json.loads(capsys.readouterr().out)
        run("--segments", "4", "--only", "2,3", "--json")
        second = json.loads(capsys.readouterr().out)

        assert first["processed"] + second["processed"] == 4
        assert first["created"] + second["created"] == 2

    def test_status_values_and_flags_change_the_rule(self, create_table, use_table, capsys):
        use_table(
            create_table(plain_user("a", status={"S": "inactive"}), plain_user("b", isActive={"BOOL": False}))
        )

        run("--status-values", "banned", "--flags", "isDeleted", "--json")

        assert json.loads(capsys.readouterr().out)["created"] == 2

    def test_both_shapes_are_refused_unless_one_is_named(self, create_table, use_table, capsys):
        table = use_table(create_table(plain_user("user1"), account("a")))

        assert run() == 5
        assert "--shape plain" in capsys.readouterr().err
        assert run("--shape", "stack") == 0
        assert set(table.profiles()) == {"USER#a"}

    def test_error_is_printed_as_json(self, old_table, capsys):
        old_table.client.denied = {"Scan"}

        code = run("--json")

        captured = capsys.readouterr()
        assert code == 1
        assert json.loads(captured.out)["error"]["kind"] == "rights"
        assert "Access Denied" in captured.err

    def test_report_to_a_pipe_leaves_the_pipe_in_place(self, old_table, tmp_path):
        """As with /dev/null or /dev/stdout: a file in its place would break other programs."""
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)

        code = run("--report", str(pipe), "--dry-run")

        assert code == 0
        assert pipe.is_fifo()
        assert json.loads(os.read(reader, 1 << 16))["dryRun"] is True
        os.close(reader)

    @pytest.mark.parametrize(
        "arguments",
        [
            ["--segments", "0"],
            ["--segments", "x"],
            ["--only", "8"],
            ["--only", "3-1"],
            ["--only", ""],
            ["--flags", "gone"],
            ["--flags", ""],
            ["--status-values", " ,"],
            ["--shape", "round"],
            ["--template", "nope"],
            ["--report", "/no/such/folder/report.json"],
            ["--report", "report.csv"],
            ["--resume", "--dry-run"],
            ["--unknown"],
        ],
    )
    def test_wrong_usage(self, capsys, arguments):
        with pytest.raises(SystemExit) as raised:
            run(*arguments)

        assert raised.value.code == 64
        assert ": error: " in capsys.readouterr().err

    @pytest.mark.parametrize("arguments", [[], ["backfill"], ["backfill", "run"], ["backfill", "walk"]])
    def test_missing_command_is_wrong_usage(self, capsys, arguments):
        with pytest.raises(SystemExit) as raised:
            cli.main(arguments)

        assert raised.value.code == 64

    def test_invalid_table_name_is_wrong_usage(self, capsys):
        with pytest.raises(SystemExit) as raised:
            cli.main(["backfill", "run", "--table-name", 'x" VALUE'])

        assert raised.value.code == 64


class TestConnectionSettings:
    def test_missing_region(self, capsys, monkeypatch):
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
        assert "is not the name of an AWS region" in capsys.readouterr().err

    def test_unknown_profile(self, capsys, monkeypatch):
        monkeypatch.setenv("AWS_PROFILE", "nobody")

        assert run() == 1
        assert "nobody" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "name"), [(cli, "userprofiles"), (migrate_user_profiles, "migrate-user-profiles")]
)
def test_version_of_both_commands(capsys, command, name):
    with pytest.raises(SystemExit) as raised:
        command.main(["--version"])

    assert raised.value.code == 0
    assert capsys.readouterr().out == f"{name} {version('pulumi-userprofiles')}\n"


def test_csv_report_is_rejected_with_the_allowed_format(capsys):
    with pytest.raises(SystemExit):
        run("--report", "failures.csv")

    assert "--report failures.csv: the report is written as JSON only" in capsys.readouterr().err


class TestProgress:
    limits = replace(COMMAND_LINE, bar_every_s=0, line_every_s=0)

    def test_file_gets_lines_with_rows_rate_and_eta(self, old_table, capsys):
        run("--segments", "1", limits=replace(self.limits, chunk_rows=2))

        line = capsys.readouterr().err.splitlines()[0]
        assert re.match(r"2 of about 6 rows, [\d,]+ rows/s, ETA \d+:\d\d:\d\d, ", line)

    def test_terminal_shows_a_bar_of_rows(self, old_table, capsys, monkeypatch):
        monkeypatch.setattr(sys, "stderr", Terminal(sys.stderr))

        run("--segments", "1", limits=replace(self.limits, chunk_rows=3))

        err = capsys.readouterr().err
        assert "━" * 15 in err
        assert "3 of about 6 rows" in err
        assert "segments" not in err
        assert "\n3 of" not in err
        assert err.rstrip("\n").endswith("\x1b[2K")  # the bar is removed at the end

    def test_terminal_without_rich_gets_lines(self, old_table, capsys, monkeypatch):
        monkeypatch.setattr(sys, "stderr", Terminal(sys.stderr))
        monkeypatch.setattr("userprofiles.backfill.command.progress_line.has_rich", lambda: False)

        run("--segments", "1", limits=replace(self.limits, chunk_rows=3))

        assert capsys.readouterr().err.startswith("3 of about 6 rows, ")

    def test_run_without_describe_table_shows_no_eta(self, old_table, capsys):
        old_table.client.denied = {"DescribeTable"}

        code = run(limits=self.limits)

        err = capsys.readouterr().err
        assert code == 0
        assert "rows/s, 4 users, 2 created, 0 failed" in err
        assert "ETA" not in err

    def test_part_of_the_segments_expects_a_part_of_the_rows(self, old_table, capsys):
        run("--segments", "2", "--only", "0", limits=replace(self.limits, chunk_rows=1))

        assert "of about 3 rows" in capsys.readouterr().err

    def test_short_run_does_not_call_describe_table(self, old_table):
        run()

        assert old_table.client.count("DescribeTable") == 0
