"""Tests of `userprofiles import` with sources, plans and options that can't be used."""

import json
import sqlite3
from unittest.mock import Mock

import bson
import pytest
from botocore.exceptions import ClientError
from command_world import CONTENT, STACK_OPTIONS, USERS, user_document
from userprofiles.backfill.errors import RefusedError
from userprofiles.commands import legacy_plan
from userprofiles.jobs.run_record import RunRecord
from userprofiles.stack_setup.stack import Stack


def test_damaged_documents_are_listed_and_the_exit_code_is_2(commands):
    """A line that is no document is listed with its place. The other users are imported."""
    commands.users[3] = '{"_id": "3", "username": "secret'
    commands.write_export()
    commands.plan()

    code, out, err = commands.apply("--quarantine", commands.folder / "failed.jsonl")

    rows = [json.loads(line) for line in (commands.folder / "failed.jsonl").read_text().splitlines()]
    assert code == 2
    assert [(row["recordId"], row["stage"], row["collection"]) for row in rows] == [
        ("line 4", "users", USERS)
    ]
    assert "29 created, 1 failed" in out
    assert "Failed: 1 record. They are listed in" in err
    assert "secret" not in out + err + str(rows)


def test_applied_plan_is_refused(commands):
    """A plan can be applied once."""
    commands.plan()
    commands.apply()

    code, _, err = commands.apply()

    assert code == 5
    assert "The plan was already applied by run" in err


def test_changed_source_is_refused(commands):
    """A source that was changed after the plan is named, with both values."""
    commands.plan()
    commands.users.append(user_document(99))
    commands.write_export()

    code, _, err = commands.apply()

    assert code == 5
    assert f"sourceIdentity.collections.{USERS}" in err
    assert commands.target.items == {}


def test_other_stack_is_refused(commands):
    """A plan of one pool can't be applied to another."""
    commands.plan()

    code, _, err = commands.apply("--user-pool-id", "eu-west-1_b")

    assert code == 5
    assert "target.userPoolId was 'eu-west-1_a', is 'eu-west-1_b'" in err


def test_dump_of_another_application_is_refused(commands):
    """The message names the missing collection and those of the source."""
    (commands.export / f"{USERS}.json").rename(commands.export / "orders.json")

    code, _, err = commands.plan()

    assert code == 5
    assert f"the source has no collection {USERS!r}" in err
    assert "orders" in err
    assert not commands.plan_file.exists()


def test_mapping_with_a_wrong_field_is_refused(commands):
    """The message has the path in the mapping."""
    mapping = commands.folder / "mapping.json"
    mapping.write_text(
        json.dumps(
            {
                "format": "userprofiles-legacy-mapping",
                "version": 1,
                "sourceName": "test",
                "users": {"collection": USERS, "fields": {"old_id": "_id", "telephone": "phone"}},
            }
        )
    )

    code, _, err = commands.plan("--mapping", mapping)

    assert code == 5
    assert "users.fields" in err
    assert "telephone" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--limit", "0"), "--limit 0: must be at least 1"),
        (("--limit", "many"), "must be a whole number, got 'many'"),
        (("--cognito-share", "2"), "must be a number above 0 and at most 1, such as 0.5, got '2'"),
        (("--cognito-share", "0"), "must be a number above 0"),
        (("--cognito-rate", "0"), "must be a number of calls per second above 0, such as 10 or 0.5, got '0'"),
        (("--cognito-rate", "fast"), "must be a number of calls per second above 0"),
        (("--cognito-rate", "9", "--cognito-share", "1"), "not allowed with argument --cognito-rate"),
    ],
)
def test_wrong_options_are_wrong_usage(commands, arguments, message):
    """Each message has the option, what is allowed, and what was given."""
    code, _, err = commands.plan(*arguments)

    assert code == 64
    assert message in err


def test_source_is_required(commands):
    """Without --source and without the environment variable, the message names both."""
    code, _, err = commands.run("import", "plan", *STACK_OPTIONS)

    assert code == 64
    assert "required: --source, or the environment variable LEGACY_SOURCE" in err


def test_state_machine_is_refused_with_the_reason(commands):
    """An import runs on this machine only."""
    commands.plan()

    code, _, err = commands.apply("--engine", "stepfunctions")

    assert code == 5
    assert "the state machine can read neither a dump on this machine nor the old database" in err


def test_bucket_that_refuses_ends_the_run_with_the_code_of_aws(commands):
    """The message has operation, code and fix, without AWS's message. The run can be resumed."""
    commands.plan()
    details = {"Error": {"Code": "AccessDenied", "Message": "ann@example.com"}}
    commands.target.fail_at = (20, ClientError(details, "PutObject"))

    code, _, err = commands.apply()

    assert code == 1
    assert "AWS denied PutObject (AccessDenied).\nAdd the permission for PutObject" in err
    assert "ann@" not in err
    assert commands.apply()[0] == 0


def test_truncated_dump_is_refused_by_the_plan(commands):
    """The message names the file and the place. There is no plan of half a dump."""
    dump = commands.folder / "dump"
    dump.mkdir()
    data = b"".join(bson.encode({"_id": str(n), "phone_number": f"1{n}", "name": "Änne"}) for n in range(9))
    (dump / f"{USERS}.bson").write_bytes(data[:-7])
    (dump / f"{CONTENT}.bson").write_bytes(b"")

    code, _, err = commands.run(
        "import", "plan", "--source", f"dump:{dump}", "--output", commands.plan_file, *STACK_OPTIONS
    )

    assert code == 1
    assert f"{USERS}.bson" in err
    assert "byte " in err
    assert "Restore the file" in err
    assert not commands.plan_file.exists()


def test_plan_of_another_command_is_refused(commands):
    """A plan of the backfill is not a plan of an import."""
    commands.plan_file.write_text('{"format": "userprofiles-backfill-plan", "version": 1}')

    code, _, err = commands.apply()

    assert code == 5
    assert "its format must be 'userprofiles-import-plan'" in err
    assert "Make a new plan: userprofiles import plan" in err


def test_changed_decisions_are_not_resumed(commands):
    """A run continues with the decisions of its start."""
    commands.plan()
    decisions = commands.folder / "decisions.json"
    decisions.write_text('{"1": "skip"}')
    commands.target.fail_at = (20, RefusedError("The bucket refuses."))
    commands.apply("--decisions", decisions)
    decisions.write_text('{"1": "import"}')

    code, _, err = commands.run("runs", "resume", commands.runs()[0].run_id)

    assert code == 5
    assert "was changed after run" in err


def test_run_of_a_backfill_is_refused(commands):
    """`import verify` and `import rollback` work on imports only."""
    commands.ledger().create(RunRecord(run_id="b1", kind="backfill", engine="local", job={}))

    code, _, err = commands.run("import", "verify", "b1")

    assert code == 5
    assert "Run b1 is of the kind 'backfill'. It must be an import." in err


def test_delta_of_another_application_is_refused(commands):
    """A delta pass reads another dump than the plan. It must be one of the same application."""
    commands.plan()
    commands.apply()
    other = commands.folder / "other"
    other.mkdir()
    (other / "orders.json").write_text("{}\n")

    code, _, err = commands.delta("--source", f"export:{other}")

    assert code == 5
    assert f"the source has no collection {USERS!r}" in err


def test_resumed_run_replaces_reports_only(commands):
    """A record of the ledger can't make the command replace another file."""
    commands.plan()
    report = commands.folder / "report.json"
    commands.target.fail_at = (20, RefusedError("The bucket refuses."))
    commands.apply("--report", report)
    run_id = commands.runs()[0].run_id
    text = report.read_text()
    report.write_text("a diary")

    code, _, err = commands.run("runs", "resume", run_id)

    assert code == 5
    assert "this file is not a report, so it is not replaced" in err
    assert report.read_text() == "a diary"
    report.write_text(text)
    assert commands.run("runs", "resume", run_id)[0] == 0
    assert json.loads(report.read_text())["state"] == "done"


class _NoBuckets:
    """S3 without any bucket."""

    def head_bucket(self, **_):
        raise ClientError({"Error": {"Code": "404", "Message": "Not Found"}}, "HeadBucket")


@pytest.mark.parametrize("is_planned", [False, True])
def test_bucket_that_does_not_exist_is_refused(commands, monkeypatch, is_planned):
    """With a wrong name, each file would be a dead link. A bucket can be deleted after the plan."""
    rules = commands.folder / "rules.json"
    rules.write_text('{"rules": [{"from": "https://old.example/", "bucket": "no-such-bucket"}]}')
    s3 = Mock() if is_planned else _NoBuckets()
    monkeypatch.setattr(Stack, "client", lambda *_: s3)
    code, _, err = commands.plan("--media-rules", rules)
    if is_planned:
        monkeypatch.setattr(Stack, "client", lambda *_: _NoBuckets())
        code, _, err = commands.apply()

    assert code == 5
    assert "The media rules name the bucket 'no-such-bucket', which does not exist" in err
    assert commands.target.items == {}


def test_full_disk_of_the_index_is_an_error_with_its_fix(commands, monkeypatch):
    """The index of shared values is in the folder of temporary files."""
    error = sqlite3.OperationalError("database or disk is full")
    monkeypatch.setattr(legacy_plan.ImportPlanner, "plan", Mock(side_effect=error))

    code, _, err = commands.plan()

    assert code == 1
    assert "can't be used: database or disk is full.\nFree space there, or set the environment" in err
    assert not commands.plan_file.exists()
