"""The pool in memory that the tests of the reconciliation share."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))  # for the helper module: the tests are not a package

from fake_pool import FakePool, KillSwitch


@pytest.fixture
def pool() -> FakePool:
    return FakePool()


@pytest.fixture
def switch() -> KillSwitch:
    return KillSwitch()
