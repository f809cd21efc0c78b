"""Shared fixtures of the harness's tests."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for the helper modules: test folders are not packages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from engine_helpers import Engine
    from pulumi_localaws.local.clients import Clients

CLI_PROGRAM = """
import pulumi, pulumi_aws as aws
queue = aws.sqs.Queue("orders")
pulumi.export("queueUrl", queue.url)
pulumi.export("password", pulumi.Output.secret("hunter2"))
pulumi.export("tags", {"a": 1})
"""


@pytest.fixture(scope="session")
def clients(localaws: Any) -> "Iterator[Clients]":
    from pulumi_localaws.local.clients import Clients  # noqa: PLC0415 large: only some tests need it

    clients = Clients(localaws.endpoint)
    yield clients
    clients.close()


@pytest.fixture
def engine_create(clients: "Clients", tmp_path: Path) -> "Iterator[Callable[..., Engine]]":
    """Return a function that creates an engine; its resources are destroyed after the test."""
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


@pytest.fixture
def cli_project(tmp_path: Path) -> Path:
    """Write a Pulumi project with one queue and the stack `dev`."""
    (tmp_path / "Pulumi.yaml").write_text(json.dumps({"name": "shop", "runtime": "python"}))
    (tmp_path / "Pulumi.dev.yaml").write_text(json.dumps({"config": {"aws:region": "eu-west-1"}}))
    (tmp_path / "__main__.py").write_text(CLI_PROGRAM)
    return tmp_path
