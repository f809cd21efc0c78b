"""The example projects with tests of their own: their tests pass, as their documents say."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]

ROOT = Path(__file__).resolve().parents[3]
ORDER_QUEUE = ROOT / "examples" / "order_queue"
WEB_CLIENT = ROOT / "examples" / "web_client"


def test_tests_of_the_order_queue_pass() -> None:
    process = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q"],
        cwd=ORDER_QUEUE,
        capture_output=True,
        text=True,
        check=False,
    )

    assert process.returncode == 0, process.stdout
    assert "3 passed" in process.stdout


def test_failing_test_of_the_order_queue_has_the_log_of_the_function(tmp_path: Path) -> None:
    project = tmp_path / "order_queue"
    shutil.copytree(ORDER_QUEUE, project)
    tests = project / "tests" / "test_orders.py"
    tests.write_text(tests.read_text().replace('"total": 15', '"total": 16'))

    process = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "-k", "becomes"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )

    assert process.returncode == 1, process.stdout
    assert "Log of the function order-function" in process.stdout
    assert "receipt of order a1 written" in process.stdout


def test_tests_of_the_web_client_pass(tmp_path: Path) -> None:
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("Node.js with npm is not installed")
    project = tmp_path / "web_client"
    shutil.copytree(WEB_CLIENT, project, ignore=shutil.ignore_patterns("node_modules"))
    install = subprocess.run(
        [npm, "install", "--no-audit", "--no-fund"], cwd=project, capture_output=True, text=True, check=False
    )
    if install.returncode:
        pytest.skip(f"npm can't install Amplify: {install.stderr[-300:]}")

    process = subprocess.run(
        [Path(sys.executable).with_name("pulumi-localaws"), "run", ROOT, "--quiet", "--", npm, "test"],
        cwd=project,
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )

    assert process.returncode == 0, process.stdout + process.stderr
    assert "# pass 7" in process.stdout
