"""Fixtures of an import of users."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for the helper modules: test folders are not packages

from users_world import UsersWorld


@pytest.fixture
def world():
    return UsersWorld()


@pytest.fixture
def create_world():
    return UsersWorld
