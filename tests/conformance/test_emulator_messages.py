"""Messages with a code on a running local AWS: CustomMessage and the pool's own texts."""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from conformance_aws import AwsResources, unique_email
from conformance_pool import PoolUnderTest, error_of

MESSAGE_FUNCTION = """
def handler(event, context):
    metadata = event["request"].get("clientMetadata") or {}
    if metadata.get("behaviour") == "boom":
        raise ValueError("boom, said the function")
    request, source = event["request"], event["triggerSource"]
    text = f"{source} {request['usernameParameter']} {request['codeParameter']}"
    event["response"] = {"smsMessage": text, "emailMessage": text, "emailSubject": source}
    return event
"""


@pytest.fixture(scope="session")
def message_function(session_aws: AwsResources) -> str:
    return session_aws.create_function(MESSAGE_FUNCTION)


def create_pool(aws: AwsResources, arn: str) -> PoolUnderTest:
    pool = PoolUnderTest(aws, LambdaConfig={"CustomMessage": arn})
    aws.allow_invocation(arn, pool.document)
    return pool


def read_messages(aws: AwsResources, address: str) -> list[tuple[str, str]]:
    emails = [e for e in aws.read_inbox() if e["To"] == [address]]
    return [(str(e["Subject"]), str(e["BodyText"])) for e in emails]


def test_custom_messages(aws: AwsResources, message_function: str) -> None:
    """Line 43 (doc): sign-up, another code, and a forgotten password; each message is sent once."""
    pool, email = create_pool(aws, message_function), unique_email()

    pool.sign_up(email)
    aws.cognito.resend_confirmation_code(ClientId=pool.client_id, Username=email)
    pool.confirm(email)
    aws.cognito.forgot_password(ClientId=pool.client_id, Username=email)
    aws.cognito.admin_reset_user_password(UserPoolId=pool.id, Username=email)

    texts = [
        ("CustomMessage_SignUp", "CustomMessage_SignUp None 123456"),
        ("CustomMessage_ResendCode", "CustomMessage_ResendCode None 123456"),
        *[("CustomMessage_ForgotPassword", "CustomMessage_ForgotPassword None 654321")] * 2,
    ]
    assert read_messages(aws, email) == texts


def test_custom_invitation(aws: AwsResources, message_function: str) -> None:
    """Line 43 (doc): user name and temporary password in the text; the function's error rejects the call."""
    pool, email = create_pool(aws, message_function), unique_email()
    user: dict[str, Any] = {"UserPoolId": pool.id, "TemporaryPassword": "Temporary-1!"}

    with pytest.raises(ClientError) as exc_info:
        aws.cognito.admin_create_user(Username=email, ClientMetadata={"behaviour": "boom"}, **user)
    aws.cognito.admin_create_user(Username=email, **user)

    error = ("UserLambdaValidationException", "CustomMessage failed with error boom, said the function.")
    text = f"CustomMessage_AdminCreateUser {email} Temporary-1!"
    assert error_of(exc_info) == error
    assert read_messages(aws, email) == [("CustomMessage_AdminCreateUser", text)]


def test_texts_of_the_pool(aws: AwsResources) -> None:
    """Line 43 (doc): verification and invitation texts; an HTML text stays HTML."""
    invitation = {
        "EmailSubject": "Welcome",
        "EmailMessage": "{username}: {####}",
        "SMSMessage": "{username} {####}",
    }
    verification = {"EmailSubject": "Shop", "EmailMessage": "<p>{####}</p>", "SmsMessage": "Shop {####}"}
    pool = PoolUnderTest(
        aws,
        AdminCreateUserConfig={"InviteMessageTemplate": invitation},
        VerificationMessageTemplate=verification,
    )
    email, invited_email, phone = unique_email(), unique_email(), "+491701234599"

    pool.sign_up(email)
    aws.cognito.admin_create_user(
        UserPoolId=pool.id, Username=invited_email, TemporaryPassword="Temporary-1!"
    )
    pool.sign_up(phone)

    (html,) = [e["BodyHtml"] for e in aws.read_inbox() if e["To"] == [email]]
    text_messages = aws.get("/_ministack/sns/sms-messages")[1]
    assert html == "<p>123456</p>"
    assert read_messages(aws, invited_email) == [("Welcome", f"{invited_email}: Temporary-1!")]
    assert "Shop 123456" in str(text_messages)
