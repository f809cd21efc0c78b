"""Checks the grammar of schedule expressions: rate, cron and at.

Sources: EventBridge user guide, "Rate expressions reference" and "Cron expressions reference"; EventBridge
Scheduler user guide, "Schedule types in EventBridge Scheduler".
"""

import re
from datetime import datetime

_FORMS = {
    "rate": "rate(<number> <unit>) with the units minute, minutes, hour, hours, day, days",
    "cron": "cron(<minutes> <hours> <day of month> <month> <day of week> <year>)",
    "at": "at(yyyy-mm-ddThh:mm:ss)",
}
_RATE = re.compile(r"([1-9]\d*) +(minute|hour|day)(s?)")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_CRON_FIELDS: tuple[tuple[str, int, int, tuple[str, ...], str], ...] = (
    ("minutes", 0, 59, (), ""),
    ("hours", 0, 23, (), ""),
    ("day of month", 1, 31, (), r"\?|L|L-\d+|LW|\d+W"),
    ("month", 1, 12, _MONTHS, ""),
    ("day of week", 1, 7, _DAYS, r"\?|L|\w+L|\w+#[1-5]"),
    ("year", 1970, 2199, (), ""),
)
"""Name, lowest and highest number, names, and the pattern of the other allowed texts."""


def find_expression_problem(expression: str, forms: tuple[str, ...]) -> str | None:
    """Return what is wrong with a schedule expression, or None.

    Args:
        expression: The expression.
        forms: The allowed forms: ``rate``, ``cron``, ``at``.
    """
    match = re.fullmatch(r"(\w+)\((.*)\)", expression)
    if match is None or match[1] not in forms:
        return f"is {expression!r}; allowed: {', or '.join(_FORMS[form] for form in forms)}"
    find_problem = {"rate": _find_rate_problem, "cron": _find_cron_problem, "at": _find_time_problem}
    problem = find_problem[match[1]](match[2])
    return f"is {expression!r}; {problem}" if problem else None


def _find_rate_problem(text: str) -> str | None:
    match = _RATE.fullmatch(text)
    if match is None:
        return f"allowed: {_FORMS['rate']}"
    number, unit, plural = match.groups()
    if (number == "1") == (plural == ""):
        return None
    kind, valid = ("singular", unit) if number == "1" else ("plural", f"{unit}s")
    return f"the unit of {number} must be {kind}. Use rate({number} {valid})"


def _find_time_problem(text: str) -> str | None:
    try:
        valid = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S").isoformat() == text  # noqa: DTZ007 has no zone
    except ValueError:
        valid = False
    return None if valid else f"allowed: {_FORMS['at']}"


def _find_cron_problem(text: str) -> str | None:
    values = text.split()
    if len(values) != len(_CRON_FIELDS):
        return f"it has {len(values)} fields; allowed: {_FORMS['cron']}"
    for (name, lowest, highest, names, other), value in zip(_CRON_FIELDS, values, strict=True):
        for item in value.split(","):
            is_other = re.fullmatch(other, item) if other else None
            if not is_other and not _is_cron_item(item, lowest, highest, names):
                choices = f"{lowest} to {highest}{f' or {names[0]} to {names[-1]}' if names else ''}"
                return f"the field {name} is {value!r}; allowed: {choices}, with the wildcards of this field"
    if "?" not in (values[2], values[4]):
        return "day of month or day of week must be ?. Use ? for the one that does not matter"
    return None


def _is_cron_item(item: str, lowest: int, highest: int, names: tuple[str, ...]) -> bool:
    """Return whether an item of a list is *, a value or a range, with or without a step."""
    base, slash, step = item.partition("/")
    if slash and not re.fullmatch(r"[1-9]\d*", step):
        return False
    if base == "*":
        return True
    ends = base.split("-")
    return len(ends) <= 2 and all(  # noqa: PLR2004 a range has two ends
        end.upper() in names or (re.fullmatch(r"\d+", end) and lowest <= int(end) <= highest) for end in ends
    )
