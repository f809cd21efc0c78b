"""Fixtures for the import of old users: documents of a small application, and a table for inserts."""

import datetime as dt
import sys
import uuid
from pathlib import Path

import pytest
from bson import Binary, Decimal128, Int64, ObjectId, Regex, Timestamp
from bson.datetime_ms import DatetimeMS

sys.path.insert(0, str(Path(__file__).parent))  # for the helper modules: test folders are not packages

from import_table import LIMITS, ImportTable
from legacy_world import LegacyWorld
from userprofiles.legacy.table_inserts import TableInserts


@pytest.fixture
def all_types():
    """Documents with every type that an application stores."""
    moment = dt.datetime(2021, 5, 6, 7, 8, 9, 123000, tzinfo=dt.UTC)
    return [
        {
            "_id": ObjectId("507f1f77bcf86cd799439011"),
            "text": 'ä "quoted" \\ {[ 😀',
            "none": None,
            "yes": True,
        },
        {"_id": 2, "int": 7, "long": Int64(2**40), "float": 1.5, "decimal": Decimal128("2.50")},
        {"_id": "three", "date": moment, "late": DatetimeMS(10**16), "time": Timestamp(5, 1)},
        {"_id": uuid.UUID(int=4), "bytes": Binary(b"\x00\xff", 5), "pattern": Regex("a+", "i")},
        {"_id": 5, "list": [1, {"a": [{}]}, "x"], "document": {"deep": {"er": 1}}, "empty": ""},
    ]


@pytest.fixture
def table():
    return ImportTable()


@pytest.fixture
def inserts(table):
    table_inserts = TableInserts(table.client, table.name, threads=3, limits=LIMITS)
    yield table_inserts
    table_inserts.close()


@pytest.fixture
def legacy_world(table):
    return LegacyWorld(table)
