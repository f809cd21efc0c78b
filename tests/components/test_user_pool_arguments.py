"""Arguments of the user pool that Cognito combines: second factor, recovery, text messages, rotation."""

from typing import Any

import pytest
from component_recording import Recording, record
from pulumi_userprofiles import UserPool
from pulumi_userprofiles.user_pool_mfa import RECOVERY_WARNING, SMS_MFA_WARNING


def pool(**args: Any) -> Recording:
    return record(lambda: UserPool("pool", args))  # type: ignore[arg-type]


def test_rotation_is_not_sent_to_a_pool_whose_plan_lacks_it() -> None:
    """Cognito may reject it with FeatureUnavailableInTierException, even if it is off."""
    inputs = pool(tier="LITE").resource("pool-client").inputs

    assert "refreshTokenRotation" not in inputs


def test_further_clients_have_the_settings_of_the_first() -> None:
    recording = pool(further_clients=["admin-web"], access_token_minutes=5)

    first, further = (recording.resource(name) for name in ("pool-client", "pool-client-admin-web"))
    assert further.inputs == first.inputs
    assert further.inputs["accessTokenValidity"] == 5


def test_rotation_that_is_off_is_sent_in_full() -> None:
    """A client that had rotation before keeps it without the block, and the provider fails without the 0."""
    inputs = pool(refresh_token_rotation=False).resource("pool-client").inputs

    assert inputs["explicitAuthFlows"] == ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    assert inputs["refreshTokenRotation"] == {"feature": "DISABLED", "retryGracePeriodSeconds": 0}


@pytest.mark.parametrize(
    ("region", "args", "sns_region"),
    [
        ("eu-central-1", {}, "eu-central-1"),
        ("ap-northeast-2", {}, "ap-northeast-1"),
        ("ca-central-1", {"sns_region": "us-east-1"}, "us-east-1"),
    ],
)
def test_text_messages_are_sent_from_the_pools_region(
    region: str, args: dict[str, Any], sns_region: str
) -> None:
    """Without a region, Cognito sends from a legacy region, which has its own sandbox and spend limit."""
    recording = record(lambda: UserPool("pool", args), region=region)  # type: ignore[arg-type]

    assert recording.resource("pool-pool").inputs["smsConfiguration"]["snsRegion"] == sns_region


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ({}, ["verified_email"]),
        ({"mfa": "ON"}, ["verified_email"]),
        ({"mfa": "OFF"}, ["verified_email", "verified_phone_number"]),
        ({"mfa": "OFF", "username_attributes": ["email"]}, ["verified_email"]),
        ({"username_attributes": ["phone_number"]}, ["verified_email"]),
        (
            {"account_recovery": ["verified_phone_number", "verified_email"]},
            ["verified_phone_number", "verified_email"],
        ),
    ],
)
def test_recovery_is_by_email_wherever_text_messages_can_be_a_second_factor(
    args: dict[str, Any], expected: list[str]
) -> None:
    """Cognito refuses recovery by phone with SMS MFA; an explicit value with OPTIONAL is sent."""
    mechanisms = pool(**args).resource("pool-pool").inputs["accountRecoverySetting"]["recoveryMechanisms"]

    assert [item["name"] for item in mechanisms] == expected
    assert [item["priority"] for item in mechanisms] == list(range(1, len(expected) + 1))


@pytest.mark.parametrize(
    ("args", "warnings"),
    [
        ({}, [SMS_MFA_WARNING, RECOVERY_WARNING]),
        ({"mfa_methods": ["text_message", "authenticator_app"]}, [RECOVERY_WARNING]),
        ({"account_recovery": ["verified_email"]}, [SMS_MFA_WARNING]),
        ({"mfa": "OFF"}, []),
        ({"protect": False}, []),
        ({"username_attributes": ["email"], "mfa_methods": ["authenticator_app"]}, []),
    ],
)
def test_text_messages_as_a_second_factor_are_explicit_or_warned_of(
    args: dict[str, Any], warnings: list[str]
) -> None:
    messages = pool(**args).messages

    assert [message for message in messages if message in {SMS_MFA_WARNING, RECOVERY_WARNING}] == warnings
