"""Fixtures of the harness's tests."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

sys.path.insert(
    0, str(Path(__file__).parent)
)  # the tests are not a package; this makes their helper modules importable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from engine_helpers import Engine
    from pulumi_localaws.local.clients import Clients


@pytest.fixture(scope="session")
def clients(localaws: Any) -> "Iterator[Clients]":
    from pulumi_localaws.local.clients import Clients  # noqa: PLC0415 the import is slow

    clients = Clients(localaws.endpoint)
    yield clients
    clients.close()


@pytest.fixture
def engine_create(clients: "Clients", tmp_path: Path) -> "Iterator[Callable[..., Engine]]":
    """Create engines whose resources are destroyed after the test."""
    from engine_helpers import Engine  # noqa: PLC0415 as above

    engines: list[Engine] = []

    def create(**options: Any) -> Engine:
        engines.append(Engine(clients, tmp_path / f"state{len(engines)}.jsonl", **options))
        return engines[-1]

    yield create
    for engine in reversed(engines):
        engine.destroy()
        engine.close()


@pytest.fixture
def engine(engine_create: "Callable[..., Engine]") -> "Engine":
    return engine_create()
