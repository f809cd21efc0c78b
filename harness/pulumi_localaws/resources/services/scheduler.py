"""EventBridge Scheduler: schedules and their groups."""

from datetime import UTC, datetime

from pulumi_localaws.resources.input_schema import INT, STR, ObjectOf
from pulumi_localaws.resources.resource_type import (
    AutoNaming,
    Properties,
    ResourceContext,
    ResourceResult,
    define_resource_type,
)
from pulumi_localaws.resources.services.eventbridge import check_target_service

_TARGET_SERVICES = ("lambda", "sns", "sqs", "states")
"""The services that the emulator invokes as AWS does; it sends its own event to an event bus."""

_TARGET = ObjectOf(
    {
        "arn": STR,
        "roleArn": STR,
        "deadLetterConfig": ObjectOf({"arn": STR}),
        "input": STR,
        "retryPolicy": ObjectOf({"maximumEventAgeInSeconds": INT, "maximumRetryAttempts": INT}),
        "sqsParameters": ObjectOf({"messageGroupId": STR}),
    }
)


def _check_schedule(inputs: Properties) -> None:
    for name in ("flexibleTimeWindow", "scheduleExpression", "target"):
        if not inputs.get(name):
            raise ValueError(f"{name} is missing. A schedule requires it")
    check_target_service("target.arn", inputs["target"].get("arn", ""), _TARGET_SERVICES)


def _create_schedule(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    name, group = inputs["name"], inputs.get("groupName", "default")
    arn = ctx.call("scheduler", "create_schedule", **{**ctx.to_aws(inputs), "GroupName": group})[
        "ScheduleArn"
    ]
    ctx.record_undo("scheduler", "delete_schedule", Name=name, GroupName=group)
    outputs = {
        "arn": arn,
        "groupName": group,
        "state": inputs.get("state", "ENABLED"),
        "scheduleExpressionTimezone": inputs.get("scheduleExpressionTimezone", "UTC"),
    }
    return ResourceResult(f"{group}/{name}", outputs)


def _create_group(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    name = inputs["name"]
    arn = ctx.call("scheduler", "create_schedule_group", Name=name, Tags=ctx.build_tag_list())[
        "ScheduleGroupArn"
    ]
    ctx.record_undo("scheduler", "delete_schedule_group", Name=name)
    now = datetime.now(UTC).isoformat()
    outputs = {"arn": arn, "creationDate": now, "lastModificationDate": now, "state": "ACTIVE"}
    return ResourceResult(name, outputs)


RESOURCE_TYPES = (
    define_resource_type(
        "aws:scheduler/schedule:Schedule",
        {
            "name": STR,
            "actionAfterCompletion": STR,
            "description": STR,
            "endDate": STR,
            "flexibleTimeWindow": ObjectOf({"mode": STR, "maximumWindowInMinutes": INT}),
            "groupName": STR,
            "kmsKeyArn": STR,
            "scheduleExpression": STR,
            "scheduleExpressionTimezone": STR,
            "startDate": STR,
            "state": STR,
            "target": _TARGET,
        },
        create=_create_schedule,
        outputs=("arn",),
        naming=AutoNaming("name", 64, prefix_property="namePrefix"),
        check=_check_schedule,
    ),
    define_resource_type(
        "aws:scheduler/scheduleGroup:ScheduleGroup",
        {"name": STR},
        create=_create_group,
        outputs=("arn", "creationDate", "lastModificationDate", "state"),
        naming=AutoNaming("name", 64, prefix_property="namePrefix"),
        tags=True,
    ),
)
