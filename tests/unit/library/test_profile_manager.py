"""ProfileManager: create, read, change, completion, and the four kinds of errors."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from userprofiles.library import (
    AutoProfileManager,
    ErrorKind,
    ProfileManager,
    ProfileReadError,
)
from userprofiles.table import audit, deletion

UPDATES = {"years_of_experience": 3, "experience_level": "mid", "education_level": "masters"}


def test_names_of_the_guide_are_aliases():
    assert AutoProfileManager is ProfileManager


def test_new_profile_has_the_defaults_and_an_id_of_its_own(manager, pool, tables):
    user_id = pool.add()

    result = manager.create_profile_automatically(user_id)

    profile = manager.get_profile(user_id)
    assert (result.success, result.user_id, result.error_kind) == (True, user_id, None)
    assert result.profile_id == profile["profile_id"] != user_id
    assert (profile["years_of_experience"], profile["experience_level"]) == (0, "entry")
    assert (profile["education_level"], profile["work_arrangement_preference"]) == ("bachelors", "any")
    assert profile["profile_completed"] is False
    assert [row["source"] for row in tables.audit_rows()] == ["library"]


def test_profile_contains_no_keys_and_no_bookkeeping(manager, pool):
    user_id = pool.add()
    manager.create_profile_automatically(user_id)

    assert {"PK", "SK", "entityType", "setFields"} & manager.get_profile(user_id).keys() == set()


@pytest.mark.parametrize("name", ["basic", "social", "career", "marketplace"])
def test_every_preset_can_be_created_read_and_changed(create_client, pool, name):
    client = create_client(name)
    manager, user_id = ProfileManager(client, False), pool.add()
    fields = client.template.schema("profile", client.template.default_role)["properties"]
    field, default = next(
        (field, schema["default"])
        for field, schema in fields.items()
        if "default" in schema and not schema.get("readOnly")
    )

    assert manager.create_profile_automatically(user_id).success
    assert manager.get_profile(user_id)[field] == default
    assert manager.update_profile(user_id, {field: default}).success
    assert manager.get_profile_completion_status(user_id)[0] is False


def test_profile_id_is_the_user_id_if_the_template_has_none(create_client, pool):
    user_id = pool.add()

    result = ProfileManager(create_client("basic"), False).create_profile_automatically(user_id)

    assert result.profile_id == user_id


def test_existing_profile_is_not_changed(manager, pool, tables):
    user_id = pool.add()
    first = manager.create_profile_automatically(user_id)
    before = tables.items()

    second = manager.create_profile_automatically(user_id)

    assert (second.success, second.error_kind) == (False, ErrorKind.ALREADY_EXISTS)
    assert second.profile_id == first.profile_id
    assert tables.items() == before


def test_user_that_cognito_does_not_have_is_not_found(manager, tables):
    result = manager.create_profile_automatically("6f1c2f7e-0000-4000-8000-000000000000")

    assert (result.success, result.error_kind) == (False, ErrorKind.USER_NOT_FOUND)
    assert tables.items() == []


def test_disabled_user_is_not_found(manager, pool):
    result = manager.create_profile_automatically(pool.add(enabled=False))

    assert result.error_kind is ErrorKind.USER_NOT_FOUND


def test_federated_user_is_found_by_the_sub(manager, pool):
    user_id = pool.add(name="Google_1234")

    assert manager.create_profile_automatically(user_id).success
    assert manager.get_profile(user_id)["user_id"] == user_id


def test_user_whose_name_is_the_sub_of_another_user_is_not_confused_with_that_user(manager, pool, cognito):
    user_id = pool.add(name="Google_1234")
    cognito.add(user_id, {"sub": "6f1c2f7e-0000-4000-8000-000000000000", "email": "other@example.com"})

    assert manager.create_profile_automatically(user_id).success
    assert manager.get_profile("6f1c2f7e-0000-4000-8000-000000000000") is None


@pytest.mark.parametrize(("testing_mode", "kind"), [(False, ErrorKind.USER_NOT_FOUND), (True, None)])
def test_unconfirmed_user_gets_a_profile_in_testing_mode_only(create_client, pool, testing_mode, kind):
    user_id = pool.add(status="UNCONFIRMED")
    manager = ProfileManager(create_client(), testing_mode=testing_mode)

    assert manager.create_profile_automatically(user_id).error_kind is kind
    assert (manager.get_profile(user_id) is not None) is testing_mode


@pytest.mark.parametrize("user_id", ["", "ada@example.com", "a#b", None, 7, "x" * 200])
def test_invalid_user_id_is_invalid_data(manager, user_id, tables):
    results = [manager.create_profile_automatically(user_id), manager.update_profile(user_id, UPDATES)]

    assert {result.error_kind for result in results} == {ErrorKind.INVALID_DATA}
    assert manager.get_profile(user_id) is None
    assert tables.items() == []


def test_erased_user_stays_erased(manager, pool, tables):
    user_id = pool.add()
    manager.create_profile_automatically(user_id)
    tables.erase()
    before = tables.items()

    results = [manager.create_profile_automatically(user_id), manager.update_profile(user_id, UPDATES)]

    assert [result.error_kind for result in results] == [ErrorKind.USER_NOT_FOUND] * 2
    assert manager.get_profile(user_id) is None
    assert tables.items() == before


def test_marked_user_reads_as_missing_and_is_not_changed(manager, pool, tables, store, now):
    user_id = pool.add()
    manager.create_profile_automatically(user_id)
    mark(store, user_id, now)
    before = tables.items()

    results = [manager.create_profile_automatically(user_id), manager.update_profile(user_id, UPDATES)]

    assert [result.error_kind for result in results] == [ErrorKind.USER_NOT_FOUND] * 2
    assert all("marked for deletion" in result.error_details for result in results)
    assert manager.get_profile(user_id) is None
    assert manager.get_profile_completion_status(user_id)[1]["error_kind"] is ErrorKind.USER_NOT_FOUND
    assert tables.items() == before


def test_user_who_is_marked_during_an_update_is_not_changed(manager, pool, tables, store, now):
    user_id = pool.add()
    manager.create_profile_automatically(user_id)
    items = manager.client.read(user_id)
    mark(store, user_id, now)
    manager.client = SimpleNamespace(
        read=lambda _: items, change=manager.client.change, template=manager.client.template
    )

    result = manager.update_profile(user_id, UPDATES)

    assert result.error_kind is ErrorKind.USER_NOT_FOUND
    assert "marked for deletion" in result.error_details


def mark(store, user_id, now):
    """Mark a user for deletion."""
    user = store.read(user_id)
    changes = deletion.mark_changes(
        user_id, user.account, deletion.create_request(now, timedelta(days=30), "user")
    )
    row = audit.create_row(
        user_id, audit.Action.DELETION_REQUESTED, source="api", account=user.account, moment=now
    )
    assert store.change(user, {"account": changes}, row) is not None


def test_update_changes_profile_and_account_with_an_audit_row(create_client, pool, tables):
    manager = ProfileManager(create_client("marketplace"), False)
    user_id = pool.add()
    manager.create_profile_automatically(user_id)

    result = manager.update_profile(user_id, {"language": "fr", "name": "Ada"})

    account, profile = tables.items()
    rows = tables.audit_rows()
    assert result.success
    assert (profile["language"], account["name"]) == ("fr", "Ada")
    assert [row["source"] for row in rows] == ["library", "library"]
    assert audit.verify(rows, account["auditHead"]) == 2


def test_update_sets_a_field_of_the_account_by_its_prefix(create_client, pool, tables):
    manager = ProfileManager(create_client("marketplace"), False)
    user_id = pool.add()
    manager.create_profile_automatically(user_id)

    assert manager.update_profile(user_id, {"account.name": "Ada"}).success
    assert tables.items()[0]["name"] == "Ada"


def test_update_with_none_resets_a_field_to_its_default(manager, pool):
    user_id = pool.add()
    manager.create_profile_automatically(user_id)
    manager.update_profile(user_id, UPDATES)

    assert manager.update_profile(user_id, {"experience_level": None}).success
    assert manager.get_profile(user_id)["experience_level"] == "entry"


@pytest.mark.parametrize(
    "updates",
    [
        {"profile_id": "other"},
        {"profile_completed": True},
        {"user_id": "other"},
        {"status": "active"},
        {"account.email": "other@example.com"},
        {"setFields": []},
        {"PK": "USER#other"},
        {"unknown": 1},
        {"experience_level": "wizard"},
        {"years_of_experience": float("nan")},
        {"salary_min": 10**200},
        {"skills_technologies": b"bytes"},
        {"years_of_experience": 3, "experience_level": "wizard"},
        ["years_of_experience"],
        "text",
        None,
    ],
    ids=str,
)
def test_invalid_update_changes_nothing(manager, pool, tables, updates):
    user_id = pool.add()
    manager.create_profile_automatically(user_id)
    before = tables.items()

    result = manager.update_profile(user_id, updates)

    assert (result.success, result.error_kind) == (False, ErrorKind.INVALID_DATA)
    assert result.error_details
    assert tables.items() == before


def test_deeply_nested_update_is_invalid_data(manager, pool):
    user_id = pool.add()
    manager.create_profile_automatically(user_id)
    value = []
    for _ in range(100_000):
        value = [value]

    assert (
        manager.update_profile(user_id, {"skills_technologies": value}).error_kind is ErrorKind.INVALID_DATA
    )


def test_update_of_a_user_without_a_profile_creates_nothing(manager, pool, tables):
    result = manager.update_profile(pool.add(), UPDATES)

    assert result.error_kind is ErrorKind.USER_NOT_FOUND
    assert "create_profile_automatically" in result.error_details
    assert tables.items() == []


def test_update_creates_the_missing_account_of_a_profile(manager, pool, tables):
    user_id = pool.add()
    manager.create_profile_automatically(user_id)
    tables.delete(tables.items()[0])

    assert manager.update_profile(user_id, UPDATES).success
    assert [item["entityType"] for item in tables.items()] == ["USER_ACCOUNT", "USER_PROFILE"]


def test_inactive_account_can_be_changed(manager, pool, tables):
    user_id = pool.add()
    manager.create_profile_automatically(user_id)
    tables.put({**tables.items()[0], "status": "suspended"})

    assert manager.update_profile(user_id, UPDATES).success


def test_profile_of_a_newer_major_version_can_be_read_only(manager, pool, tables):
    user_id = pool.add()
    manager.create_profile_automatically(user_id)
    tables.put({**tables.items()[0], "templateVersion": "2.0"})

    result = manager.update_profile(user_id, UPDATES)

    assert (result.error_kind, "newer version" in result.error_details) == (ErrorKind.DATABASE_ERROR, True)
    assert manager.get_profile(user_id)["years_of_experience"] == 0


def test_completion_counts_a_default_only_after_somebody_has_set_it(manager, pool):
    user_id = pool.add()
    manager.create_profile_automatically(user_id)
    before = manager.get_profile_completion_status(user_id)
    manager.update_profile(user_id, {"years_of_experience": 0, "experience_level": "entry"})
    between = manager.get_profile_completion_status(user_id)
    manager.update_profile(user_id, {"education_level": "bachelors"})
    after = manager.get_profile_completion_status(user_id)

    names = ["years_of_experience", "experience_level", "education_level"]
    assert before == (
        False,
        {"is_complete": False, "completion_percentage": 0, "missing_fields": names},
    )
    assert between[1]["missing_fields"] == ["education_level"]
    assert after == (True, {"is_complete": True, "completion_percentage": 100, "missing_fields": []})
    assert manager.get_profile(user_id)["profile_completed"] is True


def test_completion_of_a_user_without_a_profile_is_zero(manager, pool):
    is_complete, details = manager.get_profile_completion_status(pool.add())

    assert (is_complete, details["completion_percentage"]) == (False, 0)
    assert details["missing_fields"] == ["years_of_experience", "experience_level", "education_level"]
    assert details["error_kind"] == "user_not_found"


def test_database_error_has_the_code_and_what_to_check(manager, pool, tables):
    user_id = pool.add()
    manager.create_profile_automatically(user_id)
    tables.client.delete_table(TableName="users")

    results = [
        manager.create_profile_automatically(user_id),
        manager.update_profile(user_id, UPDATES),
    ]

    assert {result.error_kind for result in results} == {ErrorKind.DATABASE_ERROR}
    assert all("ResourceNotFoundException" in result.error_details for result in results)
    with pytest.raises(ProfileReadError, match="ResourceNotFoundException"):
        manager.get_profile(user_id)


def test_error_of_cognito_is_a_database_error(manager, pool, cognito, aws_error):
    cognito.error = aws_error("AccessDeniedException")

    result = manager.create_profile_automatically(pool.add())

    assert result.error_kind is ErrorKind.DATABASE_ERROR
    assert "Cognito returned AccessDeniedException" in result.error_details


def test_bulk_create_has_one_result_for_each_user_in_order(manager, pool):
    user_ids = [pool.add() for _ in range(23)]
    manager.create_profile_automatically(user_ids[3])
    user_ids[7] = "ada@example.com"

    results = manager.create_profiles(user_ids, batch_size=5)

    failures = {number: result.error_kind for number, result in enumerate(results) if not result.success}
    assert [result.user_id for result in results] == user_ids
    assert failures == {3: ErrorKind.ALREADY_EXISTS, 7: ErrorKind.INVALID_DATA}


def test_bulk_update_changes_the_other_users_if_one_fails(manager, pool):
    user_ids = [pool.add() for _ in range(4)]
    manager.create_profiles(user_ids)

    results = manager.update_profiles(
        {user_id: {"salary_min": number - 1} for number, user_id in enumerate(user_ids)}
    )

    assert [result.success for result in results] == [False, True, True, True]
    assert [manager.get_profile(user_id)["salary_min"] for user_id in user_ids] == [None, 0, 1, 2]


@pytest.mark.parametrize("batch_size", [0, 101, 2.5, "10"])
def test_batch_size_out_of_range_is_rejected(manager, batch_size):
    with pytest.raises(ValueError, match="batch_size must be a whole number from 1 to 100"):
        manager.create_profiles([], batch_size=batch_size)
