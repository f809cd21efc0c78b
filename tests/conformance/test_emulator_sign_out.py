"""The sign-out of a user by an administrator on a running local AWS."""

import pytest
from botocore.exceptions import ClientError
from conformance_aws import AwsResources, unique_email
from conformance_pool import PoolUnderTest, error_of


@pytest.mark.long
def test_signed_out_user_has_no_valid_refresh_token_and_can_sign_in_again(aws: AwsResources) -> None:
    """Line 44 (doc): both kinds of tokens are revoked for Cognito, and the user stays enabled."""
    pool, email = PoolUnderTest(aws), unique_email()
    pool.sign_up_and_confirm(email)
    tokens = pool.sign_in(email)

    aws.cognito.admin_user_global_sign_out(UserPoolId=pool.id, Username=email)

    with pytest.raises(ClientError) as refresh:
        aws.cognito.get_tokens_from_refresh_token(
            ClientId=pool.client_id, RefreshToken=tokens["RefreshToken"]
        )
    assert error_of(refresh)[0] == "NotAuthorizedException"
    with pytest.raises(ClientError) as read:
        aws.cognito.get_user(AccessToken=tokens["AccessToken"])
    assert error_of(read) == ("NotAuthorizedException", "Access Token has been revoked")
    assert aws.cognito.get_user(AccessToken=pool.sign_in(email)["AccessToken"])["Username"]
    assert aws.cognito.admin_get_user(UserPoolId=pool.id, Username=email)["Enabled"]
