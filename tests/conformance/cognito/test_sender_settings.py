"""Settings of custom senders that are rejected when a pool is created or changed."""

from typing import Any

import pytest
from conformance_fake_cognito import FUNCTION
from conformance_fake_emulator import FakeEmulator
from conformance_gateway import GatewayClient, error_of
from conformance_secrets import KEY

SENDER = {"LambdaArn": FUNCTION, "LambdaVersion": "V1_0"}


def write_pool(gateway: GatewayClient, action: str = "UpdateUserPool", **config: Any) -> Any:
    return gateway.call(action, LambdaConfig=config)


@pytest.mark.parametrize("action", ["CreateUserPool", "UpdateUserPool"])
def test_usable_key(gateway: GatewayClient, action: str) -> None:
    """Line 49 (doc): both senders and a symmetric key."""
    response = write_pool(gateway, action, CustomSMSSender=SENDER, CustomEmailSender=SENDER, KMSKeyID=KEY)

    assert response.status == 200
    assert "x-localaws-warning" not in {name for name, _ in response.headers}


@pytest.mark.parametrize("sender", ["CustomSMSSender", "CustomEmailSender"])
def test_missing_key(gateway: GatewayClient, emulator: FakeEmulator, sender: str) -> None:
    """Line 49 (doc): KMSKeyID is required; the text is our own."""
    response = write_pool(gateway, **{sender: SENDER})

    assert error_of(response) == ("InvalidParameterException", f"{sender} requires KMSKeyID.")
    assert "UpdateUserPool" not in emulator.calls


def test_key_must_be_an_arn(gateway: GatewayClient) -> None:
    """Line 49 (seen in issue 44 of awsdocs/amazon-cognito-developer-guide)."""
    code, message = error_of(write_pool(gateway, CustomSMSSender=SENDER, KMSKeyID="alias/codes"))

    assert code == "InvalidParameterException"
    assert "Value 'alias/codes' at 'lambdaConfig.kMSKeyID' failed to satisfy constraint" in message


def test_version_is_required(gateway: GatewayClient) -> None:
    """Line 49 (seen in aws-cdk#15863)."""
    response = write_pool(gateway, CustomEmailSender={"LambdaArn": FUNCTION}, KMSKeyID=KEY)

    text = (
        "1 validation error detected: Value null at 'lambdaConfig.customEmailSender.lambdaVersion' failed to"
        " satisfy constraint: Member must not be null"
    )
    assert error_of(response) == ("InvalidParameterException", text)


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ({"KeySpec": "RSA_2048"}, "it is not a symmetric encryption key"),
        ({"KeyState": "PendingDeletion"}, "its state is PendingDeletion"),
    ],
)
def test_unusable_key(
    gateway: GatewayClient, emulator: FakeEmulator, metadata: dict[str, str], reason: str
) -> None:
    """Line 49 (doc): a symmetric key, for which a grant can be created; the text is our own."""
    emulator.key_metadata |= metadata

    response = write_pool(gateway, CustomSMSSender=SENDER, KMSKeyID=KEY)

    assert error_of(response) == ("InvalidParameterException", f"The KMS key {KEY} can't be used: {reason}.")


def test_unknown_key(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Our own rule: AWS documents no text."""
    emulator.kms_error_code = "NotFoundException"

    response = write_pool(gateway, CustomSMSSender=SENDER, KMSKeyID=KEY)

    expected = f"The KMS key {KEY} can't be used: NotFoundException."
    assert error_of(response) == ("InvalidParameterException", expected)


def test_pool_without_senders_needs_no_key(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Our own rule: no call of KMS for other pools."""
    write_pool(gateway, PostConfirmation=FUNCTION)

    assert "DescribeKey" not in emulator.calls
