"""Passwords of the old application.

F18 (the UserMigration trigger with a slow, failing or wrong store of old passwords) has no tests here: the
users of the migration script sign in with codes and have no passwords. So the import reads no password
hashes, and there is no trigger that could fail. These tests check that.
"""

import dataclasses

from bson import ObjectId
from userprofiles.legacy.mapping.mapping import LegacyMapping
from userprofiles.legacy.mapping.records import LegacyUser
from users_world import legacy_user


def test_f18_no_password_of_the_old_application_is_read():
    document = {
        "_id": ObjectId("507f1f77bcf86cd799439011"),
        "username": "ana",
        "phone_number": "4155550101",
        "password": "pbkdf2_sha256$CANARY",
    }

    user = LegacyMapping.load("biograph").read_user(document)

    assert "CANARY" not in str(dataclasses.asdict(user))
    assert [field.name for field in dataclasses.fields(LegacyUser) if "password" in field.name] == []


def test_f18_an_import_never_leaves_a_user_with_a_password_that_somebody_knows(world):
    """Cognito creates a temporary one and sends it to nobody. The import replaces it by a random one."""
    world.stage().process([legacy_user(1), legacy_user(2)])

    statuses = [user["UserStatus"] for user in world.pool.users.values()]
    assert statuses == ["CONFIRMED"] * 2
    assert len(set(world.pool.passwords.values())) == 2
    assert world.pool.messages == []
