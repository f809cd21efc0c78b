"""Each rule of AWS that no service model contains rejects a wrong configuration."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
from engine_helpers import Engine
from pulumi_localaws.errors import DeploymentError
from pulumi_localaws.resources.catalog import BY_TOKEN, RULES
from resource_cases.case import (
    BUCKET,
    FUNCTION,
    LOG_GROUP,
    MAPPING,
    PARAMETER,
    QUEUE,
    ROLE,
    SECRET,
    TRUST_POLICY,
    USER_POOL,
)
from resource_cases.event_violations import EVENT_VIOLATIONS
from resource_cases.violations import (
    ALARM,
    ALARM_INPUTS,
    CLIENT,
    FUNCTION_INPUTS,
    VIOLATIONS,
    build_long_policy,
)

pytestmark = pytest.mark.backends("embedded")


@pytest.mark.parametrize(("token", "inputs", "expected"), [*VIOLATIONS, *EVENT_VIOLATIONS])
def test_configuration_that_aws_rejects_is_rejected(
    engine: Engine, token: str, inputs: dict[str, Any], expected: str
) -> None:
    message = engine.register_rejected(token, inputs)

    assert message.startswith(f"{token} 'thing': ")
    assert expected in message
    assert "(Source: " in message
    assert engine.undo_log.list_resources() == []


def test_queue_that_hides_messages_for_less_than_the_functions_time_out_is_rejected(engine: Engine) -> None:
    role = engine.register(ROLE, "role", {"assumeRolePolicy": TRUST_POLICY})[1]["arn"]
    function = engine.register(FUNCTION, "f", FUNCTION_INPUTS | {"role": role, "timeout": 31})[1]
    queue = engine.register(QUEUE, "queue", {})[1]["arn"]

    message = engine.register_rejected(MAPPING, {"functionName": function["arn"], "eventSourceArn": queue})

    assert "has a visibility time-out of 30 s; allowed: at least the function's time-out, 31 s" in message


@pytest.mark.parametrize(
    ("name", "attribute"),
    [("writeAttributes", "custom:hat"), ("writeAttributes", "email_verified"), ("readAttributes", "hat")],
)
def test_attribute_that_a_client_cannot_use_is_rejected(engine: Engine, name: str, attribute: str) -> None:
    shoe = {"name": "shoe", "attributeDataType": "String", "mutable": True}
    pool = engine.register(USER_POOL, "pool", {"schemas": [shoe]})[0]
    inputs = {"userPoolId": pool, "writeAttributes": ["email", "custom:shoe"], "readAttributes": ["sub"]}
    assert engine.register(CLIENT, "valid", inputs)[0]

    message = engine.register_rejected(CLIENT, inputs | {name: ["email", attribute]})

    assert f"{name} contains {attribute}; allowed: standard attributes" in message


def test_client_that_cannot_write_a_required_attribute_is_rejected(engine: Engine) -> None:
    email = {"name": "email", "attributeDataType": "String", "mutable": True, "required": True}
    pool = engine.register(USER_POOL, "pool", {"schemas": [email]})[0]
    assert engine.register(CLIENT, "valid", {"userPoolId": pool, "writeAttributes": ["email"]})[0]

    message = engine.register_rejected(CLIENT, {"userPoolId": pool, "writeAttributes": ["name"]})

    assert "writeAttributes does not contain email, which the pool requires. Add it" in message


def test_secret_value_that_violates_a_rule_is_not_shown(engine: Engine) -> None:
    message = engine.register_rejected(QUEUE, {"delaySeconds": 90210}, secrets=("delaySeconds",))

    assert "delaySeconds: the secret value violates a rule. delaySeconds is 0 to 900" in message
    assert "90210" not in message


def test_every_rule_applies_to_inputs_that_exist() -> None:
    """The input of a misspelled rule would never be set."""
    unknown = [
        (rule.token, name)
        for rule in RULES
        for name in rule.inputs
        if name not in BY_TOKEN[rule.token].inputs.fields
    ]

    assert unknown == []


def test_every_rule_has_a_violation() -> None:
    """The rules that read another resource have tests of their own, above."""
    violated = set()
    for token, inputs, _ in (*VIOLATIONS, *EVENT_VIOLATIONS):
        context: Any = SimpleNamespace(type=token, region="us-east-1", call=Mock(side_effect=DeploymentError))
        rules = (rule for rule in RULES if rule.token == token and rule.inputs[0] in inputs)
        violated |= {(rule.token, rule.text) for rule in rules if rule.check(context, inputs)}
    tested_above = {
        (MAPPING, "The queue's visibility time-out is at least the function's time-out"),
        (CLIENT, "writeAttributes are in the pool's schema and can be written"),
        (CLIENT, "writeAttributes contain the attributes that the pool requires"),
        (CLIENT, "readAttributes are in the pool's schema"),
    }

    assert violated | tested_above == {(rule.token, rule.text) for rule in RULES}


@pytest.mark.parametrize(
    ("token", "inputs"),
    [
        (QUEUE, {"redriveAllowPolicy": json.dumps({"redrivePermission": "denyAll"})}),
        (QUEUE, {"redriveAllowPolicy": json.dumps({"sourceQueueArns": []})}),
        (
            QUEUE,
            {
                "fifoQueue": True,
                "fifoThroughputLimit": "perMessageGroupId",
                "deduplicationScope": "messageGroup",
            },
        ),
        (QUEUE, {"policy": build_long_policy(20, 1)}),
        (BUCKET, {"policy": build_long_policy(1, 1000)}),
        (PARAMETER, {"type": "String", "value": "x" * 8192, "tier": "Advanced"}),
        (LOG_GROUP, {"retentionInDays": 0}),
        (SECRET, {"recoveryWindowInDays": 0}),
        (ALARM, ALARM_INPUTS | {"period": 3600, "evaluationPeriods": 168}),
        (
            USER_POOL,
            {
                "adminCreateUserConfig": {
                    "inviteMessageTemplate": {
                        "emailMessage": "Welcome, {username}: sign in with a passkey",
                        "emailSubject": "Welcome",
                        "smsMessage": "Welcome, {username}",
                    }
                }
            },
        ),
        (USER_POOL, {"emailVerificationMessage": "Ihr Code: {####} für <b>Ärzte</b>\n日本"}),
    ],
)
def test_configuration_that_aws_accepts_is_created(
    engine: Engine, token: str, inputs: dict[str, Any]
) -> None:
    assert engine.register(token, "thing", inputs)[0]


def test_period_of_one_second_is_allowed_for_a_metric_query(engine: Engine) -> None:
    """The period of an alarm of a single metric is at least 10 seconds."""
    query = {"id": "e", "metric": {"metricName": "E", "namespace": "N", "period": 1, "stat": "Sum"}}
    inputs = {
        "comparisonOperator": "GreaterThanThreshold",
        "evaluationPeriods": 1,
        "threshold": 1,
        "metricQueries": [query | {"returnData": True}],
    }

    assert engine.register(ALARM, "thing", inputs)[0]


def test_every_rule_is_documented() -> None:
    text = (Path(__file__).parents[3] / "docs" / "engine.md").read_text()
    rows = []
    for rule in RULES:
        service, name = rule.token.removeprefix("aws:").split("/")
        rows.append(f"| `{service}.{name.split(':')[1]}` | {rule.text} | {rule.source} |")

    assert f"\n- {len(RULES)} rules that no model contains" in text
    table = text.split("| type | rule | source |\n|---|---|---|\n")[1]
    assert table.split("\n\n")[0].splitlines() == rows
