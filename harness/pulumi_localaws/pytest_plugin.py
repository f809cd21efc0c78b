"""pytest plugin: an AWS for the whole run, Pulumi programs deployed to it, and the option ``--backend``.

Every pytest run of an environment with this package loads the plugin, so it imports large packages only when
a test uses a fixture.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pulumi_localaws.testing.backends import BACKEND_NAMES, BackendUnavailableError, create_backend

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pulumi_localaws.testing.backends import Backend, Stack

_EXIT_USAGE_ERROR = 4  # pytest's own code for wrong usage
_FIXTURES = {"localaws", "localaws_backend", "deploy_stack"}


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
    """Require the marker of each test that uses AWS, and skip the tests that do not support this backend.

    Raises:
        pytest.UsageError: A test has no marker, or a marker without backends or with an unknown one.
    """
    backend = config.getoption("--backend")
    for item in items:
        marker = item.get_closest_marker("backends")
        if marker is None:
            if _FIXTURES & set(getattr(item, "fixturenames", ())):
                raise pytest.UsageError(
                    f"{item.nodeid} uses AWS and has no marker. Add the marker"
                    f" @pytest.mark.backends({', '.join(map(repr, BACKEND_NAMES))})"
                    " with the backends that the test supports."
                )
            continue
        unknown = [name for name in marker.args if name not in BACKEND_NAMES]
        if unknown or not marker.args:
            raise pytest.UsageError(
                f"{item.nodeid}: backends({', '.join(map(repr, marker.args))}) must name one or more"
                f" backends; allowed: {', '.join(BACKEND_NAMES)}."
            )
        if backend not in marker.args:
            reason = f"supports {' and '.join(marker.args)}; the backend of this run is {backend}"
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def localaws_backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """Return the backend of this run, started once (in each worker of pytest-xdist)."""
    backend = _start_backend(request.config)
    yield backend
    backend.stop()


@pytest.fixture(scope="session")
def localaws(localaws_backend: Backend) -> Any:
    """Return the AWS of this run: ``endpoint``, ``region``, ``client(service)``; `LocalAws` if embedded."""
    return getattr(localaws_backend, "local", localaws_backend)


@pytest.fixture(scope="session")
def deploy_stack(localaws_backend: Backend) -> Iterator[Callable[..., Stack]]:
    """Return a function that deploys a Pulumi program: ``deploy_stack(directory, stack="dev", config=None)``.

    All stacks are destroyed at the end of the run, the last one first; a failure fails the run.
    """
    stacks: list[Stack] = []

    def deploy(directory: str | Path, stack: str = "dev", config: dict[str, Any] | None = None) -> Stack:
        stacks.append(localaws_backend.deploy(Path(directory), stack=stack, config=config))
        return stacks[-1]

    yield deploy
    failures = []
    for stack in reversed(stacks):
        try:
            stack.destroy()
        except Exception as error:  # noqa: BLE001 the other stacks must be destroyed too
            failures.append(str(error))
    if failures:
        pytest.fail("\n".join(failures), pytrace=False)


def _start_backend(config: pytest.Config) -> Backend:
    try:
        backend = create_backend(
            config.getoption("--backend"), account_id=config.getoption("--aws-account-id")
        )
        backend.start()
    except BackendUnavailableError as error:
        pytest.exit(str(error), returncode=_EXIT_USAGE_ERROR)
    return backend
