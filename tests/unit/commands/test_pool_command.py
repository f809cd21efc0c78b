"""`userprofiles pool list`: complete or continued, private, and never two at once."""

import json
import stat

import pytest
from botocore.exceptions import ClientError
from fake_pool import POOL_ID, FakePool
from userprofiles import cli
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.sources.pool_list import PoolListFile

LIMITS = Limits(first_wait_s=0.0001, longest_wait_s=0.001, patience_s=1.0, line_every_s=0.0)


@pytest.fixture
def pool(monkeypatch):
    pool = FakePool()
    monkeypatch.setattr("userprofiles.stack_setup.stack.aws.client", lambda *_, **__: pool)
    for n in range(5):
        pool.add(f"name{n}", {"sub": f"u{n}", "email": f"CANARY{n}@example.com"})
    pool.add("new", {"sub": "new"}, status="UNCONFIRMED")
    return pool


@pytest.fixture
def output(tmp_path):
    return tmp_path / "pool.jsonl"


@pytest.fixture
def run_list(output):
    def run(*arguments, file=output):
        options = ["--user-pool-id", POOL_ID, "--output", str(file), "--requests-per-second", "1000"]
        return cli.main(["pool", "list", *options, *arguments], LIMITS)

    return run


def subs(output):
    return [json.loads(line)["sub"] for line in output.read_text().splitlines()]


def test_list_has_each_user_and_is_private(pool, output, run_list, capsys):
    assert run_list() == 0

    assert subs(output) == ["u0", "u1", "u2", "u3", "u4", "new"]
    assert json.loads(output.read_text().splitlines()[0]) == {
        "sub": "u0",
        "status": "CONFIRMED",
        "enabled": True,
        "attributes": {"sub": "u0", "email": "CANARY0@example.com"},
    }
    assert stat.S_IMODE(output.stat().st_mode) == 0o600
    assert [path.name for path in output.parent.iterdir()] == ["pool.jsonl"]
    printed = capsys.readouterr()
    assert "6 users, 5 for a profile, 1 skipped (unconfirmed)." in printed.out
    assert "4 users" in printed.err
    assert "CANARY" not in printed.out + printed.err


def test_json_has_the_counts(pool, output, run_list, capsys):
    assert run_list("--json") == 0

    assert json.loads(capsys.readouterr().out) == {
        "file": str(output),
        "users": 6,
        "withProfile": 5,
        "skipped": {"unconfirmed": 1},
    }


def test_list_continues_after_an_error(pool, output, run_list, aws_error):
    pages = pool.list_users

    def fail_on_page_three(**parameters):
        if parameters.get("PaginationToken") == "4":
            raise aws_error("ResourceNotFoundException")
        return pages(**parameters)

    pool.list_users = fail_on_page_three
    assert run_list() == 1
    assert not output.exists()
    partial = output.with_name("pool.jsonl.partial")
    assert stat.S_IMODE(partial.stat().st_mode) == 0o600
    partial.write_bytes(partial.read_bytes() + b'{"half": ')  # written before a kill
    pool.list_users, pool.pages = pages, 0

    assert run_list() == 0
    assert subs(output) == ["u0", "u1", "u2", "u3", "u4", "new"]
    assert pool.pages == 1


def test_list_begins_again_if_its_token_has_expired(pool, output, run_list, aws_error, capsys):
    with PoolListFile(output, POOL_ID) as file:
        file.add_page([], "2")
    pool.errors = [aws_error("InvalidParameterException")]

    assert run_list() == 0
    assert "The list begins again." in capsys.readouterr().err
    assert len(subs(output)) == 6


def test_stop_is_resumable(pool, output, run_list, monkeypatch, capsys):
    class SoonStop:
        is_requested = False

        def request(self):
            self.is_requested = True

        def wait(self, _seconds):
            return self.is_requested

    stop = SoonStop()
    monkeypatch.setattr("userprofiles.commands.pool_command.Stop", lambda: stop)
    pages = pool.list_users

    def stop_after_page_one(**parameters):
        stop.request()
        return pages(**parameters)

    pool.list_users = stop_after_page_one
    assert run_list() == 3
    assert "Stopped after 2 users. Run the command again to continue." in capsys.readouterr().err
    monkeypatch.undo()


def test_existing_file_is_kept_unless_forced(pool, output, run_list, capsys):
    output.write_text("old")

    assert run_list() == 5
    assert "the file exists" in capsys.readouterr().err
    assert output.read_text() == "old"
    assert run_list("--force") == 0
    assert len(subs(output)) == 6


def test_incomplete_list_of_another_pool_is_refused(pool, output, run_list, capsys):
    with PoolListFile(output, "us-east-1_other") as file:
        file.add_page([], "2")

    assert run_list() == 5
    assert "the incomplete list of the pool us-east-1_other" in capsys.readouterr().err


def test_second_process_is_refused(pool, output, run_list, capsys):
    with PoolListFile(output, POOL_ID):
        assert run_list() == 5
    assert "another process writes this list" in capsys.readouterr().err


def test_missing_right_is_named(pool, run_list, capsys):

    pool.errors = [ClientError({"Error": {"Code": "AccessDeniedException"}}, "ListUsers")]

    assert run_list() == 1
    assert "Access Denied (cognito-idp:ListUsers on the user pool us-east-1_abc)" in capsys.readouterr().err


@pytest.mark.parametrize("rate", ["0", "-1", "1001"])
def test_wrong_rate_is_refused(pool, run_list, rate, capsys):
    assert run_list("--requests-per-second", rate) == 5
    assert "must be above 0 and at most 1,000" in capsys.readouterr().err


def test_full_disk_is_reported_and_resumable(pool, output, run_list, monkeypatch, capsys):
    add_page = PoolListFile.add_page

    def fail(self, users, token):
        if token == "4":
            raise OSError(28, "No space left on device")
        add_page(self, users, token)

    monkeypatch.setattr(PoolListFile, "add_page", fail)
    assert run_list() == 1
    assert "No space left on device" in capsys.readouterr().err
    monkeypatch.setattr(PoolListFile, "add_page", add_page)
    assert run_list() == 0
    assert len(subs(output)) == 6
