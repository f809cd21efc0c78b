"""pytest plugin: an AWS for the whole run, Pulumi programs deployed to it, and the option ``--backend``.

Every pytest run of an environment with this package loads the plugin, so it imports large packages only when
a test uses a fixture.
"""

from __future__ import annotations

import functools
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pulumi_localaws.errors import DeploymentError, LocalAwsError
from pulumi_localaws.testing.backends import BACKEND_NAMES, BackendUnavailableError, create_backend

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from pulumi_localaws.testing.backends import Backend, Stack
    from pulumi_localaws.testing.function_logs import FunctionLogs
    from pulumi_localaws.testing.inbox import Inbox
    from pulumi_localaws.testing.users import User

_EXIT_USAGE_ERROR = 4  # pytest's own code for wrong usage
_AWS_FIXTURES = {"localaws_backend"}  # all other fixtures of the plugin use it
_REPORTED_LINES = 50
_PACKAGE = Path(__file__).parent

_BACKEND = pytest.StashKey["Backend"]()
_START_TIME = pytest.StashKey[float]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the plugin."""
    group = parser.getgroup("localaws", "local AWS")
    group.addoption(
        "--backend",
        choices=BACKEND_NAMES,
        default=BACKEND_NAMES[0],
        help="AWS for the tests: the embedded local AWS (default), a running LocalStack, or a real account",
    )
    group.addoption(
        "--aws-account-id", metavar="ID", help="with --backend aws: the account to deploy to, 12 digits"
    )
    group.addoption(
        "--debug-functions",
        action="store_true",
        help="let breakpoint() in a Python function wait for `pulumi-localaws attach`, and let no function"
        " time out (embedded only)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker `backends`."""
    config.addinivalue_line(
        "markers", "backends(*names): the backends (embedded, localstack, aws) that this test can run on"
    )


def pytest_sessionstart(session: pytest.Session) -> None:
    """End the run at once if the selected backend is not available."""
    config = session.config
    if (
        config.getoption("--backend") == BACKEND_NAMES[0]
        or hasattr(config, "workerinput")
        or config.option.collectonly
    ):
        return
    _start_backend(config).stop()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip the tests that do not support this backend. A test without a marker supports ``embedded``.

    Raises:
        pytest.UsageError: A marker has no backends or an unknown one.
    """
    backend = config.getoption("--backend")
    for item in items:
        supported = _find_supported_backends(item)
        if supported is not None and backend not in supported:
            reason = f"supports {' and '.join(supported)}; the backend of this run is {backend}"
            item.add_marker(pytest.mark.skip(reason=reason))


def _find_supported_backends(item: pytest.Item) -> tuple[str, ...] | None:
    """Return the backends that a test can run on; None for a test that uses no AWS."""
    marker = item.get_closest_marker("backends")
    if marker is None:
        return (BACKEND_NAMES[0],) if _uses_aws(item) else None
    unknown = [name for name in marker.args if name not in BACKEND_NAMES]
    if unknown or not marker.args:
        raise pytest.UsageError(
            f"{item.nodeid}: backends({', '.join(map(repr, marker.args))}) must name one or more"
            f" backends; allowed: {', '.join(BACKEND_NAMES)}."
        )
    return tuple(marker.args)


def _uses_aws(item: pytest.Item) -> bool:
    return not _AWS_FIXTURES.isdisjoint(getattr(item, "fixturenames", ()))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Store the time at which the test begins, for the logs of functions."""
    item.stash[_START_TIME] = time.time()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the lines that functions logged during a failing test to its report."""
    if call.excinfo is not None and not item.config.getoption("fulltrace"):
        _shorten_traceback(call.excinfo)
    report = yield
    backend = item.config.stash.get(_BACKEND, None)
    if report.failed and backend is not None and _uses_aws(item):
        report.sections.extend(_read_log_sections(_open_logs(backend, item)))
    return report


def _shorten_traceback(error: pytest.ExceptionInfo[BaseException]) -> None:
    """Remove the lines after the first one of this package: the messages of these errors are complete."""
    if not isinstance(error.value, (LocalAwsError, DeploymentError)):
        return
    entry = error.tb
    while entry.tb_next is not None and _PACKAGE not in Path(entry.tb_frame.f_code.co_filename).parents:
        entry = entry.tb_next
    entry.tb_next = None


def _open_logs(backend: Backend, item: pytest.Item) -> FunctionLogs:
    from pulumi_localaws.testing.function_logs import FunctionLogs  # noqa: PLC0415

    return FunctionLogs(backend.client, since=item.stash[_START_TIME])


def _read_log_sections(logs: FunctionLogs) -> list[tuple[str, str]]:
    try:
        lines_of_functions = logs.read_all()
    except Exception as error:  # noqa: BLE001 the test's own failure must be reported in any case
        return [("Logs of functions", f"The logs could not be read: {error}")]
    return [
        (f"Log of the function {function}", "\n".join(lines[-_REPORTED_LINES:]))
        for function, lines in lines_of_functions.items()
    ]


@pytest.fixture(scope="session")
def localaws_backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """Return the backend of this run, started once (in each worker of pytest-xdist)."""
    backend = _start_backend(request.config)
    request.config.stash[_BACKEND] = backend
    yield backend
    del request.config.stash[_BACKEND]
    backend.stop()


@pytest.fixture(scope="session")
def localaws(localaws_backend: Backend) -> Any:
    """Return the AWS of this run: ``endpoint``, ``region``, ``client(service)``; `LocalAws` if embedded."""
    return getattr(localaws_backend, "local", localaws_backend)


@pytest.fixture(scope="session")
def localaws_stacks(
    localaws_backend: Backend,  # noqa: ARG001 - the stacks are destroyed before the backend stops
) -> Iterator[list[Stack]]:
    """Return the stacks that were deployed so far.

    All stacks are destroyed at the end of the run, the last one first; a failure fails the run.
    """
    stacks: list[Stack] = []
    yield stacks
    failures = []
    for stack in reversed(stacks):
        try:
            stack.destroy()
        except Exception as error:  # noqa: BLE001 the other stacks must be destroyed too
            failures.append(str(error))
    if failures:
        pytest.fail("\n".join(failures), pytrace=False)


@pytest.fixture(scope="session")
def deploy_stack(localaws_backend: Backend, localaws_stacks: list[Stack]) -> Callable[..., Stack]:
    """Return a function that deploys a Pulumi program: ``deploy_stack(directory, stack="dev", config=None)``.

    `reset` returns to the data after the last deployment.
    """

    def deploy(directory: str | Path, stack: str = "dev", config: dict[str, Any] | None = None) -> Stack:
        localaws_stacks.append(localaws_backend.deploy(Path(directory), stack=stack, config=config))
        localaws_backend.remember_data()
        return localaws_stacks[-1]

    return deploy


@pytest.fixture(scope="session")
def make_user(localaws_backend: Backend, localaws_stacks: list[Stack]) -> Callable[..., User]:
    """Return a function that creates a user who has signed up, is confirmed and has signed in.

    Its arguments are those of `pulumi_localaws.testing.users.UserFactory.create`.
    """
    from pulumi_localaws.testing.user_pools import UserPools  # noqa: PLC0415
    from pulumi_localaws.testing.users import UserFactory  # noqa: PLC0415

    @functools.cache
    def create_factory(region: str) -> UserFactory:
        cognito = localaws_backend.client("cognito-idp", region_name=region)
        return UserFactory(
            cognito,
            UserPools(cognito, localaws_stacks),
            has_constant_codes=localaws_backend.name == BACKEND_NAMES[0],
        )

    # The region is that of the stack, which can be deployed later than this fixture is created.
    return lambda *args, **kwargs: create_factory(localaws_backend.region).create(*args, **kwargs)


@pytest.fixture
def user(make_user: Callable[..., User]) -> User:
    """Return a new user who has signed up, is confirmed and has signed in."""
    return make_user()


@pytest.fixture(scope="session")
def seed(make_user: Callable[..., User]) -> Callable[..., list[User]]:
    """Return a function that creates many users in all states: ``seed(50)``.

    Its arguments are those of `pulumi_localaws.testing.seed.seed_users`, except the first.
    """
    from pulumi_localaws.testing.seed import seed_users  # noqa: PLC0415

    return functools.partial(seed_users, make_user)


@pytest.fixture
def inbox(localaws_backend: Backend) -> Inbox:
    """Return the e-mails and text messages of this test."""
    return localaws_backend.open_inbox()


@pytest.fixture
def logs(localaws_backend: Backend, request: pytest.FixtureRequest) -> FunctionLogs:
    """Return the log lines of the functions in this test: ``logs("part of the function's name")``."""
    return _open_logs(localaws_backend, request.node)


@pytest.fixture
def reset(localaws_backend: Backend) -> Callable[[], None]:
    """Return a function that returns all data to what it was after the last `deploy_stack`, and call it.

    The resources stay. The data are those of tables, queues, buckets, user pools and inboxes.
    """
    localaws_backend.restore_data()
    return localaws_backend.restore_data


def _start_backend(config: pytest.Config) -> Backend:
    try:
        backend = create_backend(
            config.getoption("--backend"),
            account_id=config.getoption("--aws-account-id"),
            debug_functions=config.getoption("--debug-functions"),
        )
        backend.start()
    except BackendUnavailableError as error:
        pytest.exit(str(error), returncode=_EXIT_USAGE_ERROR)
    return backend
