"""Fixtures of the tests of phone sign-in. The test doubles are in sign_in_world.py and memory_codes.py."""

import io
import json
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from userprofiles.telemetry import Report

sys.path.insert(0, str(Path(__file__).parent))  # for the helper modules: test folders are not packages

from memory_codes import MemoryCodes
from sign_in_world import CountingReport, MotoCodes, World


@pytest.fixture
def create_world(report: Report, load_event: Callable[[str], Any]) -> Callable[..., World]:
    """Return a function that creates a world. Its arguments are environment variables."""
    return lambda **settings: World(MemoryCodes(), report, load_event, **settings)


@pytest.fixture
def world(create_world: Callable[..., World]) -> World:
    return create_world()


@pytest.fixture
def quiet_world(load_event: Callable[[str], Any]) -> World:
    """A world without log lines, for thousands of calls, or for calls in several threads."""
    return World(MemoryCodes(), CountingReport(), load_event)


@pytest.fixture(params=["memory", "moto"])
def stored_world(request: pytest.FixtureRequest, report: Report, load_event: Callable[[str], Any]) -> World:
    """A world whose table is in memory, or in moto, which checks the expressions."""
    if request.param == "memory":
        return World(MemoryCodes(), report, load_event)
    return World(MotoCodes(request.getfixturevalue("tables")), report, load_event)


@pytest.fixture
def read_log(log: io.StringIO) -> Callable[[], list[dict[str, Any]]]:
    """Return a function that returns the log lines."""
    return lambda: [json.loads(line) for line in log.getvalue().splitlines()]


@pytest.fixture
def read_metrics(capsys: pytest.CaptureFixture[str]) -> Callable[[], list[str]]:
    """Return a function that returns the names of the metrics on standard output."""
    return lambda: [
        metric["Name"]
        for line in capsys.readouterr().out.splitlines()
        for directive in json.loads(line)["_aws"]["CloudWatchMetrics"]
        for metric in directive["Metrics"]
    ]


@pytest.fixture
def run_in_threads() -> Callable[..., None]:
    """Return a function that runs calls at the same time, each in its own thread."""

    def run(*calls: Callable[[], object]) -> None:
        barrier = threading.Barrier(len(calls))

        def start(call: Callable[[], object]) -> None:
            barrier.wait(5)
            call()

        threads = [threading.Thread(target=start, args=(call,)) for call in calls]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)

    return run
