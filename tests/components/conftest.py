"""Recordings of the components, and a hook that requires the decorator of tests with `live_recording`."""

import asyncio
import functools
import gc
import json
import sys
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pulumi_aws
import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for the helper modules: test folders are not packages

with warnings.catch_warnings():
    # The import of a module of pulumi-aws warns of its moved resources, even if they are not used.
    warnings.filterwarnings(
        "ignore", category=DeprecationWarning, message=".* has been deprecated in favor of"
    )
    for module in (
        "apigatewayv2",
        "backup",
        "cloudwatch",
        "cognito",
        "dynamodb",
        "iam",
        "kms",
        "lambda_",
        "s3",
        "sfn",
        "sqs",
    ):
        dir(getattr(pulumi_aws, module))  # loads the module, which is imported at the first access
    from component_programs import KEY, PHONE, PROGRAMS, TARGETS, TOPIC, arn, whole_stack

from component_pulumi_speed import speed_up_pulumi
from component_recording import Recording, record, start_recording
from pulumi_userprofiles import python_function_settings

gc.freeze()  # pulumi-aws is large: without this, each collection of garbage searches its modules

speed_up_pulumi()


def _find_each_zip_once() -> None:
    """Keep the paths of the zips: each function of a stack would read and hash all files again."""
    build_bundle = python_function_settings.build_bundle
    paths: dict[str, Path] = {}

    def build_once(
        platform: str, extra_files: Mapping[str, str] | None, runtime: str, lock_file: str
    ) -> Path:
        key = json.dumps([platform, extra_files, runtime, lock_file])
        if key not in paths:
            paths[key] = build_bundle(platform, extra_files, runtime, lock_file)
        return paths[key]

    python_function_settings.build_bundle = build_once


_find_each_zip_once()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Reject a test that creates resources without `@pulumi.runtime.test`, which runs its `apply`s."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and "live_recording" in getattr(item, "fixturenames", ()):
            code = item.obj.__code__  # type: ignore[attr-defined]  # pytest's functions have one
            if not code.co_filename.endswith(("pulumi/runtime/mocks.py", "pulumi\\runtime\\mocks.py")):
                raise pytest.UsageError(
                    f"{item.nodeid} creates resources: decorate it with @pulumi.runtime.test"
                )


class _Loop(asyncio.SelectorEventLoop):
    """An event loop that carries out Pulumi's calls of the monitor at once.

    The recording monitor never blocks, and handing a call to a thread takes longer than the call itself.
    The code of a call uses a loop of its own, as it would in a thread.
    """

    def __init__(self) -> None:
        super().__init__()
        self._loop_of_calls = asyncio.new_event_loop()

    def run_in_executor(self, _executor: Any, function: Any, *arguments: Any) -> asyncio.Future[Any]:
        future = self.create_future()
        asyncio._set_running_loop(None)
        asyncio.set_event_loop(self._loop_of_calls)
        try:
            future.set_result(function(*arguments))
        except Exception as error:  # noqa: BLE001  raised where the future is awaited
            future.set_exception(error)
        finally:
            asyncio.set_event_loop(self)
            asyncio._set_running_loop(self)
        return future

    def close(self) -> None:
        self._loop_of_calls.close()
        super().close()


@pytest.fixture(scope="session")
def _loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Create a loop for all tests, because Pulumi does not close its own."""
    loop = _Loop()
    yield loop
    loop.close()


@pytest.fixture(autouse=True)
def _current_loop(_loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Set the current loop, which Pulumi uses, and which an `asyncio.run` of an earlier test removes."""
    asyncio.set_event_loop(_loop)
    yield
    asyncio.set_event_loop(None)


@pytest.fixture
def live_recording() -> Recording:
    """Start a recording for a test that creates resources itself."""
    return start_recording()


@functools.cache
def _recording(name: str) -> Recording:
    return record(PROGRAMS[name])


@pytest.fixture(params=sorted(PROGRAMS))
def component(request: pytest.FixtureRequest) -> tuple[str, Recording]:
    """Return each component alone: its name and its recording."""
    return request.param, _recording(request.param)


@pytest.fixture
def stack() -> Recording:
    """Return the recording of the whole stack with its defaults."""
    return _recording("SignupToProfile")


@pytest.fixture
def phone_stack() -> Recording:
    """Return the recording of the whole stack with phone sign-in."""
    return _record_stack(phone_sign_in=PHONE)


@pytest.fixture
def changed_stack() -> Recording:
    """Return the whole stack with many changed arguments, of which none has an effect on another."""
    return _record_stack(
        alarm_topic_arn=TOPIC,
        api_concurrency=50,
        backup_retention_days=90.0,
        migration_concurrency=20,
        migration_max_concurrency=16,
        migration_tolerated_failure_percentage=5.0,
        outbox_concurrency=2,
        reconcile_interval_hours=12.0,
        runtime="python3.12",
        trigger_concurrency=20.0,
        triggers={"pre_authentication": arn("lambda", "function:theirs:live")},
        unconfirmed_days=0,
    )


@pytest.fixture
def encrypted_stack() -> Recording:
    """Return the whole stack with all optional parts, a key, and a topic for alarms."""
    return _record_stack(
        kms_key_arn=KEY, alarm_topic_arn=TOPIC, after_sign_up=TARGETS, phone_sign_in=PHONE, social={}
    )


@pytest.fixture
def record_stack() -> Any:
    """Return a function that records the whole stack with other arguments."""
    return _record_stack


_stacks: dict[str, Recording] = {}


def _record_stack(**args: Any) -> Recording:
    """Record the whole stack, once for each set of arguments."""
    key = json.dumps(args)
    if key not in _stacks:
        _stacks[key] = record(lambda: whole_stack(**args)) if args else _recording("SignupToProfile")
    return _stacks[key]
