"""Rules, schedules and streams invoke functions on the emulator."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from engine_helpers import TABLE_INPUTS, Engine
from pulumi_localaws.errors import DeploymentError
from pulumi_localaws.local_aws import LocalAws
from resource_cases.case import (
    EVENT_RULE,
    EVENT_TARGET,
    FUNCTION,
    LOG_GROUP,
    MAPPING,
    QUEUE,
    ROLE,
    SCHEDULE,
    TABLE,
    TRUST_POLICY,
)

pytestmark = pytest.mark.backends("embedded")

PERMISSION = "aws:lambda/permission:Permission"
DEADLINE_SECONDS = 15
LOGGING_CODE = {
    "sig": "archive",
    "assets": {
        "app.py": {
            "sig": "asset",
            "text": "import json\ndef handler(event, context):\n    print(json.dumps(event))\n",
        }
    },
}


def create_function(engine: Engine) -> dict[str, Any]:
    """Create a function that logs its events, and return its outputs and its role."""
    role = engine.register(ROLE, "role", {"assumeRolePolicy": TRUST_POLICY})[1]["arn"]
    inputs = {"role": role, "handler": "app.handler", "runtime": "python3.13", "code": LOGGING_CODE}
    function = engine.register(FUNCTION, "function", inputs)[1]
    engine.register(LOG_GROUP, "log", {"name": f"/aws/lambda/{function['name']}"})
    return {**function, "role": role}


@pytest.fixture
def function(engine: Engine) -> dict[str, Any]:
    return create_function(engine)


@pytest.fixture
def wait_for_event(localaws: LocalAws, function: dict[str, Any]) -> Callable[[str], list[str]]:
    """Return a function that waits until an event with a text is logged, and returns all logged lines."""

    def wait(text: str) -> list[str]:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while True:
            events = localaws.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{function['name']}")
            lines = [event["message"] for event in events["events"]]
            if any(text in line for line in lines):
                return lines
            if time.monotonic() > deadline:
                raise AssertionError(f"no event with {text!r} within {DEADLINE_SECONDS} s; log: {lines}")
            time.sleep(0.03)

    return wait


def test_event_that_matches_a_rule_invokes_the_target(
    localaws: LocalAws, engine: Engine, function: dict[str, Any], wait_for_event: Callable[[str], list[str]]
) -> None:
    pattern = json.dumps({"source": ["shop"], "detail": {"kind": ["deleted"]}})
    rule = engine.register(EVENT_RULE, "rule", {"eventPattern": pattern})[1]
    engine.register(EVENT_TARGET, "target", {"rule": rule["name"], "arn": function["arn"]})
    permission = {
        "function": function["name"],
        "action": "lambda:InvokeFunction",
        "principal": "events.amazonaws.com",
        "sourceArn": rule["arn"],
    }
    engine.register(PERMISSION, "permission", permission)
    engine.monitor.finish()

    entries = [
        {"Source": "shop", "DetailType": "t", "Detail": json.dumps({"kind": kind, "number": number})}
        for kind, number in (("created", 41), ("deleted", 42))
    ]
    localaws.client("events").put_events(Entries=entries)

    lines = wait_for_event('"number": 42')
    assert not any('"number": 41' in line for line in lines)


def test_schedule_invokes_the_target_at_its_time(
    engine: Engine, function: dict[str, Any], wait_for_event: Callable[[str], list[str]]
) -> None:
    inputs = {
        "scheduleExpression": f"at({datetime.now(UTC):%Y-%m-%dT%H:%M:%S})",
        "flexibleTimeWindow": {"mode": "OFF"},
        "target": {"arn": function["arn"], "roleArn": function["role"], "input": '{"number": 43}'},
    }

    engine.register(SCHEDULE, "schedule", inputs)

    assert wait_for_event('"number": 43')


def test_only_records_that_pass_the_filter_reach_the_function(
    localaws: LocalAws, engine: Engine, function: dict[str, Any], wait_for_event: Callable[[str], list[str]]
) -> None:
    stream = {"streamEnabled": True, "streamViewType": "NEW_AND_OLD_IMAGES"}
    table = engine.register(TABLE, "table", TABLE_INPUTS | stream)[1]
    pattern = {"eventName": ["INSERT"], "dynamodb": {"Keys": {"PK": {"S": [{"prefix": "USER#"}]}}}}
    inputs = {
        "functionName": function["arn"],
        "eventSourceArn": table["streamArn"],
        "startingPosition": "TRIM_HORIZON",
        "batchSize": 10,
        "bisectBatchOnFunctionError": True,
        "maximumRetryAttempts": 3,
        "maximumRecordAgeInSeconds": 3600,
        "functionResponseTypes": ["ReportBatchItemFailures"],
        "filterCriteria": {"filters": [{"pattern": json.dumps(pattern)}]},
    }
    mapping_id = engine.register(MAPPING, "mapping", inputs)[0]

    for key in ("OTHER#1", "USER#1"):
        localaws.client("dynamodb").put_item(TableName=table["name"], Item={"PK": {"S": key}})

    lines = wait_for_event("USER#1")
    assert not any("OTHER#1" in line for line in lines)
    mapping = localaws.client("lambda").get_event_source_mapping(UUID=mapping_id)
    assert mapping["BisectBatchOnFunctionError"]
    assert mapping["MaximumRetryAttempts"] == 3
    assert mapping["StartingPosition"] == "TRIM_HORIZON"


@pytest.mark.parametrize("source", [None, "arn:aws:events:us-east-1:000000000000:rule/other"])
def test_target_without_a_permission_is_rejected_at_the_end(
    engine: Engine, function: dict[str, Any], source: str | None
) -> None:
    """The emulator invokes the function nevertheless; AWS does not."""
    rule = engine.register(EVENT_RULE, "rule", {"scheduleExpression": "rate(1 hour)"})[1]
    engine.register(EVENT_TARGET, "target", {"rule": rule["name"], "arn": function["arn"]})
    if source:
        permission = {"function": function["name"], "action": "lambda:InvokeFunction", "sourceArn": source}
        engine.register(PERMISSION, "permission", permission | {"principal": "events.amazonaws.com"})

    with pytest.raises(DeploymentError, match=f"has no permission for this rule.*source_arn {rule['arn']}"):
        engine.monitor.finish()


def test_schedule_whose_role_trusts_another_service_is_rejected(engine: Engine) -> None:
    trust_policy = TRUST_POLICY.replace("scheduler.amazonaws.com", "states.amazonaws.com")
    role = engine.register(ROLE, "role", {"assumeRolePolicy": trust_policy})[1]["arn"]
    queue = engine.register(QUEUE, "queue", {})[1]["arn"]
    inputs = {
        "scheduleExpression": "rate(1 hour)",
        "flexibleTimeWindow": {"mode": "OFF"},
        "target": {"arn": queue, "roleArn": role},
    }

    message = engine.register_rejected(SCHEDULE, inputs)

    assert "which EventBridge Scheduler cannot assume" in message
    assert "(Source: AWS's error, in aws/aws-sdk-js-v3 issue 6494" in message


@pytest.mark.parametrize(
    ("token", "inputs", "expected"),
    [
        (
            EVENT_TARGET,
            {"rule": "r", "arn": "arn:aws:kinesis:us-east-1:000000000000:stream/s"},
            "invokes only targets of the services events, lambda, sns, sqs, states",
        ),
        (
            SCHEDULE,
            {
                "scheduleExpression": "rate(1 hour)",
                "flexibleTimeWindow": {"mode": "OFF"},
                "target": {"arn": "arn:aws:scheduler:::aws-sdk:sqs:purgeQueue", "roleArn": "r"},
            },
            "invokes only targets of the services lambda, sns, sqs, states",
        ),
        (SCHEDULE, {"scheduleExpression": "rate(1 hour)"}, "flexibleTimeWindow is missing"),
        (EVENT_TARGET, {"rule": "r", "arn": "a", "ecsTarget": {}}, "ecsTarget is not supported"),
        (
            EVENT_RULE,
            {"scheduleExpression": "rate(1 hour)", "state": "ENABLED", "isEnabled": True},
            "state and isEnabled are both set",
        ),
        (EVENT_RULE, {"eventPattern": "source=shop"}, "eventPattern: the text is not valid JSON"),
        (
            EVENT_TARGET,
            {"rule": "r", "arn": "arn:aws:sqs:us-east-1:000000000000:q", "input": f'"{"x" * 8192}"'},
            "input has 8194 characters",
        ),
        (
            TABLE,
            TABLE_INPUTS | {"streamEnabled": True, "streamViewType": "ALL"},
            "streamViewType is 'ALL'; allowed: KEYS_ONLY, NEW_AND_OLD_IMAGES",
        ),
    ],
)
def test_input_that_is_not_supported_is_rejected(
    engine: Engine, token: str, inputs: dict[str, Any], expected: str
) -> None:
    assert expected in engine.register_rejected(token, inputs)
