"""`backfill quarantine` and `backfill report` after a run with failed rows."""

import json
import re
import resource
from io import BytesIO

import pytest
from backfill_fixtures import plain_user, plain_users
from botocore.exceptions import ClientError
from userprofiles import cli
from userprofiles.backfill.command.ledger_options import default_ledger_folder
from userprofiles.backfill.command.quarantine_place import quarantine_folder
from userprofiles.backfill.command.report_files import ReportFiles
from userprofiles.backfill.errors import BackfillFailedError, ErrorKind
from userprofiles.backfill.ledger.rollback_run import mark_rolled_back
from userprofiles.jobs.file_ledger import FileLedger
from userprofiles.jobs.run_record import RunState

BROKEN = {"lastName": {"N": "7"}}
CANARY = "canary@mail.example"


class World:
    """A table with three good and four bad rows, and the commands."""

    def __init__(self, commands, capsys):
        self.commands = commands
        self.table = commands.table
        self.folder = commands.folder
        self._capsys = capsys

    @property
    def run_id(self):
        return self.commands.document()["planId"]

    def run(self, *arguments):
        self._capsys.readouterr()
        code = self.commands.run(*arguments)
        captured = self._capsys.readouterr()
        return code, captured.out, captured.err

    def quarantine(self, command, *arguments):
        return self.run("quarantine", command, self.run_id, *arguments)

    def apply(self, *arguments):
        self.commands.plan("--segments", "1")
        return self.run("apply", self.commands.path, "--no-backup", *arguments)

    def fix(self, *numbers):
        self.table.put(*(plain_user(f"bad{n}") for n in numbers))

    def record(self):
        [record] = self.commands.runs()
        return record

    def counts(self):
        return {name: self.record().counts[name] for name in ("processed", "created", "failed")}


@pytest.fixture
def world(create_table, connect, capsys):
    bad_rows = [plain_user(f"bad{n}", email={"S": CANARY}, **BROKEN) for n in range(4)]
    return World(connect(create_table(*plain_users(3), *bad_rows)), capsys)


def test_failed_rows_are_listed_retried_after_a_fix_and_counted(world):
    """F34: poison rows are quarantined with reason and digest, and the run succeeds under its tolerance."""
    assert world.apply("--tolerate", "4")[0] == 2
    code, out, _ = world.quarantine("list")
    assert code == 0
    assert out.splitlines()[0] == (
        "bad0: lastName is a number, not a string (PK bad0, SK METADATA; tries: 1)"
    )
    assert CANARY not in out

    world.fix(0, 1, 2)
    code, out, _ = world.quarantine("retry")

    assert code == 2
    assert out == (
        f"Retried 4 rows: 3 created, 0 existed, 0 skipped, 1 failed.\n"
        f"Run {world.run_id} has 1 failed user now.\n"
    )
    assert world.counts() == {"processed": 7, "created": 6, "failed": 1}
    assert world.record().state is RunState.DONE
    assert len(world.table.profiles()) == 6
    world.fix(3)
    assert world.quarantine("retry", "--json")[0] == 0
    assert world.counts() == {"processed": 7, "created": 7, "failed": 0}


def test_run_above_its_tolerance_fails_and_is_resumed_after_a_retry(world):
    """F34: the run fails above its tolerance. F38: after a fix and a retry, it is resumed."""
    code, _, err = world.apply("--tolerate", "3")

    assert code == 1
    assert "Error: 4 users failed, more than the tolerance of 3 (--tolerate).\n" in err
    assert f"userprofiles backfill quarantine retry {world.run_id}" in err
    assert world.record().state is RunState.FAILED
    world.fix(0, 1)
    assert world.quarantine("retry")[0] == 2
    assert world.record().state is RunState.DONE
    assert world.counts() == {"processed": 7, "created": 5, "failed": 2}


def test_share_of_the_planned_users_is_a_tolerance(world):
    assert world.apply("--tolerate", "50%")[0] == 1  # 3 of 7 users
    assert world.apply("--tolerate", "60%", "--allow-parallel")[0] == 2


def test_show_has_the_reasons_and_the_place(world):
    world.apply()

    code, out, _ = world.quarantine("show")
    document = json.loads(world.quarantine("show", "--json")[1])

    assert code == 0
    assert out.splitlines()[:2] == [
        f"4 failed rows of run {world.run_id} in {quarantine_folder(world.run_id)}",
        "        4  lastName is a number, not a string",
    ]
    assert document == {
        "runId": world.run_id,
        "place": str(quarantine_folder(world.run_id)),
        "rows": 4,
        "retryable": 4,
        "reasons": {"lastName is a number, not a string": 4},
    }


def test_list_as_json_has_one_row_in_each_line(world):
    world.apply()

    rows = [json.loads(line) for line in world.quarantine("list", "--json")[1].splitlines()]

    assert [row["userId"] for row in rows] == ["bad0", "bad1", "bad2", "bad3"]
    assert {*rows[0]} == {"runId", "unit", "userId", "key", "sha256", "reason", "tries"}
    assert re.fullmatch("[0-9a-f]{64}", rows[0]["sha256"])


def test_row_is_tried_three_times_at_most(world):
    world.apply()
    world.quarantine("retry")
    world.quarantine("retry")

    code, out, err = world.quarantine("retry")

    assert code == 2
    assert out.startswith("Retried 0 rows")
    assert (
        "because they have failed 3 times: 4 rows. To try them:\n  userprofiles backfill quarantine retry"
        in err
    )
    world.fix(0, 1, 2, 3)
    assert world.quarantine("retry", "--force")[0] == 0


def test_rolled_back_run_is_refused(world):
    world.apply()
    mark_rolled_back(FileLedger(default_ledger_folder()), world.run_id, "")

    code, _, err = world.quarantine("retry")

    assert code == 5
    assert f"Run {world.run_id} was rolled back. Make a new plan." in err


def test_changed_template_is_refused(world):
    world.apply()
    ledger = FileLedger(default_ledger_folder())
    _, lease = ledger.acquire(world.run_id)
    ledger.release(lease, state=RunState.DONE, template_version="basic 0.9 0123")

    code, _, err = world.quarantine("retry")

    assert code == 5
    assert f"The template of run {world.run_id} was basic 0.9 0123 and is now basic 1.0" in err


def test_run_that_another_process_works_on_is_refused(world):
    world.apply()
    FileLedger(default_ledger_folder()).acquire(world.run_id)

    code, _, err = world.quarantine("retry")

    assert code == 5
    assert world.run_id in err


def test_unknown_run_is_refused(world):
    world.commands.plan()

    code, _, err = world.run("quarantine", "list", "nothing")

    assert code == 5
    assert "nothing" in err


def test_rows_on_another_machine_are_refused_with_advice(world):
    world.apply()
    folder = quarantine_folder(world.run_id)
    folder.rename(folder.with_name("elsewhere"))

    code, _, err = world.quarantine("retry")

    assert code == 5
    assert f"The failed rows of run {world.run_id} are not in {folder}." in err
    assert "--bucket" in err


def test_full_disk_for_the_quarantine_stops_the_run_resumably(world):
    world.commands.plan("--segments", "1")
    folder = quarantine_folder(world.run_id)
    folder.parent.mkdir(parents=True)
    folder.touch()  # a file where the folder must be

    code, _, err = world.run("apply", world.commands.path, "--no-backup")

    assert code == 1
    assert "Error: The failed rows can't be written to" in err
    assert "Then resume the run." in err
    assert "To resume:\n  userprofiles backfill apply" in err
    folder.unlink()
    assert world.run("apply", world.commands.path, "--no-backup")[0] == 2
    assert world.counts() == {"processed": 7, "created": 3, "failed": 4}


def test_resumed_run_writes_its_report_to_the_place_of_the_record(world, monkeypatch):
    report, folder = world.folder / "r.json", quarantine_folder
    world.commands.plan("--segments", "1")
    folder(world.run_id).parent.mkdir(parents=True)
    folder(world.run_id).touch()
    world.run("apply", world.commands.path, "--no-backup", "--report", report)
    for path in (report, world.folder / "r.html", folder(world.run_id)):
        path.unlink()
    connection = (world.table.client, world.table.location)
    for module in ("userprofiles.commands.runs_resume", "userprofiles.backfill.command.ledger_command"):
        monkeypatch.setattr(f"{module}.create_client", lambda *_, **__: connection)

    assert cli.main(["runs", "resume", world.run_id]) == 2

    assert json.loads(report.read_text())["failed"] == 4
    assert "<dt>Failed</dt><dd>4</dd>" in (world.folder / "r.html").read_text()


def test_report_is_written_as_page_and_again_after_a_retry(world):
    report, page = world.folder / "r.json", world.folder / "r.html"
    world.apply("--report", report)
    assert json.loads(report.read_text())["failed"] == 4
    assert CANARY not in page.read_text() + report.read_text()

    world.fix(0, 1, 2, 3)
    world.quarantine("retry")
    assert world.run("report", world.run_id, "--report", report)[0] == 0

    document = json.loads(report.read_text())
    assert (document["created"], document["failed"], document["failures"]) == (7, 0, [])
    assert json.loads(world.run("report", world.run_id)[1]) == document
    assert "<dt>Created</dt><dd>7</dd>" in page.read_text()


def test_applied_plan_names_the_command_that_writes_its_report_again(world, monkeypatch):
    error = BackfillFailedError(ErrorKind.REPORT, "The report can't be written to r.json: No space left.")
    monkeypatch.setattr(ReportFiles, "write", lambda *_: [error])

    code, _, err = world.apply("--report", world.folder / "r.json")

    assert code == 1
    assert f"Error: {error}\nTo write the report again, also to another file:\n" in err
    assert f"  userprofiles backfill report {world.run_id} --report FILE.json" in err


def test_full_disk_for_the_report_keeps_the_run_and_names_the_file(world):
    world.apply()
    report = world.folder / "r.json"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, hard))
    try:
        code, _, err = world.run("report", world.run_id, "--report", report)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert code == 1
    assert f"Error: The report can't be written to {report}: File too large." in err
    assert not report.exists()
    assert world.run("report", world.run_id, "--report", report)[0] == 0


class S3:
    """S3 in memory; one for all clients."""

    def __init__(self):
        self.objects = {}
        self.denied = False

    def put_object(self, *, Bucket, Key, Body, ContentType):  # noqa: N803 - S3's names
        if self.denied:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "PutObject")
        self.objects[Key] = Body if isinstance(Body, bytes) else Body.read()

    def get_object(self, *, Bucket, Key):  # noqa: N803 - S3's names
        if Key not in self.objects:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return {"Body": BytesIO(self.objects[Key])}


@pytest.fixture
def s3(monkeypatch):
    bucket = S3()
    monkeypatch.setattr("userprofiles.backfill.command.quarantine_place.aws.client", lambda *_, **__: bucket)
    return bucket


def test_bucket_has_the_failed_rows_and_both_reports(world, s3):
    assert world.apply("--bucket", "reports")[0] == 2

    prefix = f"runs/{world.run_id}/"
    assert {name.removeprefix(prefix) for name in s3.objects} == {
        "quarantine/000000/00000000.jsonl",
        "report.html",
        "report.json",
    }
    assert not quarantine_folder(world.run_id).exists()
    world.fix(0, 1, 2, 3)
    assert world.quarantine("retry")[0] == 0  # the record names the bucket
    assert world.counts()["created"] == 7


def test_denied_bucket_stops_the_run_resumably(world, s3):
    """F39: the bucket denies a write."""
    s3.denied = True
    code, _, err = world.apply("--bucket", "reports", "--report", world.folder / "r.json")

    assert code == 1
    assert "Error: The failed rows can't be written to s3://reports/runs/" in err
    assert "AccessDenied" in err
    s3.denied = False
    assert world.run("apply", world.commands.path, "--no-backup", "--bucket", "reports")[0] == 2
    assert world.counts() == {"processed": 7, "created": 3, "failed": 4}


def test_dry_run_lists_its_failures(world):
    report = world.folder / "r.json"

    assert world.apply("--dry-run", "--report", report)[0] == 2

    assert len(json.loads(report.read_text())["failures"]) == 4
    assert not quarantine_folder(world.run_id).exists()


def test_state_machine_can_not_retry_rows_and_the_message_says_what_does(world, capsys):
    with pytest.raises(SystemExit) as raised:
        world.commands.run("quarantine", "retry", "run-1", "--engine", "stepfunctions")

    assert raised.value.code == 64
    message = " ".join(capsys.readouterr().err.split())
    assert "--engine stepfunctions can't retry rows" in message
    assert "this process also retries the rows of a run of the state machine" in message
