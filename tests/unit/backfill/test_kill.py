"""F21: a run that is ended with SIGKILL and then resumed has the same result as an uninterrupted one.

The result includes the counts, the failures and the table. The child processes are those of `kill_program`.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from backfill_fixtures import account, plain_user, profile

PROGRAM = Path(__file__).with_name("kill_program.py")


def plain_rows(count):
    """Return users with and without a profile, skipped and failing ones, and one user with three rows."""
    rows = [plain_user(f"user{n:03d}") for n in range(count)]
    rows += [profile(f"user{n:03d}") for n in range(0, count, 4)]
    rows += [plain_user("deleted", isDeleted={"BOOL": True}), plain_user("number", userId={"N": "7"})]
    return rows + [plain_user("shared", PK={"S": f"row{n}"}, userId={"S": "shared"}) for n in range(3)]


def stack_rows(count):
    rows = [account(f"user{n:03d}") for n in range(count)]
    rows += [profile(f"user{n:03d}") for n in range(0, count, 4)]
    return [*rows, account("deleted", status={"S": "deleted"}), account("wrong", phoneNumber={"N": "7"})]


def kill(tmp_path, rows, *arguments, step=0, moments=0):
    """Kill runs at each `step`th moment of a message, and at random moments. Return the program's answer."""
    task = {
        "folder": str(tmp_path),
        "rows": rows,
        "arguments": list(arguments),
        "step": step,
        "moments": moments,
        "seed": 21,
    }
    process = subprocess.run(
        [sys.executable, str(PROGRAM)], input=json.dumps(task), capture_output=True, text=True, check=False
    )
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)


SHAPES = pytest.mark.parametrize(("create_rows", "users"), [(plain_rows, 5), (stack_rows, 2)])


def test_kill_at_some_calls_and_writes_of_a_checkpoint(tmp_path):
    """F21: killed before, during or after every fifth of these moments."""
    answer = kill(tmp_path, plain_rows(4), "--segments", "1", step=5)

    assert answer["differences"] == []
    assert answer["cases"] > 5
    assert answer["expected"]["counts"]["created"] == 4


@pytest.mark.long
def test_kill_at_random_moments(tmp_path):
    """F21: the same with several threads."""
    answer = kill(tmp_path, stack_rows(10), "--segments", "3", moments=3)

    assert answer["differences"] == []
    assert answer["expected"]["counts"]["processed"] == 12


@pytest.mark.long
@pytest.mark.timeout(600)
@SHAPES
def test_kill_at_every_call_and_every_write_of_a_checkpoint(tmp_path, create_rows, users):
    """F21: killed before and after each call, and before, during and after each write of the checkpoint."""
    answer = kill(tmp_path, create_rows(12), "--segments", "1", step=1)

    assert answer["differences"] == []
    assert answer["cases"] == 2 * answer["messages"] > 40
    assert answer["expected"]["counts"]["processed"] == 12 + users
    assert answer["expected"]["counts"]["created"] == 9 + (create_rows is plain_rows)


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("segments", ["1", "8"])
@SHAPES
def test_kill_at_50_random_moments(tmp_path, create_rows, users, segments):
    """F21: killed at 50 moments of a longer run, with one thread and with several."""
    answer = kill(tmp_path, create_rows(300), "--segments", segments, moments=50)

    assert answer["differences"] == []
    assert answer["expected"]["counts"]["processed"] == 300 + users
