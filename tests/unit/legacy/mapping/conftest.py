"""Mappings and documents for the tests of this folder."""

import copy
import datetime as dt
import json

import pytest
from bson import Int64, ObjectId
from userprofiles.legacy.mapping.mapping import LegacyMapping

SMALL_MAPPING = {
    "format": "userprofiles-legacy-mapping",
    "version": 1,
    "sourceName": "app",
    "users": {"collection": "users", "fields": {"old_id": "_id", "phone_number": "phone"}},
}


@pytest.fixture
def mapping_document():
    """Return a small mapping that a test may change."""
    return copy.deepcopy(SMALL_MAPPING)


@pytest.fixture
def load_mapping(tmp_path):
    """Return a function that loads a mapping from a file."""

    def load(document):
        path = tmp_path / "mapping.json"
        path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
        return LegacyMapping.load(str(path))

    return load


@pytest.fixture(scope="session")
def biograph():
    """Return the preset."""
    return LegacyMapping.load("biograph")


@pytest.fixture
def seed_user():
    """Return a user with every field of the preset."""
    return {
        "_id": ObjectId("507f1f77bcf86cd799439011"),
        "username": "zoë",
        "phone_number": Int64(5551234567),
        "country_code": 1,
        "email": "zoe@example.com",
        "name": "Zoë",
        "profile_pic_url": "https://old.example/z.jpg",
        "profile_settings": "A",
        "email_notification": {"all": False},
        "push_notification": {"all": True},
        "is_active": False,
        "friends": [ObjectId("507f1f77bcf86cd799439012"), ObjectId("507f1f77bcf86cd799439013")],
        "subscribers": [ObjectId("507f1f77bcf86cd799439012")],
        "blocked_users": [],
        "premium_plan": "gold",
        "premium_start": dt.datetime(2024, 1, 1, tzinfo=dt.UTC),
        "premium_end": dt.datetime(2025, 1, 1, 12, 0, 0, 1000, tzinfo=dt.UTC),
        "updated_at": dt.datetime(2024, 2, 3, 4, 5, 6, 789000, tzinfo=dt.UTC),
    }
