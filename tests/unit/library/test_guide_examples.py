"""The usage examples of the profile creation guide run word for word, except for the client.

The guide imports `create_client` from `supabase`, and the classes from modules of its own. Stand-ins of these
modules have the library's client and classes.
"""

import sys
import types

import pytest
from userprofiles import library

BASIC_PROFILE_MANAGEMENT = """
from src.data.auto_profile_manager import AutoProfileManager
from supabase import create_client

# Initialize
client = create_client(supabase_url, service_role_key)
profile_manager = AutoProfileManager(client, testing_mode=True)

# Create profile manually (if needed)
result = profile_manager.create_profile_automatically(user_id)
if result.success:
    print(f"Profile created: {result.profile_id}")
else:
    print(f"Error: {result.error_details}")

# Get user profile
profile = profile_manager.get_profile(user_id)
if profile:
    print(f"Experience: {profile['years_of_experience']} years")
    print(f"Level: {profile['experience_level']}")

# Update profile
updates = {
    "years_of_experience": 3,
    "experience_level": "mid",
    "education_level": "masters"
}
result = profile_manager.update_profile(user_id, updates)
"""

INTEGRATION_WITH_AUTH_SYSTEM = """
from src.auth.profile_integration import ProfileAuthIntegration

# Initialize integration
integration = ProfileAuthIntegration(client, testing_mode=True)

# Handle user registration
user_data = {"email": "user@example.com", "full_name": "John Doe"}
result = integration.handle_user_registration(user_id, user_data)

# Verify user profile
has_profile, profile_info = integration.verify_user_profile(user_id)
if has_profile:
    print(f"Profile complete: {profile_info['is_complete']}")

# Get complete user data
user_data = integration.get_user_profile_data(user_id)
print(f"Email: {user_data['email']}")
print(f"Profile complete: {user_data['profile_complete']}")
"""

PROFILE_COMPLETION_STATUS = """
# Check profile completion
is_complete, details = profile_manager.get_profile_completion_status(user_id)
print(f"Complete: {is_complete}")
print(f"Completion: {details['completion_percentage']}%")
print(f"Missing fields: {details['missing_fields']}")
"""

ERROR_RESPONSE_FORMAT = """
ProfileCreationResult(
    success=False,
    message="Error description",
    user_id="user_id",
    error_details="Detailed error information"
)
"""

MANUAL_TESTING = """
# Test profile creation
result = profile_manager.create_profile_automatically(test_user_id)
assert result.success

# Test profile retrieval
profile = profile_manager.get_profile(test_user_id)
assert profile is not None
assert profile['years_of_experience'] == 0
"""


@pytest.fixture
def names(monkeypatch, create_client, pool):
    """Return the names that the guide uses without defining them."""
    client = create_client()
    modules = {
        "supabase": {"create_client": lambda supabase_url, service_role_key: client},
        "src.data.auto_profile_manager": {"AutoProfileManager": library.AutoProfileManager},
        "src.auth.profile_integration": {"ProfileAuthIntegration": library.ProfileAuthIntegration},
    }
    for name in ("src", "src.data", "src.auth", *modules):
        module = types.ModuleType(name)
        vars(module).update(modules.get(name, {}))
        monkeypatch.setitem(sys.modules, name, module)
    return {
        "supabase_url": "https://example.com",
        "service_role_key": "key",
        "user_id": pool.add(email="user@example.com"),
        "test_user_id": pool.add(),
        "client": client,
        "ProfileCreationResult": library.ProfileCreationResult,
    }


def test_basic_profile_management(names, capsys):
    exec(BASIC_PROFILE_MANAGEMENT, names)

    profile_id = names["profile"]["profile_id"]
    assert capsys.readouterr().out.splitlines() == [
        f"Profile created: {profile_id}",
        "Experience: 0 years",
        "Level: entry",
    ]
    assert names["result"].success
    assert names["profile_manager"].get_profile(names["user_id"])["education_level"] == "masters"


def test_basic_profile_management_of_an_unknown_user(names, capsys):
    names["user_id"] = "6f1c2f7e-0000-4000-8000-000000000000"

    exec(BASIC_PROFILE_MANAGEMENT, names)

    assert capsys.readouterr().out == (
        "Error: The user pool doesn't have this user, or the user is disabled.\n"
    )
    assert not names["result"].success


def test_integration_with_auth_system(names, capsys):
    exec(INTEGRATION_WITH_AUTH_SYSTEM, names)

    assert capsys.readouterr().out.splitlines() == [
        "Profile complete: False",
        "Email: user@example.com",
        "Profile complete: False",
    ]
    assert names["result"].success


def test_profile_completion_status(names, capsys):
    exec(BASIC_PROFILE_MANAGEMENT, names)
    capsys.readouterr()

    exec(PROFILE_COMPLETION_STATUS, names)

    assert capsys.readouterr().out.splitlines() == [
        "Complete: True",
        "Completion: 100%",
        "Missing fields: []",
    ]


def test_error_response_format(names):
    expected = eval(ERROR_RESPONSE_FORMAT, names)

    assert (expected.success, expected.user_id, expected.profile_id) == (False, "user_id", None)
    assert (expected.message, expected.error_details) == (
        "Error description",
        "Detailed error information",
    )


def test_manual_testing(names):
    exec(BASIC_PROFILE_MANAGEMENT, names)

    exec(MANUAL_TESTING, names)
