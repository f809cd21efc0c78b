"""Rules of EventBridge and EventBridge Scheduler."""

import json

from pulumi_localaws.errors import DeploymentError
from pulumi_localaws.resources.policy_rules import to_text_list
from pulumi_localaws.resources.resource_type import Properties, ResourceContext
from pulumi_localaws.resources.rules.event_patterns import find_pattern_problem
from pulumi_localaws.resources.rules.rule import Rule
from pulumi_localaws.resources.rules.schedule_expressions import find_expression_problem

_RULE = "aws:cloudwatch/eventRule:EventRule"
_TARGET = "aws:cloudwatch/eventTarget:EventTarget"
_SCHEDULE = "aws:scheduler/schedule:Schedule"
_EXPRESSION_PAGES = "EventBridge: Rate expressions reference; Cron expressions reference"
_TARGET_PAGE = "EventBridge API: PutTargets, Target"
_INPUT_SETTINGS = ("input", "inputPath", "inputTransformer")
_SCHEDULER = "scheduler.amazonaws.com"
_JSON_SERVICES = ("lambda", "states")


def _check_trigger(_: ResourceContext, inputs: Properties) -> str | None:
    if inputs.get("eventPattern") or inputs.get("scheduleExpression"):
        return None
    return "eventPattern and scheduleExpression are missing. Set at least one of them"


def _check_rule_expression(_: ResourceContext, inputs: Properties) -> str | None:
    problem = find_expression_problem(inputs["scheduleExpression"], ("rate", "cron"))
    return f"scheduleExpression {problem}" if problem else None


def _check_bus(_: ResourceContext, inputs: Properties) -> str | None:
    bus = inputs.get("eventBusName", "default")
    if bus == "default" or bus.endswith(":event-bus/default"):
        return None
    return (
        f"eventBusName is {bus!r}; allowed for a rule with scheduleExpression: default. Use"
        " aws.scheduler.Schedule"
    )


def _check_pattern(_: ResourceContext, inputs: Properties) -> str | None:
    problem = find_pattern_problem(inputs["eventPattern"])
    return f"eventPattern: {problem}" if problem else None


def _check_input_settings(_: ResourceContext, inputs: Properties) -> str | None:
    names = [name for name in _INPUT_SETTINGS if name in inputs]
    return f"{' and '.join(names)} are both set. Set only one of them" if len(names) > 1 else None


def _check_target_input(_: ResourceContext, inputs: Properties) -> str | None:
    return _describe_invalid_json("input", inputs["input"])


def _check_target_role(_: ResourceContext, inputs: Properties) -> str | None:
    if inputs["arn"].split(":")[2:3] != ["states"] or inputs.get("roleArn"):
        return None
    return "roleArn is missing. A target that is a state machine requires a role"


def _check_schedule_expression(_: ResourceContext, inputs: Properties) -> str | None:
    problem = find_expression_problem(inputs["scheduleExpression"], ("rate", "cron", "at"))
    return f"scheduleExpression {problem}" if problem else None


def _check_time_window(_: ResourceContext, inputs: Properties) -> str | None:
    window = inputs["flexibleTimeWindow"]
    if window.get("mode") == "FLEXIBLE" and not window.get("maximumWindowInMinutes"):
        return "flexibleTimeWindow.maximumWindowInMinutes is missing. The mode FLEXIBLE requires 1 to 1440"
    return None


def _check_schedule_input(_: ResourceContext, inputs: Properties) -> str | None:
    target = inputs["target"]
    if "input" not in target or target.get("arn", "").split(":")[2:3] not in [[s] for s in _JSON_SERVICES]:
        return None
    return _describe_invalid_json("target.input", target["input"])


def _check_schedule_role(ctx: ResourceContext, inputs: Properties) -> str | None:
    arn = inputs["target"].get("roleArn", "")
    try:
        role = ctx.call("iam", "get_role", RoleName=arn.rsplit("/", 1)[-1])["Role"]
    except DeploymentError:
        return f"target.roleArn is {arn!r}, which is not a role of this account. Use the ARN of a role"
    document = role["AssumeRolePolicyDocument"]
    for statement in document.get("Statement", []):
        principal = statement.get("Principal", {})
        services = to_text_list(principal.get("Service")) if isinstance(principal, dict) else []
        if statement.get("Effect") == "Allow" and _SCHEDULER in services:
            return None
    return (
        f"target.roleArn is {arn!r}, which EventBridge Scheduler cannot assume. Allow sts:AssumeRole to the"
        f" service {_SCHEDULER} in the role's trust policy"
    )


def _describe_invalid_json(path: str, text: str) -> str | None:
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return f"{path} must be a JSON text ({error}). Use json.dumps"
    return None


RULES = (
    Rule(
        _RULE,
        ("name", "eventPattern", "scheduleExpression"),
        "A rule has an event pattern or a schedule expression",
        "EventBridge API: PutRule",
        _check_trigger,
    ),
    Rule(
        _RULE,
        ("scheduleExpression",),
        "scheduleExpression is a rate or cron expression; the unit of the rate 1 is singular",
        _EXPRESSION_PAGES,
        _check_rule_expression,
    ),
    Rule(
        _RULE,
        ("scheduleExpression", "eventBusName"),
        "A rule with a schedule expression is on the default event bus",
        "Pulumi Registry: aws.cloudwatch.EventRule, scheduleExpression",
        _check_bus,
    ),
    Rule(
        _RULE,
        ("eventPattern",),
        "The fields of eventPattern are objects or lists of one or more values",
        "EventBridge: Event pattern syntax",
        _check_pattern,
    ),
    Rule(
        _TARGET,
        ("arn", *_INPUT_SETTINGS),
        "A target has only one of input, inputPath and inputTransformer",
        _TARGET_PAGE,
        _check_input_settings,
    ),
    Rule(_TARGET, ("input",), "input is a JSON text", _TARGET_PAGE, _check_target_input),
    Rule(
        _TARGET,
        ("arn", "roleArn"),
        "A target that is a state machine has a role",
        _TARGET_PAGE,
        _check_target_role,
    ),
    Rule(
        _SCHEDULE,
        ("scheduleExpression",),
        "scheduleExpression is a rate, cron or at expression; the unit of the rate 1 is singular",
        f"EventBridge Scheduler: Schedule types; {_EXPRESSION_PAGES}",
        _check_schedule_expression,
    ),
    Rule(
        _SCHEDULE,
        ("flexibleTimeWindow",),
        "The time window FLEXIBLE has a maximum window",
        "EventBridge Scheduler: Configuring flexible time windows",
        _check_time_window,
    ),
    Rule(
        _SCHEDULE,
        ("target",),
        "The input of a function or state machine is a JSON text",
        "EventBridge Scheduler API: Target",
        _check_schedule_input,
    ),
    Rule(
        _SCHEDULE,
        ("target",),
        "EventBridge Scheduler can assume the target's role",
        "AWS's error, in aws/aws-sdk-js-v3 issue 6494; EventBridge Scheduler: Setting up",
        _check_schedule_role,
    ),
)
