"""Steps after sign-up, with the example that sends a welcome mail."""

import json
import uuid
from pathlib import Path

import pytest
import requests
from userprofiles.library import ProfileManager
from userprofiles.library import connect as connect_library

pytestmark = pytest.mark.backends("embedded")


EXAMPLE = Path(__file__).parents[2] / "examples" / "welcome_mail"


@pytest.fixture(scope="module")
def mail_stack(deploy_dev_stack):
    return deploy_dev_stack(directory=EXAMPLE)


@pytest.fixture
def mails(mail_stack):
    """Return a function that returns the subjects of all mails to an address."""

    def read(address):
        inbox = requests.get(f"{mail_stack.endpoint}/_ministack/ses/messages", timeout=5).json()["messages"]
        return [mail["Subject"] for sent in inbox.values() for mail in sent if address in mail["To"]]

    return read


@pytest.fixture
def create_user_as_admin(mail_stack, localaws, monkeypatch):
    """Return a function that creates a user in the pool and, with the library, in the table."""
    for name, value in localaws.environment({}).items():
        monkeypatch.setenv(name, value)

    def create():
        email = f"{uuid.uuid4().hex}@example.com"
        user = mail_stack.aws("cognito-idp").admin_create_user(
            UserPoolId=mail_stack.outputs["userPoolId"],
            Username=email,
            MessageAction="SUPPRESS",
            UserAttributes=[
                {"Name": "email", "Value": email},
                {"Name": "email_verified", "Value": "true"},
            ],
        )["User"]
        client = connect_library(
            users_table=mail_stack.outputs["usersTableName"],
            audit_table=mail_stack.outputs["auditTableName"],
            user_pool_id=mail_stack.outputs["userPoolId"],
            template="basic",
            region=mail_stack.region,
            endpoint_url=mail_stack.endpoint,
        )
        [sub] = [entry["Value"] for entry in user["Attributes"] if entry["Name"] == "sub"]
        assert ProfileManager(client, testing_mode=False).create_profile_automatically(sub).success
        return email, sub

    return create


def receive(stack, url):
    return [
        json.loads(message["Body"])
        for message in stack.aws("sqs")
        .receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        .get("Messages", [])
    ]


def is_empty(stack, url):
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = stack.aws("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return all(attributes[name] == "0" for name in names)


def test_user_who_signs_up_gets_one_welcome_mail(
    mail_stack, connect, eventually, mails, create_user_as_admin
):
    """A user whom an administrator creates gets none, and the message that arrives again sends none."""
    admin_email, admin_sub = create_user_as_admin()
    user = connect(mail_stack).create_confirmed_user()
    queue_urls = mail_stack.outputs["afterSignUpQueueUrls"]
    events = []

    def find_events():
        events.extend(receive(mail_stack, queue_urls["crm"]))
        return {user.sub, admin_sub} <= {event["sub"] for event in events} and events

    eventually("both users in the queue of the second step", find_events, 30)
    eventually("the welcome mail", lambda: "Welcome" in mails(user.email), 30)
    [sent] = mail_stack.aws("dynamodb").scan(TableName=mail_stack.outputs["sentMailsTableName"])["Items"]
    by_sub = {event["sub"]: event for event in events}
    assert by_sub[user.sub] == {"eventId": sent["eventId"]["S"], "sub": user.sub, "createdBy": "sign_up"}
    assert by_sub[admin_sub]["createdBy"] == "admin"

    mail_stack.aws("sqs").send_message(
        QueueUrl=queue_urls["welcome-mail"], MessageBody=json.dumps(by_sub[user.sub])
    )
    eventually("the end of the second delivery", lambda: is_empty(mail_stack, queue_urls["welcome-mail"]), 30)
    assert mails(user.email).count("Welcome") == 1
    assert mails(admin_email) == []
