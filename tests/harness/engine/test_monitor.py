"""What the engine refuses, and how it names, tags, places and undoes: straight at the monitor."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from engine_helpers import Engine
from pulumi.runtime.proto import resource_pb2
from pulumi_localaws.config.provider import Provider, read_default_provider, read_provider
from pulumi_localaws.engine.properties import decode_properties, encode_properties
from pulumi_localaws.errors import CancelledError, DeploymentError
from pulumi_localaws.local_aws import LocalAws
from resource_cases import BUCKET, LOGS, POLICY, QUEUE, ROLE, TABLE, TRUST, code

pytestmark = pytest.mark.backends("embedded")

PARAMETER = "aws:ssm/parameter:Parameter"
SECRET_VALUE = {"type": "SecureString", "value": "hunter2"}
TABLE_INPUTS: dict[str, Any] = {
    "attributes": [{"name": "PK", "type": "S"}],
    "hashKey": "PK",
    "billingMode": "PAY_PER_REQUEST",
}


def refused(engine: Engine, kind: str, inputs: dict[str, Any], **options: Any) -> str:
    with pytest.raises(DeploymentError) as raised:
        engine.register(kind, "thing", inputs, **options)
    return str(raised.value)


def exists(client: Any, url: str) -> bool:
    try:
        client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    except ClientError:
        return False
    return True


def test_unknown_type_is_refused_with_those_of_its_service(engine: Engine) -> None:
    message = refused(engine, "aws:dynamodb/globalTable:GlobalTable", {})

    assert "aws:dynamodb/globalTable:GlobalTable 'thing': this type is not supported" in message
    assert TABLE in message


def test_unknown_service_is_refused_with_the_known_ones(engine: Engine) -> None:
    message = refused(engine, "aws:ec2/vpc:Vpc", {})

    assert "Supported services: aws:apigatewayv2, aws:cloudwatch" in message


@pytest.mark.parametrize(
    ("kind", "inputs", "expected"),
    [
        (QUEUE, {"delay": 1}, "delay is not supported by the local deployment; supported: contentBased"),
        (TABLE, {**TABLE_INPUTS, "ttl": {"attribute": "x"}}, "ttl.attribute is not supported"),
        (
            TABLE,
            {**TABLE_INPUTS, "attributes": [{"name": "PK", "kind": "S"}]},
            "attributes[0].kind is not supported",
        ),
        (TABLE, {**TABLE_INPUTS, "replicas": [{"regionName": "eu-west-1"}]}, "replicas is not supported"),
        (QUEUE, {"delaySeconds": "soon"}, "delaySeconds: a whole number is expected, not 'soon'"),
        (QUEUE, {"delaySeconds": 1.5}, "delaySeconds: a whole number is expected, not 1.5"),
        (QUEUE, {"fifoQueue": "maybe"}, "fifoQueue: true or false is expected"),
        (QUEUE, {"tags": ["x"]}, "tags: a mapping is expected"),
        (TABLE, {**TABLE_INPUTS, "hashKey": "SK"}, "attributes: SK is a key and has no definition"),
        (ROLE, {"assumeRolePolicy": "{"}, "assumeRolePolicy: not valid JSON"),
        (ROLE, {"assumeRolePolicy": LOGS}, "assumeRolePolicy: Statement[0]: Principal is missing"),
        (
            ROLE,
            {"assumeRolePolicy": TRUST.replace("sts:AssumeRole", "s3:GetObject")},
            "assumeRolePolicy: Statement[0]: 's3:GetObject' is no action of STS",
        ),
        (
            ROLE,
            {"assumeRolePolicy": TRUST.replace("Allow", "allow")},
            "Effect is 'allow'; allowed: Allow, Deny",
        ),
        (POLICY, {"policy": TRUST}, "policy: Statement[0]: a policy of a role or user has no Principal"),
        (POLICY, {"policy": LOGS.replace("arn:aws:logs:*:*:x", "x")}, "'x' is not a resource"),
        (
            "aws:apigatewayv2/api:Api",
            {"protocolType": "WEBSOCKET"},
            "protocolType is 'WEBSOCKET'; only HTTP is supported",
        ),
        (
            "aws:lambda/function:Function",
            {"role": "r", "packageType": "Image", "imageUri": "x"},
            "imageUri is not supported",
        ),
        (
            "aws:cognito/userPool:UserPool",
            {"mfaConfiguration": "OPTIONAL"},
            "mfaConfiguration is OPTIONAL, and no factor is configured",
        ),
    ],
)
def test_bad_input_is_refused_before_the_first_call(
    engine: Engine, kind: str, inputs: dict[str, Any], expected: str
) -> None:
    message = refused(engine, kind, inputs)

    assert message.startswith(f"{kind} 'thing': ")
    assert expected in message
    assert engine.undo_log.list_resources() == []


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"importId": "x"}, "the option import_ (x) is not supported"),
        ({"remote": True}, "needs the Pulumi CLI"),
        ({"hooks": {"before_create": ["h"]}}, "the option hooks is not supported"),
        ({"envVarMappings": {"A": "B"}}, "the option env_var_mappings is not supported"),
    ],
)
def test_option_that_cannot_be_honoured_is_refused(
    engine: Engine, options: dict[str, Any], expected: str
) -> None:
    if "hooks" in options:
        options = {"hooks": resource_pb2.RegisterResourceRequest.ResourceHooksBinding(**options["hooks"])}

    assert expected in refused(engine, QUEUE, {}, **options)


def test_nothing_is_begun_after_a_failure(engine: Engine) -> None:
    refused(engine, QUEUE, {"delay": 1})

    with pytest.raises(CancelledError, match="was not begun"):
        engine.register(QUEUE, "second", {})


def test_two_resources_of_one_name_are_refused(engine: Engine) -> None:
    engine.register(QUEUE, "thing", {})

    assert "two resources of this type and name" in refused(engine, QUEUE, {})


@pytest.mark.parametrize(
    ("kind", "inputs", "prop", "pattern"),
    [
        (QUEUE, {}, "name", r"Thing-[0-9a-f]{7}"),
        (QUEUE, {"fifoQueue": True}, "name", r"Thing-[0-9a-f]{7}\.fifo"),
        (QUEUE, {"namePrefix": "pre"}, "name", r"pre[0-9a-f]{7}"),
        (QUEUE, {"name": "mine"}, "name", r"mine"),
        (BUCKET, {}, "bucket", r"thing-[0-9a-f]{7}"),
        (ROLE, {"assumeRolePolicy": TRUST}, "name", r"Thing-[0-9a-f]{7}"),
    ],
)
def test_name_is_made_up_as_pulumi_does(
    engine: Engine, kind: str, inputs: dict[str, Any], prop: str, pattern: str
) -> None:
    _, outputs = engine.register(kind, "Thing", inputs)

    assert re.fullmatch(pattern, outputs[prop])


def test_name_that_aws_would_not_take_is_refused(engine: Engine) -> None:
    with pytest.raises(DeploymentError, match="has 88 characters, AWS takes 80; give `name`"):
        engine.register(QUEUE, "q" * 80, {})


def test_default_tags_are_there_and_the_resources_own_win(
    engine_create: Callable[..., Engine], localaws: LocalAws
) -> None:
    engine = engine_create(provider=Provider("us-east-1", {"team": "a", "stage": "x"}))

    url, outputs = engine.register(QUEUE, "thing", {"tags": {"stage": "dev"}})

    expected = {"team": "a", "stage": "dev"}
    assert expected == outputs["tagsAll"]
    assert {"stage": "dev"} == outputs["tags"]
    assert expected == localaws.client("sqs").list_queue_tags(QueueUrl=url)["Tags"]


def test_explicit_provider_decides_region_and_tags(engine: Engine) -> None:
    """Its settings arrive as JSON text, and the resource names it by URN and id."""
    settings = {"region": "us-west-2", "defaultTags": json.dumps({"tags": {"team": "b"}})}
    request = resource_pb2.RegisterResourceRequest(
        type="pulumi:providers:aws", name="west", custom=True, object=encode_properties(settings)
    )
    provider = engine.monitor.RegisterResource(request)

    _, outputs = engine.register(QUEUE, "thing", {}, provider=f"{provider.urn}::{provider.id}")

    assert outputs["arn"].startswith("arn:aws:sqs:us-west-2:")
    assert outputs["tagsAll"] == {"team": "b"}
    assert outputs["region"] == "us-west-2"


def test_region_of_a_resource_wins_over_its_provider(engine: Engine) -> None:
    _, outputs = engine.register(QUEUE, "thing", {"region": "eu-west-3"})

    assert outputs["arn"].startswith("arn:aws:sqs:eu-west-3:")


def test_region_of_a_resource_that_aws_does_not_have_is_refused(engine: Engine) -> None:
    told = refused(engine, QUEUE, {"region": "eu-wset-1"})

    assert "region: 'eu-wset-1' is no region of AWS. Give one such as eu-west-1" in told


def test_provider_of_a_region_that_aws_does_not_have_is_refused() -> None:
    with pytest.raises(DeploymentError, match="The provider p: region: 'mars-1' is no region of AWS"):
        read_provider({"region": "mars-1"}, where="The provider p", account="000000000000")
    asked = {"region": "eu-north-9", "skipRegionValidation": "true"}

    assert read_provider(asked, where="p", account="000000000000").region == "eu-north-9"


def test_no_region_anywhere_is_one_clear_message(engine_create: Callable[..., Engine]) -> None:
    engine = engine_create(provider=Provider())

    assert "there is no region. Set aws:region in the stack's config" in refused(engine, QUEUE, {})


def test_unknown_provider_and_package_are_refused(engine: Engine) -> None:
    request = resource_pb2.RegisterResourceRequest(type="pulumi:providers:gcp", name="g", custom=True)

    with pytest.raises(DeploymentError, match="package 'gcp', which is not supported"):
        engine.monitor.RegisterResource(request)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"assumeRoles": "[]"}, "setting 'assumeRoles' is not supported"),
        ({"allowedAccountIds": '["123456789012"]'}, "the local account is 000000000000"),
        ({"forbiddenAccountIds": '["000000000000"]'}, "the local account is 000000000000"),
        ({"defaultTags": "{"}, "defaultTags is not valid JSON"),
        ({"defaultTags": '{"a": "b"}'}, "defaultTags has to be an object with `tags`"),
    ],
)
def test_provider_setting_that_cannot_be_honoured_is_named(settings: dict[str, str], expected: str) -> None:
    with pytest.raises(DeploymentError) as raised:
        read_provider(settings, where="p", account="000000000000")

    assert expected in str(raised.value)


def test_settings_of_how_aws_is_reached_are_replaced() -> None:
    values = {
        "aws:region": "eu-west-1",
        "aws:accessKey": "AKIA",
        "aws:endpoints": '[{"s3": "https://real"}]',
        "aws:profile": "prod",
        "aws:skipCredentialsValidation": "true",
        "other:thing": "x",
    }

    assert Provider("eu-west-1") == read_default_provider(values, account="000000000000")


def test_setting_of_the_pulumi_cli_is_named() -> None:
    with pytest.raises(DeploymentError, match="pulumi:autonaming is not supported"):
        read_default_provider({"pulumi:autonaming": "{}"}, account="000000000000")


def test_secret_input_comes_back_as_a_secret(engine: Engine) -> None:
    """The output has the input's name: without its mark an export would show it."""
    request = resource_pb2.RegisterResourceRequest(
        type=PARAMETER,
        name="thing",
        custom=True,
        object=encode_properties(SECRET_VALUE, ["value"]),
        additionalSecretOutputs=["arn"],
    )

    response = engine.monitor.RegisterResource(request)

    assert {"value", "arn"} == decode_properties(response.object)[1]


def test_no_message_shows_a_secret(engine: Engine) -> None:
    wrong_kind = refused(engine, PARAMETER, {"type": "String", "value": ["hunter2"]}, secrets=["value"])

    assert "hunter2" not in wrong_kind


def test_no_message_of_aws_shows_a_secret(engine: Engine) -> None:
    inputs = {"type": "String", "value": "x", "name": "hunter2", "tier": "hunter2"}
    message = refused(
        engine, "aws:kms/alias:Alias", {"name": "hunter2", "targetKeyId": "x"}, secrets=["name"]
    )

    assert inputs["name"] not in message
    assert "[secret]" in message


def test_half_made_resource_is_undone(
    engine: Engine, localaws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table is there, its second step fails: it goes too."""

    def throttled(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "ThrottlingException"}}, "UpdateContinuousBackups")

    client = engine.clients.get("dynamodb", "us-east-1")
    monkeypatch.setattr(client, "update_continuous_backups", throttled)
    inputs = {**TABLE_INPUTS, "name": "half-made", "pointInTimeRecovery": {"enabled": True}}

    message = refused(engine, TABLE, inputs)

    assert "dynamodb update_continuous_backups: An error occurred (ThrottlingException)" in message
    assert "half-made" in localaws.client("dynamodb").list_tables()["TableNames"]
    engine.destroy()
    assert "half-made" not in localaws.client("dynamodb").list_tables()["TableNames"]


def test_retained_resource_stays_after_destroy(engine: Engine, localaws: LocalAws) -> None:
    kept, _ = engine.register(QUEUE, "kept", {}, retainOnDelete=True)
    gone, _ = engine.register(QUEUE, "gone", {})

    engine.destroy()

    client = localaws.client("sqs")
    found = (exists(client, kept), exists(client, gone))
    client.delete_queue(QueueUrl=kept)
    assert found == (True, False)


def test_protection_does_not_keep_a_local_stack(engine: Engine, localaws: LocalAws) -> None:
    name, _ = engine.register(
        TABLE, "thing", {**TABLE_INPUTS, "deletionProtectionEnabled": True}, protect=True
    )

    engine.destroy()

    with pytest.raises(ClientError, match="ResourceNotFound"):
        localaws.client("dynamodb").describe_table(TableName=name)


def test_bucket_with_versions_is_emptied_and_deleted(engine: Engine, localaws: LocalAws) -> None:
    name, _ = engine.register(BUCKET, "thing", {})
    versioning = {"bucket": name, "versioningConfiguration": {"status": "Enabled"}}
    engine.register("aws:s3/bucketVersioning:BucketVersioning", "versions", versioning)
    s3 = localaws.client("s3")
    for body in (b"1", b"2"):
        s3.put_object(Bucket=name, Key="k", Body=body)
    s3.delete_object(Bucket=name, Key="k")
    s3.create_multipart_upload(Bucket=name, Key="unfinished")

    engine.destroy()

    with pytest.raises(ClientError, match="404"):
        s3.head_bucket(Bucket=name)


def test_destroy_takes_what_is_gone_already_as_done(engine: Engine, localaws: LocalAws) -> None:
    url, _ = engine.register(QUEUE, "thing", {})
    localaws.client("sqs").delete_queue(QueueUrl=url)

    engine.destroy()
    engine.destroy()


def test_destroy_goes_on_after_a_failure_and_lists_it(engine: Engine, localaws: LocalAws) -> None:
    queue, _ = engine.register(QUEUE, "first", {})
    role, _ = engine.register(ROLE, "held", {"assumeRolePolicy": TRUST})
    iam = localaws.client("iam")
    iam.put_role_policy(RoleName=role, PolicyName="foreign", PolicyDocument=LOGS)

    with pytest.raises(
        DeploymentError, match=r"could not be undone:\n  aws:iam/role:Role 'held': iam delete_role"
    ):
        engine.destroy()

    assert not exists(localaws.client("sqs"), queue)
    iam.delete_role_policy(RoleName=role, PolicyName="foreign")


@pytest.mark.parametrize("kind", [TABLE, QUEUE, BUCKET, ROLE, PARAMETER, "aws:cloudwatch/logGroup:LogGroup"])
def test_get_looks_up_what_is_there(engine: Engine, kind: str) -> None:
    inputs: dict[str, Any] = {
        TABLE: TABLE_INPUTS,
        ROLE: {"assumeRolePolicy": TRUST},
        PARAMETER: SECRET_VALUE,
    }.get(kind, {})
    identifier, outputs = engine.register(kind, "thing", inputs)
    request = resource_pb2.ReadResourceRequest(type=kind, name="found", id=identifier)

    response = engine.monitor.ReadResource(request)

    assert outputs["arn"] == decode_properties(response.properties)[0]["arn"]
    assert len(engine.undo_log.list_resources()) == 1


def test_get_of_what_is_not_there_is_an_error(engine: Engine) -> None:
    request = resource_pb2.ReadResourceRequest(type=TABLE, name="found", id="missing")

    with pytest.raises(DeploymentError, match=r"Table 'found': dynamodb describe_table: .*ResourceNotFound"):
        engine.monitor.ReadResource(request)


def test_get_of_a_type_without_it_names_those_that_have_it(engine: Engine) -> None:
    request = resource_pb2.ReadResourceRequest(type="aws:kms/key:Key", name="found", id="x")

    with pytest.raises(
        DeploymentError, match=r"\.get\(\) is not supported .* supported for: .*dynamodb/table"
    ):
        engine.monitor.ReadResource(request)


def ask(engine: Engine, token: str, args: dict[str, Any]) -> dict[str, Any]:
    request = resource_pb2.ResourceInvokeRequest(tok=token, args=encode_properties(args))
    return decode_properties(getattr(engine.monitor.Invoke(request), "return"))[0]


def test_account_region_and_partition_are_known(engine: Engine) -> None:
    assert ask(engine, "aws:index/getCallerIdentity:getCallerIdentity", {})["accountId"] == "000000000000"
    assert ask(engine, "aws:index/getRegion:getRegion", {})["region"] == "us-east-1"
    assert ask(engine, "aws:index/getPartition:getPartition", {})["partition"] == "aws"


def test_policy_document_is_put_together(engine: Engine) -> None:
    statements = [
        {
            "sid": "Read",
            "actions": ["s3:GetObject"],
            "resources": ["arn:aws:s3:::x/*"],
            "principals": [{"type": "Service", "identifiers": ["lambda.amazonaws.com"]}],
            "conditions": [{"test": "StringEquals", "variable": "aws:SourceAccount", "values": ["1"]}],
        }
    ]

    answer = ask(engine, "aws:iam/getPolicyDocument:getPolicyDocument", {"statements": statements})

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
    assert expected == json.loads(answer["json"])


@pytest.mark.parametrize(
    ("token", "args", "expected"),
    [
        (
            "aws:ec2/getAmi:getAmi",
            {},
            "invoke aws:ec2/getAmi:getAmi is not supported by the local deployment",
        ),
        ("aws:iam/getPolicyDocument:getPolicyDocument", {"statement": []}, "statement is not supported"),
    ],
)
def test_unknown_invoke_is_refused(engine: Engine, token: str, args: dict[str, Any], expected: str) -> None:
    with pytest.raises(DeploymentError, match=expected):
        ask(engine, token, args)


def test_archive_that_is_not_there_is_named(engine: Engine) -> None:
    inputs = {
        "role": "arn:aws:iam::000000000000:role/x",
        "handler": "a.b",
        "runtime": "python3.13",
        "code": {"sig": "archive", "path": "missing.zip"},
    }

    assert "code: the file or folder 'missing.zip' is not there" in refused(
        engine, "aws:lambda/function:Function", inputs
    )


def test_code_is_zipped_the_same_each_time(engine: Engine) -> None:
    role, outputs = engine.register(ROLE, "role", {"assumeRolePolicy": TRUST})
    inputs = {"role": outputs["arn"], "handler": "app.handler", "runtime": "python3.13", "code": code()}

    first = engine.register("aws:lambda/function:Function", "one", inputs)[1]
    second = engine.register("aws:lambda/function:Function", "two", inputs)[1]

    assert role
    assert first["sourceCodeHash"] == second["sourceCodeHash"]
