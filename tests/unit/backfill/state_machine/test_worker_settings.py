"""The settings of the worker, from its environment."""

import pytest
from userprofiles.backfill.state_machine.worker_settings import WorkerSettings
from userprofiles.settings import SettingsError


@pytest.mark.parametrize(
    ("value", "expected"),
    [("", frozenset()), ("old, older", frozenset({"old", "older", "users"}))],
)
def test_permitted_tables_come_from_the_environment(value, expected):
    environment = {"USERS_TABLE": "users", "MIGRATION_BUCKET": "reports", "MIGRATION_TABLES": value}

    assert WorkerSettings.from_environment(environment).tables == expected


@pytest.mark.parametrize("name", ["USERS_TABLE", "MIGRATION_BUCKET"])
def test_missing_variable_is_named(name):
    environment = {"USERS_TABLE": "users", "MIGRATION_BUCKET": "reports", name: " "}

    with pytest.raises(SettingsError, match=name):
        WorkerSettings.from_environment(environment)
