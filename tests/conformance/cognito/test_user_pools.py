"""Deletion protection, and triggers that the local AWS never fires."""

from conformance_fake_emulator import FakeEmulator
from conformance_gateway import GatewayClient, error_of


def test_protected_pool_cannot_be_deleted(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 24 (doc; text seen in localstack#11947)."""
    emulator.pool["DeletionProtection"] = "ACTIVE"

    response = gateway.call("DeleteUserPool")

    text = (
        "The user pool cannot be deleted because deletion protection is activated. "
        "Deletion protection must be inactivated first."
    )
    assert error_of(response) == ("InvalidParameterException", text)
    assert "DeleteUserPool" not in emulator.calls


def test_pool_can_be_deleted_without_protection(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 24 (doc): after UpdateUserPool has turned it off."""
    emulator.pool["DeletionProtection"] = "ACTIVE"
    gateway.call("UpdateUserPool", DeletionProtection="INACTIVE")

    assert gateway.call("DeleteUserPool").status == 200


def test_trigger_that_never_fires_gives_a_warning(gateway: GatewayClient) -> None:
    """Our own rule: no setting is ignored silently."""
    config = {"CustomSMSSender": {"LambdaArn": "x"}, "PostConfirmation": "x"}

    response = gateway.call("UpdateUserPool", LambdaConfig=config)

    assert ("x-localaws-warning", "never fired here: CustomSMSSender") in response.headers
    assert "triggers that never fire here: CustomSMSSender" in gateway.router.journal[-1].notes
