"""Steps after sign-up: the queue of a step, and the example that sends a welcome mail."""

import io
import json
import uuid
import zipfile
from pathlib import Path

import pytest
import requests
from userprofiles.library import ProfileManager
from userprofiles.library import connect as connect_library

pytestmark = pytest.mark.backends("embedded")

QUEUE = "aws:sqs/queue:Queue"
EXAMPLE = Path(__file__).parents[2] / "examples" / "welcome_mail"


@pytest.fixture
def create_user_as_admin(localaws, monkeypatch):
    """Return a function that creates a user in the pool and, with the library, in the table."""
    for name, value in localaws.environment({}).items():
        monkeypatch.setenv(name, value)

    def create(stack, template):
        email = f"{uuid.uuid4().hex}@example.com"
        user = stack.aws("cognito-idp").admin_create_user(
            UserPoolId=stack.outputs["userPoolId"],
            Username=email,
            MessageAction="SUPPRESS",
            UserAttributes=[
                {"Name": "email", "Value": email},
                {"Name": "email_verified", "Value": "true"},
            ],
        )["User"]
        client = connect_library(
            users_table=stack.outputs["usersTableName"],
            audit_table=stack.outputs["auditTableName"],
            user_pool_id=stack.outputs["userPoolId"],
            template=template,
            region=stack.region,
            endpoint_url=stack.endpoint,
        )
        [sub] = [entry["Value"] for entry in user["Attributes"] if entry["Name"] == "sub"]
        assert ProfileManager(client, testing_mode=False).create_profile_automatically(sub).success
        return email, sub

    return create


@pytest.fixture
def read_events(eventually):
    """Return a function that reads the messages of a queue until they contain all given users."""

    def read(stack, url, *subs):
        events = {}

        def find_events():
            for message in (
                stack.aws("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
            ):
                event = json.loads(message["Body"])
                events[event["sub"]] = event
            return set(subs) <= set(events)

        eventually(f"messages of {subs}", find_events, 30)
        return events

    return read


def is_empty(stack, url):
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = stack.aws("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return all(attributes[name] == "0" for name in names)


def test_queue_gets_users_who_sign_up_and_none_of_an_administrator(
    client, stack, create_user_as_admin, read_events
):
    """The stream is in the order of the writes: the later user arrives after the earlier one was left out."""
    _, admin_sub = create_user_as_admin(stack, "marketplace")
    user = client.create_confirmed_user()

    events = read_events(stack, stack.outputs["afterSignUpQueueUrls"]["steps"], user.sub)

    event_id = events[user.sub]["eventId"]
    assert events[user.sub] == {"eventId": event_id, "sub": user.sub, "createdBy": "sign_up"}
    assert event_id
    assert admin_sub not in events


def test_event_that_the_queue_does_not_accept_goes_to_the_dead_letter_queue(client, stack, deny, read_events):
    dead_letters = stack.get_resource_id(QUEUE, "after-sign-up-dead-letters")
    queue_arn = stack.outputs["afterSignUpQueueArns"]["steps"]
    deny("sqs:SendMessage", role="after-sign-up-reader", resource=queue_arn)

    user = client.create_confirmed_user()

    event = read_events(stack, dead_letters, user.sub)[user.sub]
    assert (event["target"], event["createdBy"]) == ("steps", "sign_up")


def test_invalid_record_raises_its_alarm_and_does_not_block_the_stream(
    client, stack, eventually, read_events
):
    table, key = stack.outputs["usersTableName"], {"PK": {"S": "OTHER#1"}, "SK": {"S": "ACCOUNT#MAIN"}}
    dynamodb, cloudwatch = stack.aws("dynamodb"), stack.aws("cloudwatch")
    alarm_name = stack.get_resource_id("aws:cloudwatch/metricAlarm:MetricAlarm", "after-sign-up-poison")
    dynamodb.put_item(TableName=table, Item={**key, "entityType": {"S": "USER_ACCOUNT"}})
    dynamodb.delete_item(TableName=table, Key=key)

    user = client.create_confirmed_user()

    def is_alarm_raised():
        [alarm] = cloudwatch.describe_alarms(AlarmNames=[alarm_name])["MetricAlarms"]
        return alarm["StateValue"] == "ALARM"

    assert user.sub in read_events(stack, stack.outputs["afterSignUpQueueUrls"]["steps"], user.sub)
    eventually("the alarm", is_alarm_raised)


@pytest.mark.long
def test_example_sends_one_welcome_mail(
    deploy_dev_stack, connect, eventually, create_user_as_admin, read_events
):
    """A user whom an administrator creates gets none, and a message that arrives again sends none."""
    stack = deploy_dev_stack(directory=EXAMPLE)
    queue_urls = stack.outputs["afterSignUpQueueUrls"]

    def subjects_to(address):
        inbox = requests.get(f"{stack.endpoint}/_ministack/ses/messages", timeout=5).json()["messages"]
        return [mail["Subject"] for sent in inbox.values() for mail in sent if address in mail["To"]]

    admin_email, admin_sub = create_user_as_admin(stack, "basic")
    user = connect(stack).create_confirmed_user()
    events = read_events(stack, queue_urls["crm"], user.sub, admin_sub)
    eventually("the welcome mail", lambda: "Welcome" in subjects_to(user.email), 30)
    [sent] = stack.aws("dynamodb").scan(TableName=stack.outputs["sentMailsTableName"])["Items"]
    assert events[user.sub]["eventId"] == sent["eventId"]["S"]
    assert events[admin_sub]["createdBy"] == "admin"

    stack.aws("sqs").send_message(
        QueueUrl=queue_urls["welcome-mail"], MessageBody=json.dumps(events[user.sub])
    )
    eventually("the end of the second delivery", lambda: is_empty(stack, queue_urls["welcome-mail"]), 30)
    assert subjects_to(user.email).count("Welcome") == 1
    assert subjects_to(admin_email) == []


FORWARD = b"""
import json, os, boto3

def handler(event, context):
    for message in event["Records"]:
        boto3.client("sqs").send_message(QueueUrl=os.environ["SEEN_USERS"], MessageBody=message["body"])
"""


@pytest.fixture
def function_of_a_team(localaws):
    """Create a function that another stack deployed before; return its ARN and the queue that it sends to."""
    iam, functions, sqs = (localaws.client(service) for service in ("iam", "lambda", "sqs"))
    queue_url = sqs.create_queue(QueueName="seen-users")["QueueUrl"]
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(
        RoleName="team",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )["Role"]["Arn"]
    queues = f"arn:aws:sqs:us-east-1:{localaws.account_id}"
    receive = {
        "Effect": "Allow",
        "Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
        "Resource": f"{queues}:userprofiles-after-sign-up-crm-queue-*",
    }
    send = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": f"{queues}:seen-users"}
    policy = {"Version": "2012-10-17", "Statement": [receive, send]}
    iam.put_role_policy(RoleName="team", PolicyName="team", PolicyDocument=json.dumps(policy))
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as writer:
        writer.writestr("forward.py", FORWARD)
    arn = functions.create_function(
        FunctionName="team",
        Runtime="python3.13",
        Handler="forward.handler",
        Role=role,
        Timeout=30,
        Code={"ZipFile": archive.getvalue()},
        Environment={"Variables": {"SEEN_USERS": queue_url}},
    )["FunctionArn"]
    yield arn, queue_url
    functions.delete_function(FunctionName="team")
    iam.delete_role_policy(RoleName="team", PolicyName="team")
    iam.delete_role(RoleName="team")
    sqs.delete_queue(QueueUrl=queue_url)


@pytest.mark.long
def test_function_of_another_stack_receives_new_users(
    deploy_dev_stack, connect, function_of_a_team, read_events
):
    """Its policy names the queue by the beginning of its name, because the function exists before."""
    arn, queue_url = function_of_a_team
    steps = [{"name": "crm", "functionArn": arn}]
    stack = deploy_dev_stack({"pulumi-userprofiles:afterSignUp": json.dumps(steps)})

    user = connect(stack).create_confirmed_user()

    assert user.sub in read_events(stack, queue_url, user.sub)
