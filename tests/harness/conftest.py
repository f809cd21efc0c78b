"""What the harness's tests share."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # helpers beside the tests; tests are no package

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from engine_helpers import Engine
    from pulumi_localaws.local.clients import Clients


@pytest.fixture(scope="session")
def clients(localaws: Any) -> "Iterator[Clients]":
    from pulumi_localaws.local.clients import Clients  # noqa: PLC0415 a test of other things doesn't pay for it

    made = Clients(localaws.endpoint)
    yield made
    made.close()


@pytest.fixture
def engine_create(clients: "Clients", tmp_path: Path) -> "Iterator[Callable[..., Engine]]":
    """Make an engine's monitor; what it makes is destroyed after the test."""
    from engine_helpers import Engine  # noqa: PLC0415 as above

    made: list[Engine] = []

    def create(**options: Any) -> Engine:
        made.append(Engine(clients, tmp_path / f"state{len(made)}.jsonl", **options))
        return made[-1]

    yield create
    for engine in reversed(made):
        engine.destroy()
        engine.close()


@pytest.fixture
def engine(engine_create: "Callable[..., Engine]") -> "Engine":
    return engine_create()
