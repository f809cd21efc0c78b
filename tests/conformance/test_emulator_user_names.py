"""User names in any case on a running local AWS, with real clients."""

import base64
import hashlib
import hmac
from typing import Any

import pytest
from botocore import UNSIGNED
from botocore.config import Config
from conformance_aws import PASSWORD, AwsResources, unique_email
from conformance_pool import PoolUnderTest
from pycognito.aws_srp import AWSSRP


@pytest.mark.parametrize("spelling", [str.lower, str.upper, str])
@pytest.mark.sample(3)
def test_srp_sign_in_in_any_case(aws: AwsResources, spelling: Any) -> None:
    """Lines 23 and 29 (doc): SRP with a third-party client."""
    pool, email = PoolUnderTest(aws), unique_email()
    pool.sign_up_and_confirm(email)
    client = aws.local_aws.client("cognito-idp", config=Config(signature_version=UNSIGNED))
    srp = AWSSRP(
        username=spelling(email),
        password=PASSWORD,
        pool_id=pool.id,
        client_id=pool.client_id,
        client=client,
    )

    tokens = srp.authenticate_user()

    assert "AccessToken" in tokens["AuthenticationResult"]


def test_secret_hash_in_another_case(aws: AwsResources) -> None:
    """Line 23 (doc): a client with a secret hashes the name in its call."""
    pool, email = PoolUnderTest(aws), unique_email()
    client = aws.cognito.create_user_pool_client(
        UserPoolId=pool.id,
        ClientName="s",
        GenerateSecret=True,
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"],
    )["UserPoolClient"]
    pool.sign_up_and_confirm(email)
    name = email.lower()
    parameters = {"USERNAME": name, "PASSWORD": PASSWORD, "SECRET_HASH": compute_secret_hash(client, name)}

    response = aws.cognito.initiate_auth(
        ClientId=client["ClientId"], AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters
    )

    assert "AccessToken" in response["AuthenticationResult"]


def compute_secret_hash(client: dict[str, Any], name: str) -> str:
    message = (name + client["ClientId"]).encode()
    return base64.b64encode(
        hmac.new(client["ClientSecret"].encode(), message, hashlib.sha256).digest()
    ).decode()
