"""Programs read existing resources with ``.get()``, and account, region and policy documents with invokes."""

import json
import re
from typing import Any

import pytest
from engine_helpers import SECRET_PARAMETER_INPUTS, TABLE_INPUTS, Engine
from pulumi.runtime.proto import resource_pb2
from pulumi_localaws.engine.properties import decode_properties
from resource_cases.case import BUCKET, LOG_GROUP, PARAMETER, QUEUE, ROLE, TABLE, TRUST_POLICY

pytestmark = pytest.mark.backends("embedded")


@pytest.mark.parametrize("token", [TABLE, QUEUE, BUCKET, ROLE, PARAMETER, LOG_GROUP])
def test_get_reads_an_existing_resource(engine: Engine, token: str) -> None:
    inputs: dict[str, Any] = {
        TABLE: TABLE_INPUTS,
        ROLE: {"assumeRolePolicy": TRUST_POLICY},
        PARAMETER: SECRET_PARAMETER_INPUTS,
    }.get(token, {})
    resource_id, outputs = engine.register(token, "thing", inputs)
    request = resource_pb2.ReadResourceRequest(type=token, name="existing", id=resource_id)

    response = engine.monitor.ReadResource(request)

    assert decode_properties(response.properties)[0]["arn"] == outputs["arn"]
    assert len(engine.undo_log.list_resources()) == 1


def test_get_of_a_table_reads_the_settings_of_its_stream(engine: Engine) -> None:
    settings = {"streamEnabled": True, "streamViewType": "NEW_IMAGE"}
    table_id, outputs = engine.register(TABLE, "thing", TABLE_INPUTS | settings)
    request = resource_pb2.ReadResourceRequest(type=TABLE, name="existing", id=table_id)

    table = decode_properties(engine.monitor.ReadResource(request).properties)[0]

    expected = settings | {"streamArn": outputs["streamArn"]}
    assert {name: table[name] for name in expected} == expected


def test_get_of_a_missing_resource_is_an_error(engine: Engine) -> None:
    request = resource_pb2.ReadResourceRequest(type=TABLE, name="existing", id="missing")

    response = engine.monitor.ReadResource(request)

    assert response.unknown
    assert "Table 'existing': dynamodb describe_table: " in str(engine.monitor.problems[0])
    assert "ResourceNotFound" in str(engine.monitor.problems[0])


def test_get_of_an_unsupported_type_is_rejected_with_the_supported_types(engine: Engine) -> None:
    request = resource_pb2.ReadResourceRequest(type="aws:kms/key:Key", name="existing", id="x")

    response = engine.monitor.ReadResource(request)

    assert response.unknown
    assert re.search(
        r"\.get\(\) is not supported .* Supported types: .*dynamodb/table", str(engine.monitor.problems[0])
    )


def test_invokes_return_account_region_and_partition(engine: Engine) -> None:
    assert engine.invoke("aws:index/getCallerIdentity:getCallerIdentity", {})["accountId"] == "000000000000"
    assert engine.invoke("aws:index/getRegion:getRegion", {})["region"] == "us-east-1"
    assert engine.invoke("aws:index/getPartition:getPartition", {})["partition"] == "aws"


def test_policy_document_is_built_from_its_statements(engine: Engine) -> None:
    statements = [
        {
            "sid": "Read",
            "actions": ["s3:GetObject"],
            "resources": ["arn:aws:s3:::x/*"],
            "principals": [{"type": "Service", "identifiers": ["lambda.amazonaws.com"]}],
            "conditions": [{"test": "StringEquals", "variable": "aws:SourceAccount", "values": ["1"]}],
        }
    ]

    result = engine.invoke("aws:iam/getPolicyDocument:getPolicyDocument", {"statements": statements})

    expected = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Read",
                "Effect": "Allow",
                "Action": "s3:GetObject",
                "Resource": "arn:aws:s3:::x/*",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Condition": {"StringEquals": {"aws:SourceAccount": "1"}},
            }
        ],
    }
    assert json.loads(result["json"]) == expected
