"""Recordings of the components, one for each process, and a hook that holds live tests to their decorator."""

import asyncio
import gc
import sys
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pulumi_aws
import pytest

sys.path.insert(0, str(Path(__file__).parent))  # helpers beside the tests; tests are no package

with warnings.catch_warnings():
    # Importing a module of pulumi-aws warns of its own resources that moved, whether they are used or not.
    warnings.filterwarnings(
        "ignore", category=DeprecationWarning, message=".* has been deprecated in favor of"
    )
    for module in ("apigatewayv2", "cloudwatch", "cognito", "dynamodb", "iam", "lambda_", "s3", "sfn", "sqs"):
        dir(getattr(pulumi_aws, module))  # loads it: they are imported when first looked into
    from component_programs import PROGRAMS, whole

from component_recording import Recording, begin, record

gc.freeze()  # pulumi-aws is large: without this, each collection of garbage searches its modules


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse a test that makes resources without `@pulumi.runtime.test`: its `apply`s don't count."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and "live" in getattr(item, "fixturenames", ()):
            code = item.obj.__code__  # type: ignore[attr-defined]  # pytest's functions have one
            if not code.co_filename.endswith(("pulumi/runtime/mocks.py", "pulumi\\runtime\\mocks.py")):
                raise pytest.UsageError(
                    f"{item.nodeid} makes resources: decorate it with @pulumi.runtime.test"
                )


@pytest.fixture(scope="session")
def _loop() -> Iterator[asyncio.AbstractEventLoop]:
    """One loop for a process's tests and one for each of its threads: Pulumi would leave theirs open."""
    of_threads: list[asyncio.AbstractEventLoop] = []

    def begin_thread() -> None:
        of_threads.append(asyncio.new_event_loop())
        asyncio.set_event_loop(of_threads[-1])

    loop = asyncio.new_event_loop()
    executor = ThreadPoolExecutor(4, initializer=begin_thread)
    loop.set_default_executor(executor)
    yield loop
    executor.shutdown()
    for each in (*of_threads, loop):
        each.close()


@pytest.fixture(autouse=True)
def _current_loop(_loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Pulumi takes the thread's current loop, and an `asyncio.run` of a test before leaves none."""
    asyncio.set_event_loop(_loop)
    yield
    asyncio.set_event_loop(None)


@pytest.fixture
def live() -> Recording:
    """A recording monitor for a test that makes resources itself."""
    return begin()


_recordings: dict[str, Recording] = {}


def _recording(name: str) -> Recording:
    if name not in _recordings:
        _recordings[name] = record(PROGRAMS[name])
    return _recordings[name]


@pytest.fixture(params=sorted(PROGRAMS))
def component(request: pytest.FixtureRequest) -> tuple[str, Recording]:
    """Each component, alone: its name and what it registered."""
    return request.param, _recording(request.param)


@pytest.fixture
def stack() -> Recording:
    """The whole, with its defaults."""
    return _recording("SignupToProfile")


@pytest.fixture
def make() -> Any:
    """Record a `SignupToProfile` with other arguments."""
    return lambda **args: record(lambda: whole(**args))
