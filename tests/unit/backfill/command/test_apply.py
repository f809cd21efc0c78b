"""`backfill apply`: runs a plan once, refuses what does not fit, and resumes."""

import contextlib
import dataclasses
import itertools
import json
import os
import re
import shlex

import pytest
from backfill_fixtures import client_error, plain_user, plain_users, profile
from kill_switch import KilledError
from userprofiles import cli
from userprofiles.backfill.command import apply_command
from userprofiles.backfill.command.ledger_options import default_ledger_folder
from userprofiles.backfill.limits import COMMAND_LINE
from userprofiles.jobs.file_ledger import FileLedger

SMALL = dataclasses.replace(COMMAND_LINE, chunk_rows=3, threads=1)


@pytest.fixture
def commands(create_table, connect):
    """Connect to a table with ten users: eight without a profile, one with it, one inactive."""
    return connect(
        create_table(
            *plain_users(8), plain_user("old"), profile("old"), plain_user("gone", status={"S": "inactive"})
        )
    )


@pytest.fixture
def planned(commands, capsys):
    commands.plan("--segments", "1")
    capsys.readouterr()
    return commands


@pytest.fixture
def stoppable(planned, monkeypatch):
    """Request a stop, as Ctrl-C does, at the first batch of inserts of the next run."""
    stop_requests = []

    def keep(request_stop):
        stop_requests.append(request_stop)
        return contextlib.nullcontext()

    def stop(operation, _):
        if operation == "BatchExecuteStatement":
            planned.table.client.hooks.clear()
            stop_requests[-1]()

    monkeypatch.setattr("userprofiles.backfill.command.apply_command.stop_on_signals", keep)
    planned.table.client.hooks.append(stop)
    return planned


def test_apply_creates_what_the_plan_counts(planned, capsys):
    assert planned.apply("--no-backup", "--json") == 0

    document = json.loads(capsys.readouterr().out)
    plan = planned.document()
    assert {name: document[name] for name in ("processed", "created", "existed", "failed")} == {
        name: plan["counts"][name] for name in ("processed", "created", "existed", "failed")
    }
    assert document["runId"] == document["planId"] == plan["planId"]
    assert document["planHash"] == plan["sha256"]
    assert document["drift"] == {"allowed": 100, "accepted": False, "differences": []}
    assert document["backup"] == "none (--no-backup)"
    assert len(planned.table.profiles()) == 9


def test_record_has_plan_table_code_template_operator_and_backup(planned):
    planned.apply("--no-backup")

    [run] = planned.runs()
    document = planned.document()
    assert run.run_id == document["planId"]
    assert run.plan_hash == document["sha256"]
    assert run.table == document["table"]["arn"]
    assert run.code_version == document["codeVersion"]
    assert run.template_version == "basic 1.0 " + document["template"]["digest"]
    assert run.started_by == "arn:aws:iam::1:user/ann"
    assert run.backup == "none (--no-backup)"
    assert run.state == "done"


def test_plan_is_applied_once(planned, capsys):
    planned.apply("--no-backup")
    capsys.readouterr()

    assert planned.apply("--no-backup") == 5

    assert "already applied" in capsys.readouterr().err


def test_dry_run_checks_and_counts_without_a_record(planned, capsys):
    before = planned.table.digest()

    assert planned.apply("--no-backup", "--dry-run", "--json") == 0

    assert json.loads(capsys.readouterr().out)["created"] == 8
    assert planned.table.digest() == before
    assert planned.runs() == []


def test_report_has_the_failures(create_table, connect, tmp_path):
    commands = connect(create_table(*plain_users(2), plain_user("broken", userId={"N": "7"})))
    commands.plan()
    report = tmp_path / "report.json"

    assert commands.apply("--no-backup", "--report", report) == 2

    document = json.loads(report.read_text())
    [failure] = document["failures"]
    assert {name: failure[name] for name in ("userId", "PK", "SK", "reason")} == {
        "userId": "7",
        "PK": "broken",
        "SK": "METADATA",
        "reason": "userId is a number, not a string",
    }
    assert report.with_suffix(".html").exists()
    assert document["planId"] == commands.document()["planId"]


def test_report_that_cannot_be_written_is_refused_before_the_run(planned, tmp_path, capsys):
    with pytest.raises(SystemExit) as exit_info:
        planned.apply("--no-backup", "--report", tmp_path / "missing" / "report.json")

    assert exit_info.value.code == 64
    assert "must be a file in a directory that exists" in capsys.readouterr().err
    assert planned.runs() == []


def test_plan_edited_by_hand_is_refused(planned, capsys):
    planned.edit(lambda plan: plan["counts"].update(created=9_999))

    assert planned.apply("--no-backup") == 5

    err = capsys.readouterr().err
    assert "was changed after it was made: counts." in err
    assert planned.runs() == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda plan: plan.pop("warnings"), "warnings (missing)"),
        (lambda plan: plan.update(extra=1), "extra"),
        (lambda plan: plan["sections"].update(job="0"), "job"),
        (lambda plan: plan.update(sha256="0"), "its hashes"),
        (lambda plan: plan.update(format="csv"), "its format must be 'userprofiles-backfill-plan'"),
        (lambda plan: plan.update(version=2), "this release reads version 1"),
    ],
)
def test_wrong_plan_says_what_is_wrong(planned, change, message, capsys):
    planned.edit(change)

    assert planned.apply("--no-backup") == 5

    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    "change",
    [
        lambda plan: plan["job"].update(operation="rollback", ofRun="june"),
        lambda plan: plan.update(planId="../../june"),
    ],
)
def test_plan_that_the_command_did_not_make_is_refused(planned, change, capsys):
    """The hash is no signature: whoever can edit the file can compute it. A plan only creates profiles."""
    planned.sign(change)

    assert planned.apply("--no-backup") == 5

    assert "its job must have the plan's ID and create profiles" in capsys.readouterr().err
    assert planned.runs() == []


def test_plan_that_is_nested_too_deeply_is_refused(planned, capsys):
    planned.path.write_text("[" * 200_000)

    assert planned.apply("--no-backup") == 5

    assert "is not a plan" in capsys.readouterr().err


def test_file_that_is_not_a_plan(planned, capsys):
    planned.path.write_text("PK,SK\n")

    assert planned.apply("--no-backup") == 5

    assert "is not a plan" in capsys.readouterr().err


def test_missing_plan_file(planned, tmp_path, capsys):
    assert planned.apply("--no-backup", path=tmp_path / "other.json") == 1

    assert "No such file" in capsys.readouterr().err


def test_plan_of_a_table_that_was_created_again_is_refused(planned, capsys):
    planned.sign(lambda plan: plan["table"].update(createdAt="2020-01-01T00:00:00.000Z"))

    assert planned.apply("--no-backup") == 5

    err = capsys.readouterr().err
    assert "the table's time of creation was '2020-01-01T00:00:00.000Z', is '" in err
    assert "Nothing was written" in err


def test_f35_changed_table_template_source_or_code_is_refused_with_was_and_is(planned, capsys):
    """F35: a plan whose table, template, source or code has changed is not carried out."""

    def change(plan):
        plan["table"].update(arn="arn:aws:dynamodb:us-east-1:1:table/other", keySchema=["id S HASH"])
        plan["template"].update(digest="0")
        plan["source"].update(settingsDigest="0")
        plan["codeVersion"] = "0.0.9+0"

    planned.sign(change)

    assert planned.apply("--no-backup", "--accept-drift") == 5

    err = capsys.readouterr().err
    for text in (
        "the table was 'arn:aws:dynamodb:us-east-1:1:table/other', is ",
        "the table's keys was ['id S HASH'], is ['PK S HASH', 'SK S RANGE']",
        "template.digest was '0', is ",
        "source.settingsDigest was '0', is ",
        "the code version was '0.0.9+0', is ",
    ):
        assert text in err
    assert planned.table.client.count("BatchExecuteStatement") == 0


def test_f35_code_changed_between_stop_and_resume(planned, stoppable, monkeypatch, capsys):
    """F35: a stopped run does not resume with other code."""
    assert stoppable.apply("--no-backup", limits=SMALL) == 3
    monkeypatch.setattr("userprofiles.backfill.plan.planner.backfill_code_version", lambda: "0.2.0+1")

    assert planned.apply("--no-backup") == 5

    assert "the code version was '0.1.0+" in capsys.readouterr().err
    assert [run.state for run in planned.runs()] == ["stopped"]


def test_f35_stored_run_of_other_code_is_refused(planned, stoppable, monkeypatch, capsys):
    """F35: the record of a run decides, too: a plan whose hashes are right again does not help."""
    assert stoppable.apply("--no-backup", limits=SMALL) == 3
    planned.sign(lambda plan: plan["counts"].update(created=7))

    assert planned.apply("--no-backup") == 5

    assert "the plan was '" in capsys.readouterr().err


def test_table_without_backup_is_refused(planned, capsys):
    assert planned.apply() == 5

    err = capsys.readouterr().err
    assert "point-in-time recovery is off" in err
    for option in ("--backup", "--backup-arn", "--no-backup"):
        assert option in err
    assert planned.runs() == []


def test_refusal_is_also_printed_as_json(planned, capsys):
    assert planned.apply("--json") == 5

    error = json.loads(capsys.readouterr().out)["error"]
    assert error["kind"] == "refused"
    assert "--no-backup" in error["message"]


def test_point_in_time_recovery_is_a_backup(planned, capsys):
    planned.table.moto.update_continuous_backups(
        TableName=planned.table.name,
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
    )

    assert planned.apply("--json") == 0

    assert json.loads(capsys.readouterr().out)["backup"] == "point-in-time recovery"


def test_backup_is_created_and_named_in_record_and_report(planned, capsys):
    assert planned.apply("--backup", "--json") == 0

    [backup] = planned.table.moto.list_backups(TableName=planned.table.name)["BackupSummaries"]
    assert backup["BackupName"] == f"userprofiles-{planned.document()['planId']}"
    assert json.loads(capsys.readouterr().out)["backup"] == backup["BackupArn"]
    assert planned.runs()[0].backup == backup["BackupArn"]


def test_named_backup_must_belong_to_the_table(planned, capsys):
    other = "arn:aws:dynamodb:us-east-1:123456789012:table/other/backup/01"

    assert planned.apply("--backup-arn", other) == 5

    assert "is a backup of another table" in capsys.readouterr().err


def test_named_backup_is_used(planned, capsys):
    arn = planned.table.moto.create_backup(TableName=planned.table.name, BackupName="mine")["BackupDetails"][
        "BackupArn"
    ]

    assert planned.apply("--backup-arn", arn, "--json") == 0

    assert json.loads(capsys.readouterr().out)["backup"] == arn


@pytest.mark.parametrize(
    ("operation", "options"),
    [
        ("DescribeTable", ["--no-backup"]),
        ("DescribeContinuousBackups", []),
        ("CreateBackup", ["--backup"]),
        ("Scan", ["--no-backup"]),
    ],
)
def test_missing_right_names_the_action(planned, operation, options, capsys):
    planned.table.client.denied.add(operation)

    assert planned.apply(*options) == 1

    assert f"dynamodb:{operation}" in capsys.readouterr().err


def test_expired_session_ends_resumably(planned, capsys):
    expired = client_error("BatchExecuteStatement", "ExpiredTokenException", "The security token expired")

    def expire(operation, _):
        if operation == "BatchExecuteStatement":
            raise expired

    planned.table.client.hooks.append(expire)
    assert planned.apply("--no-backup") == 1
    err = capsys.readouterr().err
    assert "ExpiredTokenException" in err
    assert f"To resume:\n  userprofiles backfill apply {planned.path} --no-backup" in err
    planned.table.client.hooks.clear()

    assert planned.apply("--no-backup", "--json") == 0

    out, err = capsys.readouterr()
    assert "Resuming run" in err
    assert json.loads(out)["created"] == 8


def test_wrong_clock_is_named(planned, capsys):
    skewed = client_error(
        "Scan",
        "InvalidSignatureException",
        "Signature expired: 20260204T160000Z is now earlier than 20260204T161000Z",
    )

    def reject(operation, _):
        if operation == "Scan":
            raise skewed

    planned.table.client.hooks.append(reject)

    assert planned.apply("--no-backup") == 1

    assert "clock of this machine" in capsys.readouterr().err


def test_interrupted_run_resumes_with_the_same_command(planned, stoppable, capsys):
    assert stoppable.apply("--no-backup", limits=SMALL) == 3
    assert "To resume:" in capsys.readouterr().err

    assert planned.apply("--no-backup", "--json") == 0

    document = json.loads(capsys.readouterr().out)
    assert (document["processed"], document["created"]) == (10, 8)
    assert len(planned.table.profiles()) == 9
    assert [run.state for run in planned.runs()] == ["done"]


@pytest.fixture
def apply_until_kill(planned, monkeypatch):
    """Return a function that applies the plan and is killed at one of its calls of AWS, counted from 1."""

    def apply(number, *arguments):
        ledger = FileLedger(default_ledger_folder())
        calls = itertools.count(1)

        def kill(*_):
            if next(calls) == number:
                raise KilledError

        planned.table.client.hooks.append(kill)
        with monkeypatch.context() as patch:
            patch.setattr("userprofiles.backfill.command.apply_command.open_ledger", lambda *_, **__: ledger)
            with pytest.raises(KilledError):
                planned.apply(*arguments, limits=SMALL)
        planned.table.client.hooks.clear()
        for descriptor in ledger._held.values():
            os.close(descriptor)  # as the end of a process does
        ledger._held.clear()

    return apply


FIRST_INSERT = 8  # after the description of the table and its backup, the first scan, and its profiles


def test_killed_run_resumes_and_keeps_its_backup(planned, apply_until_kill, capsys):
    apply_until_kill(FIRST_INSERT, "--backup")
    capsys.readouterr()

    assert planned.apply("--json") == 0

    document = json.loads(capsys.readouterr().out)
    assert document["created"] == 8
    assert "/backup/" in document["backup"]


@pytest.mark.parametrize(
    "number", [2, 8, *(pytest.param(n, marks=pytest.mark.long) for n in (1, 3, 4, 5, 6, 7, 9, 10, 11))]
)
def test_counts_are_exact_after_a_kill_at_any_call(planned, apply_until_kill, capsys, number):
    apply_until_kill(number, "--no-backup")
    capsys.readouterr()

    assert planned.apply("--no-backup", "--json") == 0

    document = json.loads(capsys.readouterr().out)
    assert (document["processed"], document["created"], document["existed"]) == (10, 8, 1)
    assert document["skipped"]["inactive"] == 1
    assert document["drift"]["differences"] == []


def add_users(commands, count):
    commands.table.put(*(plain_user(f"later{n:03d}") for n in range(count)))


MANY_CHUNKS = dataclasses.replace(COMMAND_LINE, chunk_rows=20, threads=1)


def test_users_who_came_since_the_plan_are_counted(planned, capsys):
    add_users(planned, 50)

    assert planned.apply("--no-backup", "--json") == 0

    document = json.loads(capsys.readouterr().out)
    assert document["processed"] == 60
    assert document["drift"]["differences"] == []


def test_too_many_new_users_stop_the_run_resumably(planned, capsys):
    add_users(planned, 200)

    assert planned.apply("--no-backup", limits=MANY_CHUNKS) == 5

    err = capsys.readouterr().err
    assert "differ from plan" in err
    assert "created: 8 planned, 118 now" in err
    assert "--accept-drift" in err
    assert "To resume:" not in err
    [run] = planned.runs()
    assert run.state == "failed"
    assert "differ from plan" in run.message

    calls = len(planned.table.client.calls)
    assert planned.apply("--no-backup") == 5, "the stored counts are compared before the run resumes"
    assert planned.table.client.count("BatchExecuteStatement") > 0
    assert "Scan" not in [name for name, _ in planned.table.client.calls[calls:]]
    assert cli.main(["runs", "resume", run.run_id]) == 5
    assert f"userprofiles backfill apply {planned.path} --accept-drift\n" in capsys.readouterr().err

    assert planned.apply("--no-backup", "--accept-drift", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["created"] == 208
    assert document["drift"]["accepted"] is True
    assert {"name": "processed", "planned": 10, "actual": 210} in document["drift"]["differences"]


def test_missing_users_are_reported_if_the_run_could_not_stop_before(create_table, connect, capsys):
    users = plain_users(150)
    commands = connect(create_table(*users))
    commands.plan("--segments", "1")
    for user in users[:120]:
        commands.table.moto.delete_item(
            TableName=commands.table.name, Key={name: user[name] for name in ("PK", "SK")}
        )
    capsys.readouterr()

    assert commands.apply("--no-backup") == 2

    assert "processed 150 planned, 30 now" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["101%", "-1", "many"])
def test_wrong_max_drift(planned, text, capsys):
    with pytest.raises(SystemExit) as exit_info:
        planned.apply(f"--max-drift={text}")

    assert exit_info.value.code == 64
    assert "must be a percentage" in capsys.readouterr().err


def test_backup_options_exclude_each_other(planned, capsys):
    with pytest.raises(SystemExit) as exit_info:
        planned.apply("--backup", "--no-backup")

    assert exit_info.value.code == 64
    assert "not allowed with" in capsys.readouterr().err


def test_too_many_failures_end_the_run_resumably(create_table, connect, capsys):
    commands = connect(create_table(*plain_users(3), plain_user("broken", userId={"N": "7"})))
    commands.plan()

    capsys.readouterr()

    assert commands.apply("--no-backup", "--tolerate", "0") == 1
    output = capsys.readouterr()
    assert "more than the tolerance of 0" in output.err
    assert "Migration complete!" not in output.out

    assert commands.apply("--no-backup", "--tolerate", "1") == 2
    output = capsys.readouterr()
    assert "Migration complete!" in output.out
    command = re.search(r"Failed: 1 user\..*\n  userprofiles (backfill quarantine list .*)", output.err)[1]
    assert cli.main(shlex.split(command)) == 0
    assert "broken" in capsys.readouterr().out


@pytest.fixture
def state_machine(monkeypatch, tmp_path):
    """Return the records that `apply` gives to the state machine, which the environment names."""
    records = []

    def execute(_values, record, *_):
        records.append(record)
        return 0

    machine = "arn:aws:states:us-east-1:123456789012:stateMachine:migration"
    monkeypatch.setenv("USERPROFILES_STATE_MACHINE", machine)
    monkeypatch.setenv("USERPROFILES_LEDGER_TABLE", "ledger")
    monkeypatch.setattr(apply_command, "open_ledger", lambda *_, **__: FileLedger(tmp_path / "ledger"))
    monkeypatch.setattr(apply_command, "execute_run", execute)
    return records


def test_plan_of_this_process_is_applied_by_the_state_machine(planned, state_machine):
    assert planned.apply("--no-backup", "--engine", "stepfunctions") == 0

    [record] = state_machine
    document = planned.document()
    assert record.engine == "stepfunctions"
    assert record.job["segments"] == document["job"]["segments"]
    assert record.plan_hash == document["sha256"]


def test_plan_with_too_many_segments_for_the_state_machine_is_rejected(planned, state_machine, capsys):
    planned.sign(lambda content: content["job"].update(segments=2001))

    assert planned.apply("--no-backup", "--engine", "stepfunctions") == 5

    assert "at most 2,000 segments" in capsys.readouterr().err
    assert state_machine == []


@pytest.mark.parametrize("option", ["--dry-run", "--report=report.json", "--bucket=b"])
def test_state_machine_has_no_options_of_this_process(planned, option, capsys):
    machine = "arn:aws:states:us-east-1:123456789012:stateMachine:migration"
    engine = ["--engine", "stepfunctions", "--state-machine", machine, "--ledger-table", "ledger"]

    with pytest.raises(SystemExit) as exit_info:
        planned.apply(*engine, option)

    assert exit_info.value.code == 64
    assert "can't be used with --engine stepfunctions" in capsys.readouterr().err
