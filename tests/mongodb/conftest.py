"""Tests with a running MongoDB. CONTRIBUTING.md says how to start one that comes from a package registry."""

import os
import sys
import uuid
from pathlib import Path

import pymongo
import pytest

# The documents and a helper module are those of the unit tests. Test folders are not packages.
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "unit" / "legacy")]

URI_VARIABLE = "TEST_MONGODB_URI"


@pytest.fixture(scope="session")
def server_uri():
    """Return the URI of the server, without a database."""
    uri = os.environ.get(URI_VARIABLE)
    if not uri:
        pytest.skip(f"{URI_VARIABLE} is not set: the tests with a running MongoDB were not run")
    return uri.rstrip("/")


@pytest.fixture
def database(server_uri):
    """Return a database that is dropped after the test."""
    with pymongo.MongoClient(server_uri, uuidRepresentation="standard") as client:
        name = f"test_{uuid.uuid4().hex[:12]}"
        yield client[name]
        client.drop_database(name)


@pytest.fixture
def database_uri(server_uri, database):
    """Return the URI of the database."""
    return f"{server_uri}/{database.name}"
