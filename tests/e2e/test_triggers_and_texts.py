"""A stack with a function of its own for a trigger, and with texts of messages in German."""

import io
import json
import zipfile

import pytest
import requests
from botocore.exceptions import ClientError

pytestmark = [pytest.mark.backends("embedded"), pytest.mark.long]

REFUSE = b"""
def handler(event, context):
    if event["request"]["userAttributes"].get("name") == "Blocked":
        raise PermissionError("Please contact the support")
    return event
"""


@pytest.fixture
def function_arn(localaws):
    """Create a function that another team deploys, and return its ARN."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as writer:
        writer.writestr("check.py", REFUSE)
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    roles, functions = localaws.client("iam"), localaws.client("lambda")
    role = roles.create_role(
        RoleName="check-sign-in",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )["Role"]["Arn"]
    yield functions.create_function(
        FunctionName="check-sign-in",
        Runtime="python3.13",
        Handler="check.handler",
        Role=role,
        Code={"ZipFile": archive.getvalue()},
    )["FunctionArn"]
    functions.delete_function(FunctionName="check-sign-in")
    roles.delete_role(RoleName="check-sign-in")


def mails_to(client, address):
    inbox = requests.get(f"{client.endpoint}/_ministack/ses/messages", timeout=5).json()["messages"]
    return [json.dumps(mail) for mails in inbox.values() for mail in mails if address in str(mail)]


def test_own_trigger_and_texts_take_effect(deploy_dev_stack, connect, eventually, function_arn):
    stack = deploy_dev_stack(
        {
            "pulumi-userprofiles:triggers": json.dumps({"pre_authentication": function_arn}),
            "pulumi-userprofiles:texts": json.dumps(
                {"verificationEmailMessage": "Welcome. Your code is {####}."}
            ),
            "pulumi-userprofiles:textsByLanguage": json.dumps(
                {"de": {"verificationEmailMessage": "Willkommen. Ihr Code ist {####}."}}
            ),
            "pulumi-userprofiles:emailFrom": json.dumps(
                {
                    "identityArn": "arn:aws:ses:us-east-1:000000000000:identity/example.com",
                    "address": "no-reply@example.com",
                }
            ),
        }
    )
    client = connect(stack)
    german = client.create_confirmed_user(locale="de-CH", name="Blocked")
    english = client.create_confirmed_user(locale="en")

    [german_mail] = mails_to(client, german.email)
    [english_mail] = mails_to(client, english.email)
    assert "Willkommen. Ihr Code ist " in german_mail
    assert "Welcome. Your code is " in english_mail
    assert client.sign_in(english)["AccessToken"]
    with pytest.raises(ClientError) as refusal:
        client.sign_in(german)
    assert "Please contact the support" in refusal.value.response["Error"]["Message"]
