"""Deployments of phone sign-in with other settings: Cognito's own codes, and Twilio."""

import json
import random
import re

import pytest
from botocore.exceptions import ClientError

pytestmark = [pytest.mark.backends("embedded"), pytest.mark.long]


@pytest.fixture
def read_codes(localaws, eventually):
    """Return a function that waits for a number of text messages, and returns their codes."""

    def read(number, count):
        messages = eventually(
            f"{count} messages", lambda: len(texts := localaws.sms_messages(number)) >= count and texts, 30
        )
        assert len(messages) == count
        return [re.search(r"\b\d{6}\b", message.text)[0] for message in messages]

    return read


@pytest.fixture
def twilio_secret_arn(localaws):
    """Return the ARN of a secret with the credentials of Twilio."""
    secrets = localaws.client("secretsmanager")
    credentials = {"accountSid": f"AC{'0' * 32}", "secret": "0" * 32}
    arn = secrets.create_secret(Name="twilio", SecretString=json.dumps(credentials))["ARN"]
    yield arn
    secrets.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)


def test_code_of_cognito_takes_the_same_way_as_ours(deploy_dev_stack, connect, read_codes):
    """The trigger decrypts it and queues it, and the sender sends it once."""
    stack = deploy_dev_stack({"pulumi-userprofiles:phoneSignIn": "{}"})
    client = connect(stack)
    number = f"+1415{random.randint(2_000_000, 9_999_999)}"
    user = client.sign_up(number)

    client.confirm(user, *read_codes(number, 1))

    session = client.start_code_sign_in(number)
    [_, code] = read_codes(number, 2)
    assert "AccessToken" in client.answer_code(number, session, code)["AuthenticationResult"]


def test_stack_with_twilio_and_choice_of_factors_can_be_deployed(
    deploy_dev_stack, connect, twilio_secret_arn
):
    """The local AWS stores the factors. It does not have the sign-in, and says so."""
    settings = {"provider": "twilio", "twilioSecretArn": twilio_secret_arn, "twilioFrom": "+14155550100"}

    stack = deploy_dev_stack(
        {
            "pulumi-userprofiles:phoneSignIn": json.dumps(settings),
            "pulumi-userprofiles:firstAuthFactors": '["PASSWORD", "SMS_OTP"]',
        }
    )

    functions = stack.aws("lambda")
    name = stack.get_resource_id("aws:lambda/function:Function", "phone-sender")
    variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    assert (variables["SMS_PROVIDER"], variables["TWILIO_SECRET_ID"]) == ("twilio", twilio_secret_arn)
    retries = functions.get_function_event_invoke_config(
        FunctionName=stack.get_resource_id("aws:lambda/function:Function", "cognito-codes"), Qualifier="live"
    )
    assert (retries["MaximumEventAgeInSeconds"], retries["MaximumRetryAttempts"]) == (180, 2)
    key_id = stack.get_resource_id("aws:kms/key:Key", "code-key")
    key = stack.aws("kms").describe_key(KeyId=key_id)["KeyMetadata"]
    assert (key["KeySpec"], key["KeyUsage"]) == ("HMAC_256", "GENERATE_VERIFY_MAC")
    client = connect(stack)
    pool = stack.aws("cognito-idp").describe_user_pool(UserPoolId=client.pool_id)["UserPool"]
    assert pool["Policies"]["SignInPolicy"] == {"AllowedFirstAuthFactors": ["PASSWORD", "SMS_OTP"]}
    with pytest.raises(ClientError, match="does not support choice-based sign-in"):
        client.idp.initiate_auth(
            ClientId=client.app_client_id,
            AuthFlow="USER_AUTH",
            AuthParameters={"USERNAME": "+14155550123", "PREFERRED_CHALLENGE": "SMS_OTP"},
        )
