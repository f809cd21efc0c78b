"""ProfileIntegration: sign-up and sign-in of an application."""

import pytest
from userprofiles.library import ErrorKind, ProfileAuthIntegration, ProfileIntegration


def test_names_of_the_guide_are_aliases():
    assert ProfileAuthIntegration is ProfileIntegration


def test_registration_creates_the_profile_with_the_name_that_cognito_lacks(integration, pool):
    user_id = pool.add(email="user@example.com")

    result = integration.handle_user_registration(
        user_id, {"email": "USER@example.com", "full_name": "John Doe"}
    )

    assert (result.success, result.error_kind) == (True, None)
    assert integration.get_user_profile_data(user_id)["name"] == "John Doe"


def test_name_of_cognito_is_kept(integration, pool):
    user_id = pool.add(name="Google_7", given_name="Ada", family_name="Lovelace")

    integration.handle_user_registration(user_id, {"full_name": "John Doe"})

    assert integration.get_user_profile_data(user_id)["name"] == "Ada Lovelace"


def test_registration_after_the_trigger_is_a_success(integration, pool):
    user_id = pool.add()
    first = integration.handle_user_registration(user_id, {})

    second = integration.handle_user_registration(user_id, {})

    assert (second.success, second.error_kind) == (True, None)
    assert second.profile_id == first.profile_id


def test_registration_before_the_confirmation_is_a_success_without_a_profile(integration, pool, tables):
    result = integration.handle_user_registration(pool.add(status="UNCONFIRMED"), {})

    assert (result.success, result.profile_id) == (True, None)
    assert result.message == "The confirmation of the sign-up creates the profile"
    assert tables.items() == []


@pytest.mark.parametrize(
    ("user_data", "problem"),
    [
        ({"email": "other@example.com"}, "user_data.email is not the email that Cognito has"),
        ({"role": "admin"}, "unknown name 'role'. Allowed: email, phone_number, full_name"),
        ({"full_name": 7}, "user_data.full_name must be a text, got int"),
        (None, "user_data must be a dict, got NoneType"),
        ([], "user_data must be a dict, got list"),
    ],
    ids=str,
)
def test_invalid_user_data_creates_nothing(integration, pool, tables, user_data, problem):
    result = integration.handle_user_registration(pool.add(), user_data)

    assert (result.success, result.error_kind) == (False, ErrorKind.INVALID_DATA)
    assert problem in result.error_details
    assert tables.items() == []


def test_verification_reports_a_missing_profile(integration, pool):
    has_profile, info = integration.verify_user_profile(pool.add())

    assert (has_profile, info["is_complete"], info["error_kind"]) == (False, False, "user_not_found")


def test_user_data_is_flat_and_has_the_completion(integration, pool):
    user_id = pool.add(email="user@example.com")
    integration.handle_user_registration(user_id, {})
    integration.update_user_profile(user_id, {"years_of_experience": 3})

    data = integration.get_user_profile_data(user_id)

    assert (data["user_id"], data["email"], data["years_of_experience"]) == (user_id, "user@example.com", 3)
    assert (data["profile_complete"], data["completion_percentage"]) == (False, 33)
    assert data["missing_fields"] == ["experience_level", "education_level"]
    assert {"PK", "SK", "setFields", "auditHead", "listPK"} & data.keys() == set()


def test_field_of_both_items_is_that_of_the_profile(create_client, pool):
    integration = ProfileIntegration(create_client("basic"), False)
    user_id = pool.add()
    integration.handle_user_registration(user_id, {})

    data = integration.get_user_profile_data(user_id)

    assert data["userId"] == data["account.userId"] == user_id


def test_user_without_a_profile_has_no_data(integration, pool):
    assert integration.get_user_profile_data(pool.add()) is None
