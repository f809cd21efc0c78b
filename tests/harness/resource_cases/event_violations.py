"""Configurations of events, schedules, streams and backups that AWS rejects, and the engine's messages."""

import json
from typing import Any

from resource_cases.case import EVENT_RULE, EVENT_TARGET, MAPPING, PLAN, QUEUE_ARN, SCHEDULE

FUNCTION_ARN = "arn:aws:lambda:us-east-1:000000000000:function:f"
STREAM_ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/x"
STREAM_INPUTS = {"functionName": "f", "eventSourceArn": STREAM_ARN, "startingPosition": "LATEST"}
TARGET_INPUTS = {"rule": "r", "arn": QUEUE_ARN}
SCHEDULE_INPUTS: dict[str, Any] = {
    "scheduleExpression": "rate(1 hour)",
    "flexibleTimeWindow": {"mode": "OFF"},
    "target": {"arn": FUNCTION_ARN, "roleArn": "arn:aws:iam::000000000000:role/missing"},
}
PLAN_RULE = {"ruleName": "r", "targetVaultName": "vault"}

EVENT_VIOLATIONS: list[tuple[str, dict[str, Any], str]] = [
    (
        MAPPING,
        STREAM_INPUTS | {"startingPosition": "AT_TIMESTAMP"},
        "startingPosition is 'AT_TIMESTAMP'; allowed for a DynamoDB stream: LATEST, TRIM_HORIZON",
    ),
    (
        MAPPING,
        {"functionName": "f", "eventSourceArn": QUEUE_ARN, "bisectBatchOnFunctionError": True},
        "bisectBatchOnFunctionError must not be set for a queue",
    ),
    (
        MAPPING,
        STREAM_INPUTS | {"scalingConfig": {"maximumConcurrency": 2}},
        "scalingConfig is set; allowed only for a queue",
    ),
    (
        MAPPING,
        STREAM_INPUTS | {"filterCriteria": {"filters": [{"pattern": '{"eventName": "INSERT"}'}]}},
        "filterCriteria.filters[0].pattern: eventName is 'INSERT'; allowed: a list of one or more values",
    ),
    (
        MAPPING,
        STREAM_INPUTS | {"filterCriteria": {"filters": [{"pattern": "{}"}] * 11}},
        "filterCriteria.filters has 11 items; allowed: at most 10",
    ),
    (
        MAPPING,
        STREAM_INPUTS | {"destinationConfig": {"onFailure": {"destinationArn": f"{QUEUE_ARN}.fifo"}}},
        "allowed: a standard queue or a standard topic",
    ),
    (
        MAPPING,
        STREAM_INPUTS | {"maximumRecordAgeInSeconds": 59},
        "maximumRecordAgeInSeconds is 59; allowed: -1, or 60 to 604800",
    ),
    (EVENT_RULE, {"name": "r"}, "eventPattern and scheduleExpression are missing"),
    (
        EVENT_RULE,
        {"scheduleExpression": "rate(1 minutes)"},
        "scheduleExpression is 'rate(1 minutes)'; the unit of 1 must be singular. Use rate(1 minute)",
    ),
    (
        EVENT_RULE,
        {"scheduleExpression": "rate(1 day)", "eventBusName": "orders"},
        "eventBusName is 'orders'; allowed for a rule with scheduleExpression: default",
    ),
    (
        EVENT_RULE,
        {"eventPattern": json.dumps({"detail": {"kind": "a"}})},
        "eventPattern: detail.kind is 'a'; allowed: a list of one or more values, or an object",
    ),
    (
        EVENT_TARGET,
        TARGET_INPUTS | {"input": "{}", "inputPath": "$.detail"},
        "input and inputPath are both set",
    ),
    (EVENT_TARGET, TARGET_INPUTS | {"input": "{kind}"}, "input must be a JSON text"),
    (
        EVENT_TARGET,
        {"rule": "r", "arn": "arn:aws:states:us-east-1:000000000000:stateMachine:m"},
        "roleArn is missing. A target that is a state machine requires a role",
    ),
    (
        SCHEDULE,
        SCHEDULE_INPUTS | {"scheduleExpression": "at(2030-02-30T00:00:00)"},
        "scheduleExpression is 'at(2030-02-30T00:00:00)'; allowed: at(yyyy-mm-ddThh:mm:ss)",
    ),
    (
        SCHEDULE,
        SCHEDULE_INPUTS | {"flexibleTimeWindow": {"mode": "FLEXIBLE"}},
        "flexibleTimeWindow.maximumWindowInMinutes is missing",
    ),
    (
        SCHEDULE,
        SCHEDULE_INPUTS | {"target": {**SCHEDULE_INPUTS["target"], "input": "now"}},
        "target.input must be a JSON text",
    ),
    (SCHEDULE, SCHEDULE_INPUTS, "role/missing', which is not a role of this account"),
    (
        PLAN,
        {"rules": [PLAN_RULE | {"schedule": "cron(0 5 * * * *)"}]},
        "rules[0].schedule is 'cron(0 5 * * * *)'; day of month or day of week must be ?",
    ),
    (
        PLAN,
        {"rules": [PLAN_RULE | {"lifecycle": {"coldStorageAfter": 30, "deleteAfter": 119}}]},
        "rules[0].lifecycle.deleteAfter is 119; allowed: at least 90 more than coldStorageAfter, 120",
    ),
    (PLAN, {"rules": [PLAN_RULE | {"startWindow": 59}]}, "rules[0].startWindow is 59; allowed: at least 60"),
]
