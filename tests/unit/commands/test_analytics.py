"""`userprofiles analytics`: counts, files, errors, exit codes."""

import json
import os
import re
import resource
import signal
from datetime import UTC, datetime

import botocore.session
import pytest
from freezegun import freeze_time
from userprofiles.analytics.html_page import build_page
from userprofiles.analytics.statistics import Statistics
from userprofiles.analytics.user_counter import UserCounter
from userprofiles.backfill.command.argument_parser import CommandParser
from userprofiles.backfill.limits import Limits
from userprofiles.commands import analytics_command

TABLE = ("analytics", "--table-name", "users")
CANARY = "canary"


@pytest.fixture
def users(register, tables):
    """Register four users; one of them has a complete profile, one no profile, one is erased."""
    register("u1", name=CANARY)
    register("u2", name=CANARY, given_name=CANARY, family_name=CANARY, phone_number="+491701234567")
    register("u3", **{"custom:role": "vendor"})
    register("u4")
    items = {(item["PK"], item["SK"]): item for item in tables.items()}
    tables.delete(items["USER#u1", "PROFILE#MAIN"])
    tables.put({**items["USER#u3", "ACCOUNT#MAIN"], "status": f"{CANARY}@example.com"})
    for sort_key in ("ACCOUNT#MAIN", "PROFILE#MAIN"):
        tables.put({"PK": "USER#u4", "SK": sort_key, "entityType": "TOMBSTONE"})
    tables.put({"PK": "USER#u2", "SK": "CONTENT#1", "text": CANARY})
    tables.put({"PK": "LEGACY#x#1", "SK": "ACCOUNT#MAIN", "text": CANARY})


@pytest.mark.parametrize("segments", [1, 3, 8])
def test_json_has_all_counts(users, run, capsys, segments):
    code = run(*TABLE, "--json", "--segments", segments)

    document = json.loads(capsys.readouterr().out)
    today = datetime.now(UTC).date().isoformat()
    assert code == 0
    assert document.pop("time")
    assert document == {
        "table": "users",
        "users": 3,
        "complete": 1,
        "completionRate": 33.3,
        "withoutProfile": 1,
        "erased": 1,
        "roles": {"customer": 2, "vendor": 1},
        "statuses": {"active": 2, "other": 1},
        "completionBands": {"0": 2, "1-25": 0, "26-50": 0, "51-75": 0, "76-99": 0, "100": 1},
        "signUpsPerDay": {today: 3},
    }


def test_text_has_the_counts(users, run, capsys):
    assert run(*TABLE) == 0

    out = capsys.readouterr().out
    assert "Users:             3\n" in out
    assert "Complete profiles: 1 (33.3 %)\n" in out
    assert re.search(r"^  customer +2  #+$", out, re.MULTILINE)


def test_no_output_has_a_value_of_a_user(users, run, capsys, tmp_path):
    page, file = tmp_path / "page.html", tmp_path / "days.jsonl"

    run(*TABLE, "--html", page, "--snapshots", file)
    run(*TABLE, "--json")

    captured = capsys.readouterr()
    assert CANARY not in captured.out + captured.err + page.read_text() + file.read_text()


def test_page_is_self_contained(users, run, tmp_path):
    page = tmp_path / "page.html"

    assert run(*TABLE, "--html", page) == 0

    text = page.read_text()
    assert text.startswith("<!DOCTYPE html>")
    assert text.count("<svg ") == 4
    assert not re.search(r"<script|src=|href=|url\(|@import|https?://", text)
    assert "default-src 'none'" in text
    assert "customer" in text


def test_page_escapes_the_name_of_the_table():
    text = build_page("<b>", "now", Statistics(), [], datetime.now(UTC).date())

    assert "<b>" not in text


@pytest.mark.long
def test_snapshot_is_appended_once_a_day_and_shown_as_trend(users, run, register, tmp_path, capsys):
    file, page = tmp_path / "days.jsonl", tmp_path / "page.html"

    for moment in ("2026-02-04 10:00", "2026-02-04 23:00", "2026-02-05 10:00"):
        with freeze_time(moment, ignore=["botocore", "moto", "threading", "concurrent"]):
            assert run(*TABLE, "--snapshots", file, "--html", page) == 0
        register(f"new-{moment[8:10]}-{moment[11:13]}")

    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(line["date"], line["table"], line["users"]) for line in lines] == [
        ("2026-02-04", "users", 3),
        ("2026-02-05", "users", 5),
    ]
    assert "signUpsPerDay" not in lines[0]
    assert page.read_text().count("<svg ") == 6
    assert "has a snapshot of today. It was not changed." in capsys.readouterr().err


@pytest.mark.parametrize(
    "line_and_problem",
    [
        ("not JSON", "line 2 is not a snapshot of this command"),
        ("[]", "line 2 is not a snapshot"),
        ('{"table": "users", "date": "yesterday"}', "line 2 is not a snapshot"),
        (
            '{"table": "other", "date": "2026-02-04", "users": 1, "complete": 1, "completionRate": 1}',
            "line 2 is a snapshot of table 'other', not of 'users'",
        ),
    ],
)
def test_damaged_snapshots_are_refused_before_the_scan(tables, run, capsys, tmp_path, line_and_problem):
    line, problem = line_and_problem
    file = tmp_path / "days.jsonl"
    run(*TABLE, "--snapshots", file)
    content = file.read_text() + line + "\n"
    file.write_text(content)
    tables.client.delete_table(TableName="users")

    code = run(*TABLE, "--snapshots", file)

    assert code == 5
    assert problem in capsys.readouterr().err
    assert file.read_text() == content


@pytest.fixture
def full_disk():
    """Limit files to 50 bytes."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("option", ["--html", "--snapshots"])
def test_full_disk_is_reported_and_leaves_no_half_file(full_disk, run, capsys, tmp_path, option):
    code = run(*TABLE, option, tmp_path / "file")

    err = capsys.readouterr().err
    assert code == 1
    assert f"Error: {option} {tmp_path}/file: the file can't be read or written: File too large." in err
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option", ["--html", "--snapshots"])
@pytest.mark.parametrize("path", [".", "missing/file"])
def test_file_that_can_not_be_written_is_wrong_usage(run, capsys, tmp_path, option, path):
    with pytest.raises(SystemExit) as error:
        run(*TABLE, option, tmp_path / path)

    assert error.value.code == 64
    assert "must be a file in a directory that exists and is writable" in capsys.readouterr().err


def test_unknown_table_is_reported_with_the_fix(run, capsys):
    assert run("analytics", "--table-name", "missing", "--region", "us-east-1") == 1

    assert "Table not found: 'missing'" in capsys.readouterr().err


def test_error_as_json(run, capsys):
    run("analytics", "--table-name", "missing", "--json")

    assert json.loads(capsys.readouterr().out)["error"]["kind"] == "table"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--segments", "0"], "--segments must be from 1 to 1,000, got 0"),
        (["--template", "carer"], "Template 'carer' doesn't exist"),
        (["--bogus"], "unrecognized arguments: --bogus"),
    ],
)
def test_wrong_usage(run, capsys, arguments, problem):
    with pytest.raises(SystemExit) as error:
        run(*TABLE, *arguments)

    assert error.value.code == 64
    assert problem in capsys.readouterr().err


def test_ctrl_c_stops_without_a_file(users, run, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(UserCounter, "add_rows", lambda *_: os.kill(os.getpid(), signal.SIGINT))

    code = run(*TABLE, "--segments", 1, "--html", tmp_path / "page", "--snapshots", tmp_path / "days")

    captured = capsys.readouterr()
    assert (code, captured.out) == (3, "")
    assert captured.err == "Stopped. No file was written. Run the command again.\n"
    assert list(tmp_path.iterdir()) == []


def test_progress_lines_have_rows_rate_and_users(users, run, capsys):
    parser = CommandParser()
    groups = parser.add_subparsers()
    analytics_command.add_parsers(groups)

    analytics_command.run_parsed(
        groups.choices["analytics"], parser.parse_args([*TABLE, "--segments", "1"]), Limits(line_every_s=0.0)
    )

    assert re.fullmatch(r"9 of about 9 rows, [\d,]+ rows/s, ETA 0:00:00, 3 users\n", capsys.readouterr().err)


def test_metric_is_sent_with_the_completion_rate(users, run, capsys):
    assert run(*TABLE, "--put-metric") == 0

    cloudwatch = botocore.session.get_session().create_client("cloudwatch", region_name="us-east-1")
    [metric] = cloudwatch.list_metrics()["Metrics"]
    assert metric == {
        "Namespace": "UserProfiles",
        "MetricName": "ProfileCompletionRate",
        "Dimensions": [{"Name": "table", "Value": "users"}],
    }
