"""Schedule expressions are checked against AWS's grammar."""

import pytest
from pulumi_localaws.resources.rules.schedule_expressions import find_expression_problem

ALL = ("rate", "cron", "at")


@pytest.mark.parametrize(
    "expression",
    [
        "rate(1 minute)",
        "rate(5 minutes)",
        "rate(1 hour)",
        "rate(365 days)",
        "cron(0 10 * * ? *)",
        "cron(0/15 8-18/2 ? * MON-FRI,SUN 2030-2040)",
        "cron(*/5 * ? JAN,DEC 6L *)",
        "cron(0 0 L * ? *)",
        "cron(0 0 15W * ? *)",
        "cron(0 0 ? * 3#2 *)",
        "at(2030-12-31T23:59:59)",
    ],
)
def test_valid_expression_has_no_problem(expression: str) -> None:
    assert find_expression_problem(expression, ALL) is None


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("rate(1 minutes)", "the unit of 1 must be singular. Use rate(1 minute)"),
        ("rate(5 hour)", "the unit of 5 must be plural. Use rate(5 hours)"),
        ("rate(0 minutes)", "allowed: rate(<number> <unit>)"),
        ("rate(30 seconds)", "with the units minute, minutes, hour, hours, day, days"),
        ("cron(0 10 * * ?)", "it has 5 fields; allowed: cron(<minutes> <hours>"),
        ("cron(60 10 * * ? *)", "the field minutes is '60'; allowed: 0 to 59"),
        ("cron(0 10-24 * * ? *)", "the field hours is '10-24'"),
        ("cron(0/0 10 * * ? *)", "the field minutes is '0/0'"),
        ("cron(0 10 ? FOO MON *)", "the field month is 'FOO'; allowed: 1 to 12 or JAN to DEC"),
        ("cron(0 10 ? * 8 *)", "the field day of week is '8'; allowed: 1 to 7 or SUN to SAT"),
        ("cron(? 10 1 * ? *)", "the field minutes is '?'"),
        ("cron(0 10 1 * MON *)", "day of month or day of week must be ?"),
        ("at(2030-12-31)", "allowed: at(yyyy-mm-ddThh:mm:ss)"),
        ("at(2030-1-1T0:0:0)", "allowed: at(yyyy-mm-ddThh:mm:ss)"),
        ("every hour", "allowed: rate(<number> <unit>)"),
        ("Rate(1 hour)", "is 'Rate(1 hour)'; allowed: rate"),
    ],
)
def test_invalid_expression_has_a_problem(expression: str, expected: str) -> None:
    assert expected in str(find_expression_problem(expression, ALL))


def test_form_of_another_service_is_a_problem() -> None:
    """Only EventBridge Scheduler has one-time schedules."""
    problem = find_expression_problem("at(2030-12-31T23:59:59)", ("rate", "cron"))

    assert "at(yyyy" not in str(problem).split("allowed:")[1]
