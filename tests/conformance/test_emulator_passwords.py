"""Temporary passwords on a running local AWS."""

import pytest
from botocore.exceptions import ClientError
from conformance_aws import AwsResources, unique_email
from conformance_pool import PoolUnderTest, error_of


def test_generated_temporary_password_meets_the_policy(aws: AwsResources) -> None:
    """Our own rule: AdminCreateUser without a password works in a pool that requires long passwords."""
    policies = {"PasswordPolicy": {"MinimumLength": 20, "RequireSymbols": True}}
    pool, email = PoolUnderTest(aws, Policies=policies), unique_email()

    aws.cognito.admin_create_user(UserPoolId=pool.id, Username=email)
    with pytest.raises(ClientError) as exc_info:
        aws.cognito.admin_create_user(UserPoolId=pool.id, Username=unique_email(), TemporaryPassword="short")

    assert (
        pool.describe_user(email)["status"],
        error_of(exc_info)[0],
    ) == ("FORCE_CHANGE_PASSWORD", "InvalidPasswordException")
