"""Log lines: the guide's format and levels, testing mode, no personal data."""

import io
import logging
import re

import pytest
from botocore.exceptions import EndpointConnectionError
from userprofiles import library
from userprofiles.library import ProfileIntegration, ProfileManager, ProfileReadError
from userprofiles.library.logs import read_testing_mode

CANARY = "canary"


def test_line_has_the_format_of_the_guide(manager, pool, log):
    user_id = pool.add()
    manager.create_profile_automatically(user_id)

    line = log.getvalue().splitlines()[0]

    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d - userprofiles\.library\.profile_manager - INFO - "
        rf"Creating automatic profile for user: {user_id}",
        line,
    )


def test_levels_are_those_of_the_guide(manager, pool, tables, log):
    user_id = pool.add()
    manager.create_profile_automatically(user_id)
    manager.create_profile_automatically(user_id)
    manager.update_profile(user_id, {"experience_level": "wizard"})
    tables.client.delete_table(TableName="users")
    manager.update_profile(user_id, {})

    lines = [line.split(" - ", 2)[2].replace(user_id, "U") for line in log.getvalue().splitlines()]

    assert lines == [
        "INFO - Creating automatic profile for user: U",
        "INFO - Profile created for user: U",
        "INFO - Creating automatic profile for user: U",
        "WARNING - Profile already exists for user: U",
        "INFO - Updating profile for user: U",
        "ERROR - Invalid data (invalid_data) for user: U",
        "INFO - Updating profile for user: U",
        "ERROR - Database error (database_error) for user: U",
    ]


def test_testing_mode_adds_debug_lines_and_details(create_client, pool, log):
    user_id = pool.add()
    results = [
        ProfileManager(create_client(), mode).update_profile(user_id, {"unknown": 1})
        for mode in (False, True)
        if ProfileManager(create_client(), mode).create_profile_automatically(user_id)
    ]

    assert " - DEBUG - " in log.getvalue()
    assert results[1].error_details.startswith(results[0].error_details)
    assert results[1].error_details.endswith("(invalid_patch)")


@pytest.mark.parametrize("testing_mode", [False, True])
def test_no_value_of_a_user_is_logged(create_client, pool, tables, log, testing_mode):
    integration = ProfileIntegration(create_client(), testing_mode)
    user_id = pool.add(email=f"{CANARY}@example.com", given_name=CANARY, phone_number=f"+{CANARY}")
    integration.handle_user_registration(user_id, {"full_name": CANARY, "email": f"{CANARY}@x.example"})
    integration.handle_user_registration(user_id, {CANARY: CANARY})
    integration.handle_user_registration(user_id, {"full_name": CANARY})
    integration.handle_user_registration(f"{CANARY}@example.com", {})
    integration.update_user_profile(user_id, {"field_of_study": CANARY})
    integration.update_user_profile(user_id, {"experience_level": CANARY, CANARY: CANARY})
    integration.get_user_profile_data(user_id)
    integration.verify_user_profile(f"{CANARY}@example.com")
    pool.cognito.error = EndpointConnectionError(endpoint_url=f"https://{CANARY}.example")
    integration.handle_user_registration(user_id, {})
    tables.client.delete_table(TableName="users")
    integration.update_user_profile(user_id, {"field_of_study": CANARY})
    with pytest.raises(ProfileReadError):
        integration.get_user_profile_data(user_id)

    assert len(log.getvalue().splitlines()) > 15
    assert CANARY not in log.getvalue().lower()


def test_library_configures_no_logger_by_itself(create_client, pool, capsys):
    root_handlers, root_level = list(logging.getLogger().handlers), logging.getLogger().level

    ProfileManager(create_client(), testing_mode=True).create_profile_automatically("ada@example.com")

    assert (logging.getLogger().handlers, logging.getLogger().level) == (root_handlers, root_level)
    assert logging.getLogger("userprofiles.library").level == logging.NOTSET
    assert capsys.readouterr() == ("", "")


def test_handler_follows_testing_mode(monkeypatch):
    logger = logging.getLogger("userprofiles.library")
    level = logger.level
    for value, expected in (("true", logging.DEBUG), ("false", logging.INFO)):
        monkeypatch.setenv("TESTING_MODE", value)
        handler = library.install_log_handler(io.StringIO())
        logger.removeHandler(handler)
        assert logger.level == expected
    logger.setLevel(level)


@pytest.mark.parametrize(
    ("text", "expected"), [("true", True), (" TRUE ", True), ("1", True), ("false", False), ("", False)]
)
def test_testing_mode_is_read_from_the_environment(create_client, monkeypatch, text, expected):
    monkeypatch.setenv("TESTING_MODE", text)

    assert ProfileManager(create_client()).testing_mode is expected
    assert ProfileManager(create_client(), testing_mode=not expected).testing_mode is not expected


def test_wrong_testing_mode_is_rejected():
    with pytest.raises(ValueError, match=r"TESTING_MODE is 'perhaps'\. Allowed: true or false"):
        read_testing_mode({"TESTING_MODE": "perhaps"})
