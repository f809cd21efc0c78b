"""Cases of EventBridge."""

import json

from resource_cases.case import EVENT_RULE, EVENT_TARGET, QUEUE, Case, CreateClient, Properties


def _has_target(client: CreateClient, outputs: Properties) -> bool:
    targets = client("events").list_targets_by_rule(Rule=outputs["rule"])["Targets"]
    return outputs["targetId"] in [target["Id"] for target in targets]


CASES: dict[str, Case] = {
    "aws:cloudwatch/eventBus:EventBus": Case(
        inputs=lambda _: {"description": "orders", "tags": {"team": "a"}},
        probe=lambda client, resource_id, _: client("events").describe_event_bus(Name=resource_id),
        outputs=("arn", "name"),
    ),
    EVENT_RULE: Case(
        inputs=lambda _: {
            "description": "deleted users",
            "eventPattern": json.dumps({"source": ["shop"], "detail": {"kind": ["a"]}}),
            "scheduleExpression": "rate(1 hour)",
            "tags": {"team": "a"},
        },
        probe=lambda client, resource_id, _: client("events").describe_rule(Name=resource_id)["EventPattern"],
        outputs=("arn", "name", "eventBusName", "state"),
    ),
    EVENT_TARGET: Case(
        dependencies=(EVENT_RULE, QUEUE),
        inputs=lambda created: {
            "rule": created[EVENT_RULE]["name"],
            "arn": created[QUEUE]["arn"],
            "inputTransformer": {
                "inputPaths": {"kind": "$.detail.kind"},
                "inputTemplate": '{"kind": <kind>}',
            },
            "retryPolicy": {"maximumRetryAttempts": 2.0, "maximumEventAgeInSeconds": 60.0},
            "deadLetterConfig": {"arn": created[QUEUE]["arn"]},
        },
        probe=lambda client, _, outputs: _has_target(client, outputs),
        outputs=("targetId",),
    ),
}
