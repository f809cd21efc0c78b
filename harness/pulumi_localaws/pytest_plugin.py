"""pytest fixtures: one local AWS for a run, Pulumi programs deployed on it, and the switch ``--backend``.

Loaded by every pytest of an environment that has this package, so it imports nothing heavy until a fixture is
used.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pulumi_localaws.testing.backends import NAMES, BackendUnavailableError, make_backend

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pulumi_localaws.testing.backends import Backend, Stack

_UNAVAILABLE = 4  # as for any other wrong usage of pytest
_FIXTURES = {"localaws", "localaws_backend", "deploy_stack"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("localaws", "local AWS")
    group.addoption(
        "--backend",
        choices=NAMES,
        default=NAMES[0],
        help="where tests that need AWS run: the embedded local AWS (default), a running LocalStack,"
        " or a real account",
    )
    group.addoption(
        "--aws-account-id", metavar="ID", help="with --backend aws: the account that is meant, 12 digits"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line(
        "markers", "backends(*names): the backends (embedded, localstack, aws) that this test can run on"
    )


def pytest_sessionstart(session: pytest.Session) -> None:
    """End the run at once if the backend that was asked for isn't there."""
    config = session.config
    if (
        config.getoption("--backend") == NAMES[0]
        or hasattr(config, "workerinput")
        or config.option.collectonly
    ):
        return
    _start(config).stop()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Hold the marker: whoever needs AWS says on which backends it runs; elsewhere it is reported as skipped.

    Raises:
        pytest.UsageError: A test has no marker, or one with an unknown name.
    """
    backend = config.getoption("--backend")
    for item in items:
        marker = item.get_closest_marker("backends")
        if marker is None:
            if _FIXTURES & set(getattr(item, "fixturenames", ())):
                raise pytest.UsageError(
                    f"{item.nodeid} uses AWS and has no marker: add"
                    f" @pytest.mark.backends({', '.join(map(repr, NAMES))})"
                    " with the backends that it runs on."
                )
            continue
        unknown = [name for name in marker.args if name not in NAMES]
        if unknown or not marker.args:
            raise pytest.UsageError(
                f"{item.nodeid}: backends({', '.join(map(repr, marker.args))}) names no backend;"
                f" allowed: {', '.join(NAMES)}."
            )
        if backend not in marker.args:
            reason = f"runs on {' and '.join(marker.args)}; this run is on {backend}"
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def localaws_backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """The backend of this run, started once (for each worker of pytest-xdist)."""
    backend = _start(request.config)
    yield backend
    backend.stop()


@pytest.fixture(scope="session")
def localaws(localaws_backend: Backend) -> Any:
    """The AWS of this run: ``endpoint``, ``region``, ``client(service)``; if embedded, a `LocalAws`."""
    return getattr(localaws_backend, "local", localaws_backend)


@pytest.fixture(scope="session")
def deploy_stack(localaws_backend: Backend) -> Iterator[Callable[..., Stack]]:
    """A function that deploys a Pulumi program: ``deploy_stack(directory, stack="dev", config=None)``.

    What it deployed is destroyed at the end of the run, the last first; a failure there fails the run.
    """
    made: list[Stack] = []

    def deploy(directory: str | Path, stack: str = "dev", config: dict[str, Any] | None = None) -> Stack:
        made.append(localaws_backend.deploy(Path(directory), stack=stack, config=config))
        return made[-1]

    yield deploy
    failures = []
    for stack in reversed(made):
        try:
            stack.destroy()
        except Exception as error:  # noqa: BLE001 the others are taken down first
            failures.append(str(error))
    if failures:
        pytest.fail("\n".join(failures), pytrace=False)


def _start(config: pytest.Config) -> Backend:
    try:
        backend = make_backend(config.getoption("--backend"), account_id=config.getoption("--aws-account-id"))
        backend.start()
    except BackendUnavailableError as error:
        pytest.exit(str(error), returncode=_UNAVAILABLE)
    return backend
