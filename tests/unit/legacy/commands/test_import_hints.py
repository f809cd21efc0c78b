"""Tests of what the commands of an import say about the next step."""

import json

import pytest
from botocore.exceptions import ClientError
from command_world import STACK_OPTIONS, user_document
from userprofiles.commands.legacy_plan_text import format_plan
from userprofiles.jobs.run_record import RunState
from userprofiles.legacy.job.import_report import format_report
from userprofiles.legacy.job.plan_file import read_plan

ENDPOINT = "http://127.0.0.1:4566"


@pytest.fixture
def outputs(tmp_path):
    """Return a file as `pulumi-localaws up --outputs` writes it."""
    path = tmp_path / "outputs.json"
    names = {"userPoolId": "eu-west-1_a", "usersTableName": "users", "auditTableName": "audit"}
    path.write_text(json.dumps({"endpoint": ENDPOINT, "outputs": names}))
    return path


def test_apply_shows_how_to_verify(commands, outputs):
    """The command has the endpoint of a local AWS, so that it can be pasted."""
    commands.plan()

    _, _, err = commands.apply("--outputs", outputs)

    run = commands.runs()[0].run_id
    assert f"To check the run:\n  userprofiles import verify {run} --outputs {outputs}" in err
    assert f"--endpoint-url {ENDPOINT}" in err


def test_stopped_run_shows_what_has_not_begun(commands, outputs):
    """Stages that a stop leaves out are not complete, and sums of a part are not checked."""
    commands.plan()
    commands.target.fail_at = (20, ClientError({"Error": {"Code": "AccessDenied"}}, "PutItem"))

    code, out, err = commands.apply("--outputs", outputs)

    assert code == 1
    assert "not begun" in out
    assert "nothing to do" not in out
    assert "edges in" not in out
    assert f"--endpoint-url {ENDPOINT}" in err.partition("To resume:")[2]


def test_file_without_the_outputs_is_named(commands):
    """The message says that the file lacks the outputs, and not that an option is missing."""
    path = commands.folder / "other.json"
    path.write_text('{"mapping": 1}')

    code, _, err = commands.run("import", "plan", "--source", f"export:{commands.export}", "--outputs", path)

    assert code == 64
    assert f"--outputs {path} does not have these outputs" in err


def test_new_plan_does_not_replace_decisions(commands):
    """Somebody may have decided in the file that a former plan has written."""
    commands.users[1] = user_document(1, phone_number=commands.users[0]["phone_number"])
    commands.write_export()
    decisions = commands.plan_file.with_suffix(".decisions.json")
    decisions.write_text('{"0": "skip"}')

    code, _, err = commands.plan()
    other_code, _, _ = commands.plan("--decisions", decisions)

    assert (code, other_code) == (64, 0)
    assert "may have your decisions" in err
    assert json.loads(decisions.read_text())["0"] == "skip"


def test_batch_behind_the_last_user_is_a_warning(commands):
    """A batch without users is a plan of nothing."""
    code, out, _ = commands.plan("--skip", "100")

    assert code == 0
    assert "no user is in this batch. The source has at most 100 users." in out


def test_verification_of_a_run_that_was_rolled_back_says_so(commands):
    """Each difference is what the rollback has removed."""
    commands.plan()
    commands.apply()
    run = commands.runs()[0].run_id
    commands.run("import", "rollback", run, "--yes", *STACK_OPTIONS)

    _, _, err = commands.run("import", "verify", run, *STACK_OPTIONS)

    assert commands.ledger().read(run).state is RunState.ROLLED_BACK
    assert f"Run {run} was rolled back: what the rollback removed is a difference." in err


@pytest.mark.parametrize("command", ["verify", "postflight"])
def test_run_of_a_rollback_is_refused(commands, command):
    """A rollback imported nothing. The message names the run that was rolled back."""
    commands.plan()
    commands.apply()
    run = commands.runs()[0].run_id
    commands.run("import", "rollback", run, "--yes", *STACK_OPTIONS)
    [rollback] = [entry.run_id for entry in commands.runs() if entry.run_id != run]

    code, _, err = commands.run("import", command, rollback, *STACK_OPTIONS)

    assert code == 5
    assert f"Run {rollback} is the rollback of run {run}, and imported nothing." in err


def test_plan_names_files_that_are_not_copied(commands):
    """A private file needs a rule that proves whose it is. Otherwise, users would lose recordings."""
    commands.plan()
    plan = read_plan(commands.plan_file)
    [unit] = [unit for unit in plan.units if unit["stage"] == "content"]
    unit["numbers"]["media withheld"] = 7

    text = format_plan(plan, commands.plan_file, None, None)

    assert "Files that are not copied: 7, because nothing proves whose private files they are." in text


def test_missing_plan_of_a_run_is_named(commands):
    """The operator did not name the file: the record of the run has it."""
    commands.plan()
    commands.apply()
    commands.plan_file.unlink()
    run = commands.runs()[0].run_id

    code, _, err = commands.run("import", "rollback", run, "--yes", *STACK_OPTIONS)

    assert code == 1
    assert f"The plan of run {run}, {commands.plan_file}, does not exist.\nRestore the file." in err


def test_report_of_a_run_names_private_files_that_were_not_copied():
    """An import without them is complete, so that nobody would look for them."""
    stage = {
        "stage": "content",
        "collection": "",
        "outcomes": {},
        "reasons": {},
        "numbers": {"media withheld": 7},
        "done": True,
    }
    report = {
        "runId": "run-1",
        "kind": "import",
        "state": "done",
        "stages": [stage],
        "checks": [],
        "freezeWindow": None,
    }

    text = format_report(report)

    assert "Files that were not copied: 7, because nothing proves whose private files they are." in text
    assert "apply it with `import delta`" in text
    assert "not copied" not in format_report({**report, "stages": [{**stage, "numbers": {}}]})
