"""Permissions on a running local AWS: PartiQL, SQS batches, HTTP APIs, tokens and deletion protection."""

import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError
from conformance_aws import AwsResources
from conformance_pool import error_of


def test_partiql_is_authorized_by_awss_actions(aws: AwsResources) -> None:
    """Line 28 (doc): an IAM user with PartiQLInsert on one table; a wrong secret key is rejected."""
    dynamodb, table_names = aws.local_aws.client("dynamodb"), [f"t-{uuid.uuid4().hex[:8]}" for _ in range(2)]
    for name in table_names:
        dynamodb.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "PK", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
    arn = f"arn:aws:dynamodb:{aws.region}:{aws.local_aws.account_id}:table/{table_names[0]}"
    statement = {"Effect": "Allow", "Action": "dynamodb:PartiQLInsert", "Resource": arn}
    user = aws.create_user_client("dynamodb", {"Version": "2012-10-17", "Statement": [statement]})

    def insert(client: Any, table: str) -> Any:
        text = f"INSERT INTO \"{table}\" VALUE {{'PK': ?}}"
        return client.batch_execute_statement(Statements=[{"Statement": text, "Parameters": [{"S": "a"}]}])

    first, again = insert(user, table_names[0]), insert(user, table_names[0])
    with pytest.raises(ClientError) as denial:
        insert(user, table_names[1])
    forger = aws.local_aws.client(
        "dynamodb",
        aws_access_key_id=user._request_signer._credentials.access_key,
        aws_secret_access_key="wrong",
    )
    with pytest.raises(ClientError) as signature_error:
        insert(forger, table_names[0])

    assert "Error" not in first["Responses"][0]
    assert again["Responses"][0]["Error"]["Code"] == "DuplicateItem"
    assert error_of(denial)[0] == "AccessDeniedException"
    assert "dynamodb:PartiQLInsert on resource" in error_of(denial)[1]
    assert error_of(signature_error)[0] == "InvalidSignatureException"


def test_batch_of_messages_is_authorized_by_the_action_for_one_message(aws: AwsResources) -> None:
    """Line 28 (doc): IAM has no actions for batches, and SendMessage is not enough to delete messages."""
    name = f"q-{uuid.uuid4().hex[:8]}"
    url = aws.local_aws.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    arn = f"arn:aws:sqs:{aws.region}:{aws.local_aws.account_id}:{name}"
    statement = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn}
    user = aws.create_user_client("sqs", {"Version": "2012-10-17", "Statement": [statement]})

    sent = user.send_message_batch(QueueUrl=url, Entries=[{"Id": "a", "MessageBody": "a"}])
    with pytest.raises(ClientError) as denial:
        user.delete_message_batch(QueueUrl=url, Entries=[{"Id": "a", "ReceiptHandle": "a"}])

    assert [entry["Id"] for entry in sent["Successful"]] == ["a"]
    assert "is not authorized to perform: sqs:DeleteMessage " in error_of(denial)[1]
    assert error_of(denial)[0] == "AccessDenied"


def test_denied_arns_of_sns_leave_text_messages(aws: AwsResources) -> None:
    """Line 28 (seen): the resource of a text message is the phone number, which is not an ARN."""
    topic_arn = aws.local_aws.client("sns").create_topic(Name=f"t-{uuid.uuid4().hex[:8]}")["TopicArn"]
    statements = [
        {"Effect": "Allow", "Action": "sns:Publish", "Resource": "*"},
        {"Effect": "Deny", "Action": "sns:Publish", "Resource": "arn:aws:sns:*:*:*"},
    ]
    user = aws.create_user_client("sns", {"Version": "2012-10-17", "Statement": statements})

    sent = user.publish(PhoneNumber="+14155550123", Message="a")
    with pytest.raises(ClientError) as denial:
        user.publish(TopicArn=topic_arn, Message="a")

    assert sent["MessageId"]
    assert error_of(denial)[0] == "AuthorizationError"


@pytest.mark.parametrize("is_allowed", [True, False])
def test_email_is_authorized_on_the_identity_of_its_sender(aws: AwsResources, is_allowed: bool) -> None:
    """Line 28 (doc): the identity is a domain here."""
    domain = f"{uuid.uuid4().hex[:8]}.example.org"
    aws.local_aws.client("sesv2").create_email_identity(EmailIdentity=domain)
    arn = f"arn:aws:ses:{aws.region}:{aws.local_aws.account_id}:identity/{'' if is_allowed else 'x.'}{domain}"
    statement = {"Effect": "Allow", "Action": "ses:SendEmail", "Resource": arn}
    user = aws.create_user_client("sesv2", {"Version": "2012-10-17", "Statement": [statement]})

    def send() -> Any:
        return user.send_email(
            FromEmailAddress=f"Shop <a@{domain}>",
            Destination={"ToAddresses": ["b@example.com"]},
            Content={"Simple": {"Subject": {"Data": "a"}, "Body": {"Text": {"Data": "a"}}}},
        )

    if is_allowed:
        assert send()["MessageId"]
    else:
        with pytest.raises(ClientError) as denial:
            send()
        assert "is not authorized to perform: ses:SendEmail" in error_of(denial)[1]


API_FUNCTION = """
def handler(event, context):
    return {"statusCode": 200, "body": '{"ok": true}'}
"""


def test_api_needs_an_invoke_permission(aws: AwsResources) -> None:
    """Line 28 (doc): a permission takes effect immediately, also when it is removed."""
    gateway, function = aws.local_aws.client("apigatewayv2"), aws.create_function(API_FUNCTION)
    api = gateway.create_api(Name="a", ProtocolType="HTTP")["ApiId"]
    integration = gateway.create_integration(
        ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=function, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    gateway.create_route(ApiId=api, RouteKey="GET /me", Target=f"integrations/{integration}")
    gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    path, name = f"/_aws/execute-api/{api}/me", function.split(":")[-2]
    source = f"arn:aws:execute-api:{aws.region}:{aws.local_aws.account_id}:{api}/*/GET/me"

    before = aws.get(path)
    aws.lambda_.add_permission(
        FunctionName=name,
        Qualifier="live",
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=source,
    )
    allowed = aws.get(path)
    aws.lambda_.remove_permission(FunctionName=name, Qualifier="live", StatementId="api")
    after = aws.get(path)

    assert [before, allowed] == [(500, {"message": "Internal Server Error"}), (200, {"ok": True})]
    assert before == after
