"""EventBridge: event buses, rules and their targets."""

from pulumi_localaws.resources.document_checks import build_property_check, check_json_object
from pulumi_localaws.resources.function_permissions import has_permission
from pulumi_localaws.resources.input_schema import BOOL, INT, STR, InputSchema, MapOf, ObjectOf
from pulumi_localaws.resources.resource_type import (
    AutoNaming,
    Properties,
    ResourceContext,
    ResourceResult,
    define_resource_type,
)

_DEFAULT_BUS = "default"
_SERVICE = "events.amazonaws.com"
_TARGET_SERVICES = ("events", "lambda", "sns", "sqs", "states")
"""The services that the emulator invokes; it drops the events for all others."""

_TARGET_INPUTS: dict[str, InputSchema] = {
    "arn": STR,
    "rule": STR,
    "deadLetterConfig": ObjectOf({"arn": STR}),
    "eventBusName": STR,
    "forceDestroy": BOOL,
    "input": STR,
    "inputPath": STR,
    "inputTransformer": ObjectOf(
        {"inputPaths": MapOf(STR), "inputTemplate": STR}, {"inputPaths": "InputPathsMap"}
    ),
    "retryPolicy": ObjectOf({"maximumEventAgeInSeconds": INT, "maximumRetryAttempts": INT}),
    "roleArn": STR,
    "sqsTarget": ObjectOf({"messageGroupId": STR}),
    "targetId": STR,
}


def check_target_service(name: str, arn: str, services: tuple[str, ...]) -> None:
    """Check that the emulator invokes targets of a service.

    Args:
        name: The input that holds the ARN.
        arn: The target's ARN.
        services: The services that the emulator invokes.

    Raises:
        ValueError: It does not; on AWS, the target may be valid.
    """
    service = [*arn.split(":"), "", "", ""][2]
    if service not in services:
        raise ValueError(
            f"{name} is {arn!r}; the local deployment invokes only targets of the services"
            f" {', '.join(services)}"
        )


def _check_rule(inputs: Properties) -> None:
    build_property_check("eventPattern", check_json_object)(inputs)
    if "state" in inputs and "isEnabled" in inputs:
        raise ValueError("state and isEnabled are both set. Set only state: isEnabled is deprecated")


def _create_event_bus(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    name = inputs["name"]
    response = ctx.call("events", "create_event_bus", **ctx.to_aws(inputs), Tags=ctx.build_tag_list())
    ctx.record_undo("events", "delete_event_bus", Name=name)
    return ResourceResult(name, {"arn": response["EventBusArn"]})


def _build_rule_id(bus: str, rule: str) -> str:
    return rule if bus == _DEFAULT_BUS else f"{bus}/{rule}"


def _create_rule(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    name, bus = inputs["name"], inputs.get("eventBusName", _DEFAULT_BUS)
    state = inputs.get("state", "ENABLED" if inputs.get("isEnabled", True) else "DISABLED")
    arn = ctx.call(
        "events",
        "put_rule",
        **{**ctx.to_aws(inputs), "EventBusName": bus, "State": state},
        Tags=ctx.build_tag_list(),
    )["RuleArn"]
    ctx.record_undo("events", "delete_rule", Name=name, EventBusName=bus)
    return ResourceResult(_build_rule_id(bus, name), {"arn": arn, "eventBusName": bus, "state": state})


def _create_target(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    rule, target_id = inputs["rule"], inputs["targetId"]
    bus = inputs.get("eventBusName", _DEFAULT_BUS)
    response = ctx.call("events", "put_targets", Rule=rule, EventBusName=bus, Targets=[ctx.to_aws(inputs)])
    if response["FailedEntryCount"]:
        raise ctx.build_error(f"events put_targets: {response['FailedEntries']}")
    ctx.record_undo("events", "remove_targets", Rule=rule, EventBusName=bus, Ids=[target_id])
    if inputs["arn"].split(":")[2:3] == ["lambda"] and not inputs.get("roleArn"):
        # The program can create the permission after the target.
        ctx.add_wait(lambda: _require_permission(ctx, inputs["arn"], rule, bus))
    return ResourceResult(f"{_build_rule_id(bus, rule).replace('/', '-')}-{target_id}", {"eventBusName": bus})


def _require_permission(ctx: ResourceContext, function_arn: str, rule: str, bus: str) -> None:
    """Check that the rule may invoke the function. The emulator invokes it without a permission.

    Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html

    Raises:
        DeploymentError: On AWS, every invocation would fail.
    """
    rule_arn = ctx.build_arn("events", f"rule/{_build_rule_id(bus, rule)}")
    if not has_permission(ctx, function_arn, principal=_SERVICE, source_arn=rule_arn):
        raise ctx.build_error(
            f"the function {function_arn!r} has no permission for this rule, so that AWS would not invoke it."
            f" Add an aws.lambda_.Permission with the principal {_SERVICE} and the source_arn {rule_arn}."
            " (Source: EventBridge: Using resource-based policies for Amazon EventBridge)"
        )


def _check_target(inputs: Properties) -> None:
    check_target_service("arn", inputs.get("arn", ""), _TARGET_SERVICES)


RESOURCE_TYPES = (
    define_resource_type(
        "aws:cloudwatch/eventBus:EventBus",
        {
            "name": STR,
            "deadLetterConfig": ObjectOf({"arn": STR}),
            "description": STR,
            "eventSourceName": STR,
            "kmsKeyIdentifier": STR,
        },
        create=_create_event_bus,
        outputs=("arn",),
        naming=AutoNaming("name", 256),
        tags=True,
    ),
    define_resource_type(
        "aws:cloudwatch/eventRule:EventRule",
        {
            "name": STR,
            "description": STR,
            "eventBusName": STR,
            "eventPattern": STR,
            "forceDestroy": BOOL,
            "isEnabled": BOOL,
            "roleArn": STR,
            "scheduleExpression": STR,
            "state": STR,
        },
        create=_create_rule,
        aws_names={"forceDestroy": None, "isEnabled": None},
        outputs=("arn",),
        naming=AutoNaming("name", 64, prefix_property="namePrefix"),
        tags=True,
        check=_check_rule,
    ),
    define_resource_type(
        "aws:cloudwatch/eventTarget:EventTarget",
        _TARGET_INPUTS,
        create=_create_target,
        aws_names={
            "rule": None,
            "eventBusName": None,
            "forceDestroy": None,
            "sqsTarget": "SqsParameters",
            "targetId": "Id",
        },
        naming=AutoNaming("targetId", 64),
        check=_check_target,
    ),
)
