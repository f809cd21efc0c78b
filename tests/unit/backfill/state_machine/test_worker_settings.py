"""The settings of the worker, from its environment."""

import pytest
from userprofiles.backfill.state_machine.worker_settings import WorkerSettings
from userprofiles.settings import SettingsError

REQUIRED = {
    "USERS_TABLE": "users",
    "USERS_TABLE_ARN": "arn:aws-cn:dynamodb:cn-north-1:111122223333:table/users",
    "MIGRATION_BUCKET": "reports",
    "LEDGER_TABLE": "ledger",
}


@pytest.mark.parametrize(
    ("value", "expected"),
    [("", frozenset()), ("old, older", frozenset({"old", "older", "users"}))],
)
def test_permitted_tables_come_from_the_environment(value, expected):
    environment = {**REQUIRED, "MIGRATION_TABLES": value}

    assert WorkerSettings.from_environment(environment).tables == expected


def test_permitted_tables_have_the_account_and_region_of_the_users_table():
    worker_settings = WorkerSettings.from_environment(REQUIRED)

    assert worker_settings.table_arn("old") == "arn:aws-cn:dynamodb:cn-north-1:111122223333:table/old"


@pytest.mark.parametrize(("value", "expected"), [("", 0), ("5", 5), ("100", 100)])
def test_tolerated_failure_percentage_comes_from_the_environment(value, expected):
    environment = {**REQUIRED, "TOLERATED_FAILURE_PERCENTAGE": value}

    assert WorkerSettings.from_environment(environment).tolerated_failure_percentage == expected


@pytest.mark.parametrize("value", ["-1", "101", "1.5", "many"])
def test_wrong_percentage_is_named(value):
    with pytest.raises(SettingsError, match="TOLERATED_FAILURE_PERCENTAGE must be a whole number"):
        WorkerSettings.from_environment({**REQUIRED, "TOLERATED_FAILURE_PERCENTAGE": value})


@pytest.mark.parametrize("name", REQUIRED)
def test_missing_variable_is_named(name):
    environment = {**REQUIRED, name: " "}

    with pytest.raises(SettingsError, match=name):
        WorkerSettings.from_environment(environment)
