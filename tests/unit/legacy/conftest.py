"""Fixtures for the import of old users."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for the helper modules: test folders are not packages

from import_table import LIMITS, ImportTable
from userprofiles.legacy.table_inserts import TableInserts


@pytest.fixture
def table():
    return ImportTable()


@pytest.fixture
def inserts(table):
    table_inserts = TableInserts(table.client, table.name, threads=3, limits=LIMITS)
    yield table_inserts
    table_inserts.close()
