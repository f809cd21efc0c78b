"""Custom senders on a running local AWS: a function decrypts the code with the AWS Encryption SDK and IAM."""

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError
from conformance_aws import AwsResources, Recorder, unique_email
from conformance_pool import PoolUnderTest, error_of

SENDER = """
import base64, json
import botocore.session
from aws_encryption_sdk import CommitmentPolicy, EncryptionSDKClient, StrictAwsKmsMasterKeyProvider

SESSION = botocore.session.get_session()
CLIENT = EncryptionSDKClient(commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_ALLOW_DECRYPT)

def handler(event, context):
    keys = StrictAwsKmsMasterKeyProvider(key_ids=["@key@"], botocore_session=SESSION)
    code, header = CLIENT.decrypt(source=base64.b64decode(event["request"]["code"]), key_provider=keys)
    pool = header.encryption_context["userpool-id"]
    message = {"source": event["triggerSource"], "code": code.decode(), "pool": pool}
    SESSION.create_client("sqs").send_message(QueueUrl="@queue@", MessageBody=json.dumps(message))
    if (event["request"]["clientMetadata"] or {}).get("behaviour") == "boom":
        raise ValueError("boom, said the function")
"""
"""It sends the decrypted code to a queue, then does what the call's metadata requests."""


@pytest.fixture(scope="session")
def key_arn(session_aws: AwsResources) -> str:
    return str(session_aws.local_aws.client("kms").create_key()["KeyMetadata"]["Arn"])


@pytest.fixture(scope="session")
def sender(session_aws: AwsResources, key_arn: str) -> Recorder:
    return session_aws.create_recorder(
        SENDER.replace("@key@", key_arn), {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": key_arn}
    )


def create_pool(aws: AwsResources, sender: Recorder, key_arn: str) -> PoolUnderTest:
    function = {"LambdaArn": sender.arn, "LambdaVersion": "V1_0"}
    config = {"CustomSMSSender": function, "CustomEmailSender": function, "KMSKeyID": key_arn}
    pool = PoolUnderTest(aws, LambdaConfig=config)
    aws.allow_invocation(sender.arn, pool.document)
    return pool


def receive(sender: Recorder) -> dict[str, Any]:
    """Receive the next message of the function, which runs asynchronously."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        response = sender.sqs.receive_message(QueueUrl=sender.queue, WaitTimeSeconds=1)
        for message in response.get("Messages", []):
            sender.sqs.delete_message(QueueUrl=sender.queue, ReceiptHandle=message["ReceiptHandle"])
            return dict(json.loads(message["Body"]))
    raise AssertionError("the function received no event within 20 s")


def test_codes(aws: AwsResources, sender: Recorder, key_arn: str) -> None:
    """Line 48 (doc): the function needs the permission `kms:Decrypt`; Cognito sends nothing itself."""
    pool, number, email = create_pool(aws, sender, key_arn), "+491701234511", unique_email()

    pool.sign_up(number)
    by_sms = receive(sender)
    pool.confirm(number)
    pool.sign_up(email)
    by_email = receive(sender)
    user = {"UserPoolId": pool.id, "Username": "+491701234512", "TemporaryPassword": "Temporary-1!"}
    aws.cognito.admin_create_user(**user)
    invitation = receive(sender)

    assert by_sms == {"source": "CustomSMSSender_SignUp", "code": "123456", "pool": pool.id}
    assert by_email == {"source": "CustomEmailSender_SignUp", "code": "123456", "pool": pool.id}
    assert invitation == {
        "source": "CustomSMSSender_AdminCreateUser",
        "code": "Temporary-1!",
        "pool": pool.id,
    }
    assert aws.local_aws.sms_messages(number) == []
    assert [e for e in aws.read_inbox() if e["To"] == [email]] == []


@pytest.mark.long
def test_error_of_the_function_is_hidden(aws: AwsResources, sender: Recorder, key_arn: str) -> None:
    """Line 48 (doc): the sign-up succeeds, and Lambda invokes the function again."""
    pool = create_pool(aws, sender, key_arn)

    pool.sign_up("+491701234513", ClientMetadata={"behaviour": "boom"})

    sources = [receive(sender)["source"], receive(sender)["source"], receive(sender)["source"]]
    assert sources == ["CustomSMSSender_SignUp"] * 3


def test_disabled_key(aws: AwsResources, sender: Recorder) -> None:
    """Our own rule: AWS documents no error for a key that KMS can't use."""
    kms = aws.local_aws.client("kms")
    arn = kms.create_key()["KeyMetadata"]["Arn"]
    pool = create_pool(aws, sender, arn)
    kms.disable_key(KeyId=arn)

    with pytest.raises(ClientError) as exc_info:
        pool.sign_up("+491701234514")

    assert error_of(exc_info)[0] == "CodeDeliveryFailureException"


def test_caller_needs_permission_to_create_a_grant(aws: AwsResources, sender: Recorder, key_arn: str) -> None:
    """Line 49 (doc): the IAM user who gives a pool the key needs `kms:CreateGrant` for this pool."""
    pool = PoolUnderTest(aws)
    function = {"LambdaArn": sender.arn, "LambdaVersion": "V1_0"}
    config = {"CustomSMSSender": function, "KMSKeyID": key_arn}
    update = {"Effect": "Allow", "Action": "cognito-idp:*", "Resource": "*"}
    grant = {
        "Effect": "Allow",
        "Action": "kms:CreateGrant",
        "Resource": key_arn,
        "Condition": {"StringEquals": {"kms:EncryptionContext:userpool-id": pool.id}},
    }
    denied = aws.create_user_client("cognito-idp", {"Version": "2012-10-17", "Statement": [update]})
    allowed = aws.create_user_client("cognito-idp", {"Version": "2012-10-17", "Statement": [update, grant]})

    allowed.update_user_pool(UserPoolId=pool.id, LambdaConfig=config)
    with pytest.raises(ClientError) as update_error:
        denied.update_user_pool(UserPoolId=pool.id, LambdaConfig=config)
    with pytest.raises(ClientError) as creation_error:
        allowed.create_user_pool(PoolName="p", LambdaConfig=config)
    denied.update_user_pool(UserPoolId=pool.id, LambdaConfig={})

    code, message = error_of(update_error)
    assert code == "AccessDeniedException"
    assert message.endswith(f"is not authorized to perform: kms:CreateGrant on resource: {key_arn}")
    assert error_of(creation_error)[0] == "AccessDeniedException"


def test_sms_inbox_is_in_order_of_time(aws: AwsResources) -> None:
    """Line 32 (doc): codes by SMS, the oldest first, whichever number they were sent to."""
    pool, first, second = PoolUnderTest(aws), "+491701234522", "+491701234521"
    started_at = time.time()

    pool.sign_up(first)
    pool.sign_up(second)
    aws.cognito.resend_confirmation_code(ClientId=pool.client_id, Username=first)
    pool.confirm(first)
    aws.cognito.forgot_password(ClientId=pool.client_id, Username=first)

    messages = [m for m in aws.local_aws.sms_messages() if m.number in {first, second}]
    assert [(m.number, m.text[-6:]) for m in messages] == [
        (first, "123456"),
        (second, "123456"),
        (first, "123456"),
        (first, "654321"),
    ]
    times = [started_at, *(m.time for m in messages), time.time()]
    assert times == sorted(times)
    assert aws.local_aws.sms_messages(second) == [messages[1]]
