"""Lifetime of confirmation codes, and the limit of wrong codes."""

import pytest
from conformance_fake_emulator import FakeEmulator
from conformance_gateway import GatewayClient, ManualClock, error_of


def test_too_many_wrong_codes(gateway: GatewayClient, clock: ManualClock) -> None:
    """Line 26 (doc): after five wrong codes, the right code is rejected too, for a limited time."""
    gateway.sign_up()
    error_codes = [error_of(gateway.confirm(code=f"00000{i}"))[0] for i in range(5)]

    locked_out = error_of(gateway.confirm())[0]
    clock.now += 3_600

    assert [*error_codes, locked_out] == ["CodeMismatchException"] * 5 + ["LimitExceededException"]
    assert gateway.confirm().status == 200


def test_wrong_codes_of_one_user_do_not_lock_another(gateway: GatewayClient) -> None:
    """Line 26 (doc): counted per user."""
    gateway.sign_up("bob@example.com")
    gateway.sign_up()
    for i in range(5):
        gateway.confirm("bob@example.com", f"00000{i}")

    assert gateway.confirm().status == 200


@pytest.mark.parametrize(("seconds", "status"), [(24 * 3600 - 1, 200), (24 * 3600 + 1, 400)])
def test_sign_up_code_expires_after_a_day(
    gateway: GatewayClient, clock: ManualClock, seconds: int, status: int
) -> None:
    """Line 26 (doc): 24 hours, then ExpiredCodeException."""
    gateway.sign_up()
    clock.now += seconds

    response = gateway.confirm()

    assert response.status == status
    assert status == 200 or error_of(response)[0] == "ExpiredCodeException"


def test_resent_code_is_valid_again(gateway: GatewayClient, clock: ManualClock) -> None:
    """Line 26 (doc): ResendConfirmationCode."""
    gateway.sign_up()
    clock.now += 48 * 3600
    gateway.call("ResendConfirmationCode", Username="ann@example.com")

    assert gateway.confirm().status == 200


def test_reset_code_expires_after_an_hour(
    gateway: GatewayClient, emulator: FakeEmulator, clock: ManualClock
) -> None:
    """Line 26 (doc): 1 hour for a forgotten password."""
    emulator.add_user("ann@example.com", email_verified="true")
    gateway.call("ForgotPassword", Username="ann@example.com")
    clock.now += 3_601

    response = gateway.call(
        "ConfirmForgotPassword", Username="ann@example.com", ConfirmationCode="654321", Password="secret"
    )

    assert error_of(response)[0] == "ExpiredCodeException"
