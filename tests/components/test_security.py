"""The whole with its defaults has each security property, and each check would notice its loss."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from component_checks import CHECKS, PROPERTIES, Golden, Property
from component_recording import Recording

ids = [f"{item.kind}.{'.'.join(map(str, item.path))}-{item.named}" for item in PROPERTIES]


@pytest.mark.parametrize("rule", PROPERTIES, ids=ids)
def test_the_stack_has_the_property(rule: Property, stack: Recording) -> None:
    resources = stack.golden()

    assert any(rule.applies(item) for item in resources)
    assert [] == rule.broken(resources)


@pytest.mark.parametrize("rule", PROPERTIES, ids=ids)
def test_a_resource_that_loses_the_property_is_noticed(rule: Property, stack: Recording) -> None:
    for item in stack.golden():
        if not rule.applies(item):
            continue
        if rule.path == ("protect",):
            changed = {**item, "protect": False}
        else:
            changed = copy.deepcopy(item)
            place = changed["inputs"]
            for step in rule.path[:-1]:
                place = place[step]
            del place[rule.path[-1]]

        assert rule.broken([changed]), item["name"]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_nothing_breaks_the_rule(check: Callable[[list[Golden]], list[str]], stack: Recording) -> None:
    assert [] == check(stack.golden())


def _policy(resources: list[Golden], name: str) -> list[dict[str, Any]]:
    (found,) = [item for item in resources if item["name"] == name]
    statements: list[dict[str, Any]] = found["inputs"]["policy"]["Statement"]
    return statements


def _inputs(resources: list[Golden], name: str) -> dict[str, Any]:
    (found,) = [item for item in resources if item["name"] == name]
    inputs: dict[str, Any] = found["inputs"]
    return inputs


_CONFIRM = "app-triggers-post-confirmation-policy"
_TRUST = "assumeRolePolicy"

MUTATIONS: dict[str, Callable[[list[Golden]], Any]] = {
    "wildcard_actions": lambda all_: _policy(all_, _CONFIRM)[0].update(Action="logs:*"),
    "wildcard_resources": lambda all_: _policy(all_, _CONFIRM)[2].update(Resource=["*"]),
    "open_ends": lambda all_: _policy(all_, _CONFIRM)[2].update(Resource=["arn:aws-cn:dynamodb:x:1:table/*"]),
    "keys_of_others": lambda all_: _policy(all_, _CONFIRM)[2].pop("Condition"),
    "unencrypted_queues": lambda all_: _policy(all_, "app-triggers-outbox-policy")[0].update(
        Action="sqs:SendMessage"
    ),
    "unencrypted_buckets": lambda all_: _policy(all_, "app-migration-reports-policy")[0].update(
        Effect="Allow"
    ),
    "foreign_callers": lambda all_: _inputs(all_, "app-identity-pre-sign-up-permission").pop("sourceArn"),
    "untrusted_principals": lambda all_: _inputs(all_, "app-identity-sms-role")[_TRUST]["Statement"][0].pop(
        "Condition"
    ),
    "open_routes": lambda all_: _inputs(all_, "app-api-route-get-me-profile").update(
        authorizationType="NONE"
    ),
    "client_attributes": lambda all_: _inputs(all_, "app-identity-client")["writeAttributes"].append(
        "email_verified"
    ),
    "shared_roles": lambda all_: _inputs(all_, "app-triggers-pre-sign-up-function").update(
        role=_inputs(all_, "app-triggers-post-confirmation-function")["role"]
    ),
    "typed_partitions": lambda all_: _inputs(all_, "app-api-authorizer").update(apiId="arn:aws:x"),
}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_mutation_breaks_the_rule(check: Callable[[list[Golden]], list[str]], stack: Recording) -> None:
    resources = copy.deepcopy(stack.golden())
    MUTATIONS[check.__name__](resources)

    assert check(resources)


ALLOWED = {
    "app-triggers-pre-sign-up-policy": set(),
    "app-triggers-post-confirmation-policy": {
        *("dynamodb:ConditionCheckItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "sqs:SendMessage")
    },
    "app-outbox-worker-policy": {
        *("dynamodb:ConditionCheckItem", "dynamodb:PutItem", "dynamodb:UpdateItem"),
        *("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "cognito-idp:AdminGetUser"),
    },
    "app-api-handler-policy": {
        *("dynamodb:BatchGetItem", "dynamodb:ConditionCheckItem", "dynamodb:PutItem", "dynamodb:UpdateItem"),
        "cognito-idp:AdminGetUser",
    },
    "app-migration-worker-policy": {
        *(
            "dynamodb:BatchGetItem",
            "dynamodb:GetItem",
            "dynamodb:PartiQLInsert",
            "dynamodb:PutItem",
            "dynamodb:Scan",
        ),
        *("s3:GetObject", "s3:PutObject"),
    },
}
EVERY_FUNCTION = {
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}


@pytest.mark.parametrize("policy", sorted(ALLOWED))
def test_a_function_may_do_what_its_handler_says_and_no_more(policy: str, stack: Recording) -> None:
    actions = {action for item in _policy(stack.golden(), policy) for action in item["Action"]}

    assert ALLOWED[policy] | EVERY_FUNCTION == actions


def test_functions_only_append_to_the_audit_trail(stack: Recording) -> None:
    """Nobody reads, changes or deletes a row: a function that is taken over can't cover its tracks."""
    granted = {
        action
        for resource in stack.of("RolePolicy")
        for statement in resource.document("policy")["Statement"]
        if any("app-data-audit-table" in arn for arn in statement["Resource"])
        for action in statement["Action"]
    }

    assert {"dynamodb:PutItem"} == granted


def test_the_alarm_watches_the_dead_letters(stack: Recording) -> None:
    alarm = stack.one("app-triggers-dead-letters-alarm").inputs

    assert {"QueueName": "app-triggers-dead-letters-1234567"} == alarm["dimensions"]
    assert "ApproximateNumberOfMessagesVisible" == alarm["metricName"]


WATCHED = {
    "app-api-alarm": ("AWS/ApiGateway", "5xx", 0),
    "app-migration-alarm": ("AWS/States", "ExecutionsFailed", 0),
    "app-outbox-alarm": ("AWS/Lambda", "Errors", 0),
    "app-triggers-dead-letters-alarm": ("AWS/SQS", "ApproximateNumberOfMessagesVisible", 0),
    "app-triggers-outbox-age-alarm": ("AWS/SQS", "ApproximateAgeOfOldestMessage", 600),
    "app-triggers-post-confirmation-alarm": ("AWS/Lambda", "Errors", 0),
    "app-triggers-post-confirmation-duration-alarm": ("AWS/Lambda", "Duration", 3000),
    "app-triggers-pre-sign-up-alarm": ("AWS/Lambda", "Errors", 20),
}


def test_what_can_go_wrong_unseen_is_watched_and_told(make: Any) -> None:
    topic = "arn:aws-cn:sns:cn-north-1:111122223333:alarms"

    alarms = make(alarm_topic_arn=topic).of("MetricAlarm")

    assert {
        alarm.name: tuple(alarm.inputs[key] for key in ("namespace", "metricName", "threshold"))
        for alarm in alarms
    } == WATCHED
    assert [[topic]] * len(WATCHED) == [alarm.inputs["alarmActions"] for alarm in alarms]


def test_an_alarm_watches_what_its_name_says(stack: Recording) -> None:
    watched = {alarm.name: set(alarm.inputs["dimensions"].values()) for alarm in stack.of("MetricAlarm")}

    assert {"app-triggers-outbox-1234567"} == watched["app-triggers-outbox-age-alarm"]
    assert {"app-triggers-pre-sign-up-function-1234567"} == watched["app-triggers-pre-sign-up-alarm"]
    assert {"app-outbox-worker-function-1234567"} == watched["app-outbox-alarm"]
    assert {"app-api-api-id"} == watched["app-api-alarm"]


def test_only_the_outbox_may_send_to_the_dead_letters(stack: Recording) -> None:
    source = stack.one("app-triggers-dead-letters-source")

    assert {
        "redrivePermission": "byQueue",
        "sourceQueueArns": ["arn:aws-cn:sqs:cn-north-1:111122223333:app-triggers-outbox-1234567"],
    } == source.document("redriveAllowPolicy")


def test_the_client_waits_for_the_triggers_permissions(stack: Recording) -> None:
    """Else somebody could sign up in between, and fail."""
    expected = {"app-identity-pre-sign-up-permission", "app-identity-post-confirmation-permission"}

    assert expected <= set(stack.one("app-identity-client").depends_on)


def test_a_function_waits_for_its_roles_policy(stack: Recording) -> None:
    for function in stack.of("Function"):
        policy = function.name.removesuffix("-function") + "-policy"

        assert policy in function.depends_on


KEY = "arn:aws-cn:kms:cn-north-1:111122223333:key/k"
USES_OF_THE_KEY = {
    "app-api-handler-policy": {"lambda": 1, "dynamodb": 2},
    "app-migration-worker-policy": {"lambda": 1, "dynamodb": 2, "s3": 2},
    "app-outbox-worker-policy": {"lambda": 1, "dynamodb": 2, "sqs": 1},
    "app-triggers-post-confirmation-policy": {"lambda": 1, "dynamodb": 2, "sqs": 2},
    "app-triggers-pre-sign-up-policy": {"lambda": 1},
}


def test_a_function_uses_the_key_only_by_the_services_that_it_calls(make: Any) -> None:
    resources = make(kms_key_arn=KEY).golden()

    for policy, uses in USES_OF_THE_KEY.items():
        rights = [item for item in _policy(resources, policy) if item["Action"][0].startswith("kms:")]
        found = {
            host.removesuffix(".cn-north-1.amazonaws.com.cn"): item["Action"]
            for item in rights
            for host in item["Condition"]["StringEquals"]["kms:ViaService"]
        }
        every = ["kms:Decrypt", "kms:GenerateDataKey"]
        assert {service: every[:count] for service, count in uses.items()} == found, policy
        assert {KEY} == {arn for item in rights for arn in item["Resource"]}


def test_with_a_key_everything_is_encrypted_with_it(make: Any) -> None:
    recording = make(kms_key_arn=KEY)

    for kind, read in {
        "Table": lambda item: item["serverSideEncryption"]["kmsKeyArn"],
        "Queue": lambda item: item["kmsMasterKeyId"],
        "LogGroup": lambda item: item["kmsKeyId"],
        "Function": lambda item: item["kmsKeyArn"],
        "StateMachine": lambda item: item["encryptionConfiguration"]["kmsKeyId"],
        "BucketServerSideEncryptionConfiguration": lambda item: item["rules"][0][
            "applyServerSideEncryptionByDefault"
        ]["kmsMasterKeyId"],
    }.items():
        assert {KEY} == {read(resource.inputs) for resource in recording.of(kind)}, kind
    for check in CHECKS:
        assert [] == check(recording.golden())
