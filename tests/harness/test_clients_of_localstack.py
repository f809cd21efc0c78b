"""A running local AWS with clients of LocalStack, stopped state machines and failing stream functions."""

import io
import json
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from pulumi_localaws.local_aws import LocalAws

pytestmark = [pytest.mark.backends("embedded"), pytest.mark.long]

CODE = """
import time

def answer(event, context):
    if event.get("seconds"):
        time.sleep(event["seconds"])
    return {"statusCode": 200, "body": "ok"}

def fail_for_poison(event, context):
    names = [record["dynamodb"]["Keys"]["id"]["S"] for record in event["Records"]]
    print("batch", names)
    if "poison" in names:
        raise ValueError("poison")
"""
ALL_RIGHTS = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws() as aws:
        yield aws


@pytest.fixture(scope="module")
def role(aws: LocalAws) -> str:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": f"{name}.amazonaws.com"}, "Action": "sts:AssumeRole"}
            for name in ("lambda", "states")
        ],
    }
    iam = aws.client("iam")
    arn = iam.create_role(RoleName="all", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName="all", PolicyName="all", PolicyDocument=json.dumps(ALL_RIGHTS))
    return str(arn)


@pytest.fixture(scope="module")
def create_function(aws: LocalAws, role: str) -> Callable[[str, str], str]:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("main.py", CODE)

    def create(name: str, handler: str) -> str:
        function = aws.client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.11",
            Role=role,
            Handler=f"main.{handler}",
            Code={"ZipFile": content.getvalue()},
            Timeout=30,
        )
        return str(function["FunctionArn"])

    return create


@pytest.fixture(scope="module")
def function(create_function: Callable[[str, str], str]) -> str:
    return create_function("answer", "answer")


def wait_for(read: Callable[[], Any], timeout_polls: int = 300) -> Any:
    """Return the first value that is true; each call of the emulator takes some milliseconds."""
    for _ in range(timeout_polls * 20):
        if value := read():
            return value
    raise AssertionError(f"nothing until the time-out; last value: {value!r}")


def test_http_api_has_the_host_name_of_localstack(aws: LocalAws, function: str) -> None:
    apis = aws.client("apigatewayv2")
    api_id = apis.create_api(Name="api", ProtocolType="HTTP")["ApiId"]
    integration = apis.create_integration(
        ApiId=api_id, IntegrationType="AWS_PROXY", IntegrationUri=function, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    apis.create_route(ApiId=api_id, RouteKey="GET /me", Target=f"integrations/{integration}")
    apis.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)
    aws.client("lambda").add_permission(
        FunctionName=function,
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
    )
    host = f"{api_id}.execute-api.localhost.localstack.cloud:{aws.port}"

    request = urllib.request.Request(f"{aws.endpoint}/me", headers={"Host": host})
    with urllib.request.urlopen(request, timeout=30) as response:
        assert response.read() == b"ok"


def test_each_line_of_a_log_has_its_own_id(aws: LocalAws, function: str) -> None:
    aws.client("lambda").invoke(FunctionName=function, Payload=b"{}")

    events = aws.client("logs").filter_log_events(logGroupName="/aws/lambda/answer")["events"]

    assert len(events) >= 3
    assert len({event["eventId"] for event in events}) == len(events)


@pytest.mark.parametrize("service", ["s3", "sqs", "dynamodb"])
def test_unknown_access_key_is_refused_with_the_accepted_ones(aws: LocalAws, service: str) -> None:
    client = aws.client(service, aws_access_key_id="AKIAIOSFODNN7EXAMPLE", aws_secret_access_key="x")
    call = {"s3": "list_buckets", "sqs": "list_queues", "dynamodb": "list_tables"}[service]

    with pytest.raises(ClientError, match="Accepted are 'test', 'accesskey' and twelve digits"):
        getattr(client, call)()


def test_stopped_execution_aborts_its_map_run_and_children(aws: LocalAws, role: str, function: str) -> None:
    states = aws.client("stepfunctions")
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": function, "Payload": {"seconds": 2}},
    }
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "First",
        "States": {"First": {**task, "Next": "Second"}, "Second": {**task, "End": True}},
    }
    items = {"Type": "Map", "ItemsPath": "$", "MaxConcurrency": 1, "ItemProcessor": processor, "End": True}
    machine = states.create_state_machine(
        name="map", roleArn=role, definition=json.dumps({"StartAt": "Map", "States": {"Map": items}})
    )["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=machine, input="[1, 2]")["executionArn"]
    [run] = wait_for(lambda: states.list_map_runs(executionArn=execution)["mapRuns"])
    run_arn = run["mapRunArn"]
    wait_for(lambda: states.list_executions(mapRunArn=run_arn)["executions"])

    states.stop_execution(executionArn=execution)

    [child] = states.list_executions(mapRunArn=run_arn)["executions"]
    assert child["status"] == "ABORTED"
    assert states.describe_map_run(mapRunArn=run_arn)["status"] == "ABORTED"
    with pytest.raises(ClientError, match="Step Functions' action RedriveExecution"):
        states.redrive_execution(executionArn=execution)


def test_stream_function_gets_smaller_batches_until_the_failing_record_is_discarded(
    aws: LocalAws, create_function: Callable[[str, str], str]
) -> None:
    name = "bisect"
    create_function(name, "fail_for_poison")
    tables, queues = aws.client("dynamodb"), aws.client("sqs")
    table = tables.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
    )["TableDescription"]
    queue = queues.create_queue(QueueName=name)["QueueUrl"]
    for item in ("a", "poison"):
        tables.put_item(TableName=name, Item={"id": {"S": item}})
    destination = f"arn:aws:sqs:{aws.region}:{aws.account_id}:{name}"
    aws.client("lambda").create_event_source_mapping(
        EventSourceArn=table["LatestStreamArn"],
        FunctionName=name,
        StartingPosition="TRIM_HORIZON",
        MaximumRetryAttempts=0,
        BisectBatchOnFunctionError=True,
        DestinationConfig={"OnFailure": {"Destination": destination}},
    )

    [message] = wait_for(lambda: queues.receive_message(QueueUrl=queue, WaitTimeSeconds=10).get("Messages"))

    record = json.loads(message["Body"])
    assert record["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert record["DDBStreamBatchInfo"]["batchSize"] == 1


def test_reset_of_localstack_deletes_resources() -> None:
    with LocalAws() as aws:
        aws.client("sqs").create_queue(QueueName="temporary")
        request = urllib.request.Request(f"{aws.endpoint}/_localstack/state/reset", method="POST")
        with urllib.request.urlopen(request, timeout=30) as response:
            assert response.status == 200

        assert not aws.client("sqs").list_queues().get("QueueUrls")
