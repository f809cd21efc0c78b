"""Choice-based sign-in: the pool's policy, the clients' flow, and what Cognito excludes."""

from typing import Any

import pytest
from component_programs import SES_IDENTITY
from component_recording import Recording, record
from pulumi_userprofiles import InvalidArgumentError, UserPool

EMAIL_FROM = {"identity_arn": SES_IDENTITY, "address": "no-reply@example.com"}


def pool(**args: Any) -> Recording:
    return record(lambda: UserPool("pool", args))  # type: ignore[arg-type]


def test_clients_can_ask_for_the_factors_of_a_user() -> None:
    factors = ["PASSWORD", "EMAIL_OTP", "SMS_OTP"]

    recording = pool(first_auth_factors=factors, email_from=EMAIL_FROM, further_clients=["admin-web"])

    assert recording.resource("pool-pool").inputs["signInPolicy"] == {"allowedFirstAuthFactors": factors}
    for client in ("pool-client", "pool-client-admin-web"):
        assert recording.resource(client).inputs["explicitAuthFlows"] == [
            *("ALLOW_USER_SRP_AUTH", "ALLOW_USER_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"),
        ]


def test_flow_that_is_listed_is_sent_once() -> None:
    recording = pool(first_auth_factors=["PASSWORD"], auth_flows=["ALLOW_USER_AUTH"])

    flows = recording.resource("pool-client").inputs["explicitAuthFlows"]
    assert flows == ["ALLOW_USER_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]


def test_password_alone_is_allowed_with_a_second_factor_for_all_users() -> None:
    recording = pool(first_auth_factors=["PASSWORD"], mfa="ON")

    assert recording.resource("pool-pool").inputs["signInPolicy"] == {"allowedFirstAuthFactors": ["PASSWORD"]}


def test_without_the_argument_there_is_no_policy_and_no_flow() -> None:
    recording = pool()

    assert "signInPolicy" not in recording.resource("pool-pool").inputs
    assert "ALLOW_USER_AUTH" not in recording.resource("pool-client").inputs["explicitAuthFlows"]


@pytest.mark.parametrize(
    ("args", "parts"),
    [
        (
            {"first_auth_factors": ["EMAIL_OTP"], "email_from": EMAIL_FROM},
            ["must contain PASSWORD", "Got ['EMAIL_OTP']", "Add PASSWORD"],
        ),
        ({"first_auth_factors": ["WEB_AUTHN"]}, ["'WEB_AUTHN'", "PASSWORD, EMAIL_OTP, SMS_OTP"]),
        ({"first_auth_factors": []}, ["'first_auth_factors' is empty"]),
        (
            {"first_auth_factors": ["PASSWORD"], "tier": "LITE"},
            ["feature plan LITE", "ESSENTIALS or PLUS", "Choose another tier"],
        ),
        (
            {"first_auth_factors": ["PASSWORD", "SMS_OTP"], "mfa": "ON"},
            ["cannot contain SMS_OTP", "'mfa' is ON", "Set 'mfa' to OPTIONAL or OFF"],
        ),
        (
            {"first_auth_factors": ["PASSWORD", "EMAIL_OTP"]},
            ["cannot contain EMAIL_OTP", "Amazon SES", "Set 'email_from'"],
        ),
        (
            {"first_auth_factors": ["PASSWORD", "SMS_OTP"], "username_attributes": ["email"]},
            ["cannot contain SMS_OTP", "phone_number in 'username_attributes'", "a change replaces the pool"],
        ),
        (
            {
                "first_auth_factors": ["PASSWORD", "EMAIL_OTP"],
                "username_attributes": ["phone_number"],
                "email_from": EMAIL_FROM,
            },
            ["cannot contain EMAIL_OTP", "email in 'username_attributes'"],
        ),
    ],
)
def test_excluded_factor_is_refused(args: dict[str, Any], parts: list[str]) -> None:
    with pytest.raises(InvalidArgumentError) as error:
        pool(**args)

    message = str(error.value)
    assert [part for part in [*parts, "Got ", "allowed: "] if part not in message] == [], message
