"""Rules of AWS Backup."""

from pulumi_localaws.resources.resource_type import Properties, ResourceContext
from pulumi_localaws.resources.rules.rule import Rule
from pulumi_localaws.resources.rules.schedule_expressions import find_expression_problem

_PLAN = "aws:backup/plan:Plan"
_MIN_COLD_STORAGE_DAYS = 90
_MIN_START_WINDOW = 60


def _check_schedules(_: ResourceContext, inputs: Properties) -> str | None:
    for index, rule in enumerate(inputs["rules"]):
        problem = find_expression_problem(rule["schedule"], ("cron",)) if rule.get("schedule") else None
        if problem:
            return f"rules[{index}].schedule {problem}"
    return None


def _check_lifecycles(_: ResourceContext, inputs: Properties) -> str | None:
    for index, rule in enumerate(inputs["rules"]):
        items = [("", rule)]
        items += [
            (f".copyActions[{number}]", copy) for number, copy in enumerate(rule.get("copyActions", []))
        ]
        for path, item in items:
            lifecycle = item.get("lifecycle", {})
            cold, delete = lifecycle.get("coldStorageAfter", 0), lifecycle.get("deleteAfter", 0)
            if cold > 0 and 0 < delete < cold + _MIN_COLD_STORAGE_DAYS:
                return (
                    f"rules[{index}]{path}.lifecycle.deleteAfter is {delete}; allowed: at least"
                    f" {_MIN_COLD_STORAGE_DAYS} more than coldStorageAfter, {cold + _MIN_COLD_STORAGE_DAYS}"
                )
    return None


def _check_start_windows(_: ResourceContext, inputs: Properties) -> str | None:
    for index, rule in enumerate(inputs["rules"]):
        window = rule.get("startWindow", _MIN_START_WINDOW)
        if window < _MIN_START_WINDOW:
            return f"rules[{index}].startWindow is {window}; allowed: at least {_MIN_START_WINDOW} minutes"
    return None


RULES = (
    Rule(
        _PLAN,
        ("rules",),
        "The schedule of a plan's rule is a cron expression",
        "AWS Backup API: BackupRuleInput; EventBridge: Cron expressions reference",
        _check_schedules,
    ),
    Rule(
        _PLAN,
        ("rules",),
        "deleteAfter is at least 90 days after coldStorageAfter",
        "AWS Backup API: Lifecycle",
        _check_lifecycles,
    ),
    Rule(
        _PLAN,
        ("rules",),
        "startWindow is at least 60 minutes",
        "AWS Backup API: BackupRuleInput",
        _check_start_windows,
    ),
)
