"""A bucket with settings in its inputs, and the notifications of a bucket."""

import json
from typing import Any

import pytest
from engine_helpers import Engine
from pulumi_localaws.local_aws import LocalAws
from resource_cases.case import BUCKET, FUNCTION, FUNCTION_CODE, QUEUE, ROLE, TRUST_POLICY

pytestmark = pytest.mark.backends("embedded")

NOTIFICATION = "aws:s3/bucketNotification:BucketNotification"


def test_settings_of_a_bucket_are_applied(engine: Engine) -> None:
    inputs = {
        "versioning": {"enabled": True},
        "website": {"indexDocument": "index.html", "errorDocument": "error.html"},
        "serverSideEncryptionConfiguration": {
            "rule": {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}
        },
        "corsRules": [{"allowedMethods": ["GET"], "allowedOrigins": ["*"]}],
        "lifecycleRules": [{"enabled": True, "prefix": "old/", "expiration": {"days": 30}}],
    }

    bucket, outputs = engine.register(BUCKET, "site", inputs)

    s3 = engine.clients.get("s3", "us-east-1")
    assert outputs["websiteEndpoint"] == f"{bucket}.s3-website-us-east-1.amazonaws.com"
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert s3.get_bucket_website(Bucket=bucket)["IndexDocument"] == {"Suffix": "index.html"}
    encryption = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
    assert encryption["Rules"][0]["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert s3.get_bucket_cors(Bucket=bucket)["CORSRules"][0]["AllowedMethods"] == ["GET"]
    rule = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"][0]
    assert (rule["Status"], rule["Filter"], rule["Expiration"]) == (
        "Enabled",
        {"Prefix": "old/"},
        {"Days": 30},
    )


def test_older_bucket_has_its_settings_in_lists(engine: Engine) -> None:
    inputs = {
        "versionings": [{"enabled": True}],
        "websites": [{"redirectAllRequestsTo": "https://example.com"}],
    }

    bucket, _ = engine.register("aws:s3/bucketV2:BucketV2", "site", inputs)

    s3 = engine.clients.get("s3", "us-east-1")
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    redirect = s3.get_bucket_website(Bucket=bucket)["RedirectAllRequestsTo"]
    assert redirect == {"HostName": "example.com", "Protocol": "https"}


@pytest.mark.parametrize(
    ("token", "inputs", "expected"),
    [
        (BUCKET, {"website": {"errorDocument": "e"}}, "website: indexDocument or redirectAllRequestsTo"),
        (
            "aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration",
            {"bucket": "b", "indexDocument": {"suffix": "i"}, "redirectAllRequestsTo": {"hostName": "h"}},
            "Set exactly one of them",
        ),
        ("aws:s3/bucketAcl:BucketAcl", {"bucket": "b"}, "acl or accessControlPolicy is required"),
    ],
)
def test_incomplete_setting_is_rejected(
    engine: Engine, token: str, inputs: dict[str, Any], expected: str
) -> None:
    assert expected in engine.register_rejected(token, inputs)


def test_bucket_notifies_a_queue(localaws: LocalAws, engine: Engine) -> None:
    bucket, bucket_outputs = engine.register(BUCKET, "uploads", {})
    queue, queue_outputs = engine.register(QUEUE, "events", {})
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_outputs["arn"],
        "Condition": {"ArnEquals": {"aws:SourceArn": bucket_outputs["arn"]}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    engine.register("aws:sqs/queuePolicy:QueuePolicy", "events", {"queueUrl": queue, "policy": policy})
    target = {"queueArn": queue_outputs["arn"], "events": ["s3:ObjectCreated:*"], "filterSuffix": ".csv"}

    engine.register(NOTIFICATION, "uploads", {"bucket": bucket, "queues": [target]})

    s3 = localaws.client("s3")
    s3.put_object(Bucket=bucket, Key="a.txt", Body=b"x")
    s3.put_object(Bucket=bucket, Key="a.csv", Body=b"x")
    keys = set()
    while "a.csv" not in keys:
        messages = localaws.client("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"]
        records = [
            record for message in messages for record in json.loads(message["Body"]).get("Records", [])
        ]
        keys |= {record["s3"]["object"]["key"] for record in records}
    assert keys == {"a.csv"}


def test_bucket_needs_a_permission_to_notify_a_function(engine: Engine) -> None:
    """AWS rejects a notification of a function without a permission; the emulator accepts it."""
    role = engine.register(ROLE, "role", {"assumeRolePolicy": TRUST_POLICY})[1]["arn"]
    bucket, bucket_outputs = engine.register(BUCKET, "uploads", {})
    inputs = {"role": role, "handler": "app.handler", "runtime": "python3.13", "code": FUNCTION_CODE}
    allowed, other = (engine.register(FUNCTION, name, inputs)[1] for name in ("allowed", "other"))
    permission = {
        "action": "lambda:InvokeFunction",
        "function": allowed["name"],
        "principal": "s3.amazonaws.com",
        "sourceArn": bucket_outputs["arn"],
    }
    engine.register("aws:lambda/permission:Permission", "allowed", permission)
    notifications = [
        {"bucket": bucket, "lambdaFunctions": [{"lambdaFunctionArn": arn, "events": ["s3:ObjectCreated:*"]}]}
        for arn in (allowed["arn"], other["arn"])
    ]

    engine.register(NOTIFICATION, "allowed", notifications[0])
    message = engine.register_rejected(NOTIFICATION, notifications[1])

    assert f"{other['arn']!r} has no permission for this bucket. AWS would answer: Unable to" in message
    assert f"the source_arn {bucket_outputs['arn']}" in message
