"""Fixtures of the tests of users after sign-up."""

import sys
from pathlib import Path

import pytest

sys.path.insert(
    0, str(Path(__file__).parents[1])
)  # the helper modules are there; the tests are not a package

from erasure_world import World, create_receipts_table
from fake_pool import FakePool
from kill_switch import KillSwitch
from memory_dynamodb import MemoryTables


@pytest.fixture
def world(aws_environment):
    """All stores with data of users, in memory."""
    return World(MemoryTables())


@pytest.fixture
def moto_world(tables):
    """All stores with data of users; the tables are in moto, which checks the expressions."""
    create_receipts_table(tables.client)
    return World(tables)


@pytest.fixture
def pool() -> FakePool:
    return FakePool()


@pytest.fixture
def switch() -> KillSwitch:
    return KillSwitch()
