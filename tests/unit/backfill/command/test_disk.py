"""Full disks: under the state directory, for the report, for the temporary file and on standard output."""

import errno
import io
import json
import resource
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import command_fixtures
import pytest
from backfill_fixtures import plain_user, plain_users
from command_fixtures import files
from userprofiles.backfill.command import migrate_user_profiles
from userprofiles.backfill.failures.failure_log import FailureLog
from userprofiles.backfill.limits import COMMAND_LINE

LIMITS = replace(COMMAND_LINE, chunk_rows=5, checkpoint_every_s=0.0)


def run(*arguments, limits=LIMITS):
    return command_fixtures.run(*arguments, limits=limits)


@pytest.fixture
def limit_file_size():
    """Limit the size of each file, as a disk that becomes full does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit(size):
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))

    yield limit
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


class FullStream(io.StringIO):
    """A stream to a file on a full disk."""

    def write(self, text):
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture
def failing_table(create_table, use_table):
    """Create 20 users. Each fails with a line of about 100 bytes in the failure log."""
    return use_table(create_table(*(plain_user(f"u{n:02d}", userId={"N": str(n)}) for n in range(20))))


def test_full_disk_for_failures_ends_the_run_with_summary_and_report(
    failing_table, limit_file_size, capsys, tmp_path
):
    limit_file_size(1_000)

    code = run("--segments", "1", "--report", str(tmp_path / "report.json"))

    captured = capsys.readouterr()
    assert code == 1
    assert "Total users processed:    10\n" in captured.out
    assert "The progress of the run can't be written: File too large." in captured.err
    assert "userprofiles backfill run --table-name v_users_dev --segments 1" in captured.err
    assert "Traceback" not in captured.err


def test_run_resumes_after_a_full_disk_without_losing_a_failure(failing_table, limit_file_size, capsys):
    limit_file_size(1_200)
    assert run("--segments", "1") == 1
    limit_file_size(resource.RLIM_INFINITY)
    capsys.readouterr()

    assert run("--segments", "1", "--resume", "--json") == 2
    report = json.loads(capsys.readouterr().out)
    assert report["failed"] == len(report["failures"]) == 20
    assert len({failure["userId"] for failure in report["failures"]}) == 20


def test_full_disk_at_the_start_ends_the_run_before_its_first_write(
    create_table, use_table, limit_file_size, capsys
):
    table = use_table(create_table(*plain_users(20)))
    limit_file_size(0)

    code = run("--segments", "1")

    captured = capsys.readouterr()
    assert code == 1
    assert "Total users processed:    0\n" in captured.out
    assert "Stopped after 0 users. Run it again" in captured.err
    assert table.profiles() == {}


def test_full_disk_for_the_failures_of_a_dry_run(failing_table, limit_file_size, capsys):
    limit_file_size(0)

    assert run("--segments", "1", "--dry-run") == 1
    captured = capsys.readouterr()
    assert "TMPDIR" in captured.err
    assert "Total users processed:    0\n" in captured.out


def test_failure_log_never_has_a_part_of_a_failure(tmp_path, limit_file_size):
    with FailureLog(tmp_path / "log") as log:
        log.extend([{"userId": "1"}])
        limit_file_size(log.size + 5)
        with pytest.raises(OSError, match="File too large"):
            log.extend([{"userId": "2"}])
        assert list(log) == [{"userId": "1"}]

    assert (tmp_path / "log").read_text() == '{"userId": "1"}\n'


class TestReport:
    @pytest.fixture
    def old_table(self, create_table, use_table):
        return use_table(create_table(*plain_users(4)))

    def test_report_that_cannot_be_written_can_be_written_later(
        self, old_table, capsys, tmp_path, state_home
    ):
        folder = tmp_path / "reports"
        folder.mkdir()

        def remove_folder(operation, parameters):
            if operation == "BatchGetItem":
                folder.rmdir()

        old_table.client.hooks = [remove_folder]

        code = run("--segments", "1", "--report", str(folder / "report.json"))

        err = capsys.readouterr().err
        assert code == 1
        assert f"Error: The report can't be written to {folder}/report.json: No such file" in err
        assert "To write the report again:\n  userprofiles backfill run --table-name v_users_dev" in err
        assert err.endswith("--resume\n")
        folder.mkdir()
        assert run("--segments", "1", "--report", str(folder / "report.json"), "--resume") == 0
        assert json.loads((folder / "report.json").read_text())["created"] == 4
        assert files(state_home) == []

    def test_report_on_a_full_standard_output_keeps_the_checkpoint(
        self, old_table, monkeypatch, capsys, state_home
    ):
        monkeypatch.setattr(sys, "stdout", FullStream())

        code = run("--json")

        err = capsys.readouterr().err
        assert code == 1
        assert "Standard output can't be written: No space left on device." in err
        assert "--json --resume" in err
        assert any(name.endswith(".json") for name in files(state_home))


class TestStandardOutput:
    def test_banner_on_a_full_disk_starts_no_run(self, old_table, monkeypatch, capsys):
        monkeypatch.setattr(sys, "stdout", FullStream())

        assert run() == 1
        assert "Standard output can't be written: No space left on device." in capsys.readouterr().err
        assert old_table.client.calls == []

    @pytest.mark.parametrize("is_old_command", [False, True])
    def test_output_that_becomes_full_ends_with_the_summary_on_standard_error(
        self, create_table, use_table, monkeypatch, capsys, is_old_command
    ):
        table = use_table(create_table(*plain_users(20)))

        def fill_disk(operation, parameters):
            if operation == "BatchGetItem":
                monkeypatch.setattr(sys.stdout, "write", FullStream().write)

        table.client.hooks = [fill_disk]

        code = migrate_user_profiles.main([], LIMITS) if is_old_command else run()

        err = capsys.readouterr().err
        assert code == 1
        assert "Total users processed: " in err
        assert "Error: Standard output can't be written: No space left on device.\n" in err

    def test_full_standard_error_does_not_end_the_run(self, old_table, monkeypatch, capsys):
        monkeypatch.setattr(sys, "stderr", FullStream())

        assert run(limits=replace(LIMITS, line_every_s=0)) == 0
        assert "Profiles created:         2\n" in capsys.readouterr().out

    @pytest.mark.parametrize(
        "arguments",
        [
            ["-m", "userprofiles.cli", "backfill", "run", "--table-name", "v_users_dev"],
            ["-m", "userprofiles.backfill.command.migrate_user_profiles"],
        ],
    )
    @pytest.mark.sample(2)
    def test_process_with_a_full_standard_output_has_no_traceback(self, arguments):
        with Path("/dev/full").open("w") as full_device:
            process = subprocess.run(
                [sys.executable, *arguments],
                stdout=full_device,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
                timeout=60,
            )

        assert process.returncode == 1
        assert process.stderr.splitlines()[0] == (
            "Error: Standard output can't be written: No space left on device."
        )
        assert len(process.stderr.splitlines()) == 2
