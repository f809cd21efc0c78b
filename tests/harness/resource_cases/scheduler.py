"""Cases of EventBridge Scheduler."""

import json

from resource_cases.case import QUEUE, ROLE, SCHEDULE, Case

_GROUP = "aws:scheduler/scheduleGroup:ScheduleGroup"

CASES: dict[str, Case] = {
    _GROUP: Case(
        inputs=lambda _: {"tags": {"team": "a"}},
        probe=lambda client, resource_id, _: client("scheduler").get_schedule_group(Name=resource_id)["Arn"],
        outputs=("arn", "name", "creationDate", "lastModificationDate", "state"),
    ),
    SCHEDULE: Case(
        dependencies=(_GROUP, QUEUE, ROLE),
        inputs=lambda created: {
            "groupName": created[_GROUP]["name"],
            "scheduleExpression": "cron(0 3 ? * MON-FRI *)",
            "scheduleExpressionTimezone": "Europe/Berlin",
            "startDate": "2040-01-01T00:00:00Z",
            "flexibleTimeWindow": {"mode": "FLEXIBLE", "maximumWindowInMinutes": 15.0},
            "target": {
                "arn": created[QUEUE]["arn"],
                "roleArn": created[ROLE]["arn"],
                "input": json.dumps({"kind": "a"}),
                "retryPolicy": {"maximumRetryAttempts": 2.0},
                "deadLetterConfig": {"arn": created[QUEUE]["arn"]},
            },
        },
        probe=lambda client, resource_id, outputs: client("scheduler").get_schedule(
            GroupName=outputs["groupName"], Name=outputs["name"]
        )["FlexibleTimeWindow"]["MaximumWindowInMinutes"],
        outputs=("arn", "name", "groupName", "state"),
    ),
}
