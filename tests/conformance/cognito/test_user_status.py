"""Actions that a user's status rejects."""

import pytest
from conformance_fake_emulator import FakeEmulator
from conformance_gateway import GatewayClient, error_of


def test_administrator_cannot_confirm_twice(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 14 (doc): the second time is rejected and fires nothing."""
    emulator.configure_triggers("PostConfirmation")
    emulator.add_user("ann@example.com")

    response = gateway.call("AdminConfirmSignUp", Username="ann@example.com")

    expected = ("NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED")
    assert (error_of(response), emulator.events) == (expected, [])


def test_user_cannot_reset_a_temporary_password(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 35 (seen in amplify-js#1340 and #2955)."""
    emulator.add_user("ann@example.com", status="FORCE_CHANGE_PASSWORD")

    response = gateway.call("ForgotPassword", Username="ann@example.com")

    expected = ("NotAuthorizedException", "User password cannot be reset in the current state.")
    assert (error_of(response), emulator.emails) == (expected, [])


def test_only_administrators_create_users(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 55 (doc; text seen in pmill/aws-cognito#37)."""
    emulator.pool["AdminCreateUserConfig"] = {"AllowAdminCreateUserOnly": True}

    response = gateway.sign_up()

    expected = ("NotAuthorizedException", "SignUp is not permitted for this user pool")
    assert (error_of(response), emulator.users) == (expected, {})


@pytest.mark.parametrize(("existence", "status"), [("ENABLED", 200), ("LEGACY", 400)])
def test_another_code_for_a_confirmed_user(
    gateway: GatewayClient, emulator: FakeEmulator, existence: str, status: int
) -> None:
    """Line 56 (seen in amplify-js#14762): rejected, except if the existence of users is hidden."""
    emulator.client["PreventUserExistenceErrors"] = existence
    emulator.add_user("ann@example.com")

    response = gateway.call("ResendConfirmationCode", Username="ann@example.com")

    assert response.status == status
