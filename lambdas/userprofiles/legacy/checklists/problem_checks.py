"""The errors and the feedback of users since the cut-over, from the metric of `social.import_problems`."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from userprofiles.social.import_problems import KINDS, METRIC, dimensions
from userprofiles.stack_setup.check_result import CheckFailedError, Status, call
from userprofiles.stack_setup.stack import Stack
from userprofiles.telemetry import NAMESPACE

PERIOD_S = 300
"""Seconds of a data point. CloudWatch keeps data points of five minutes for 63 days ("Metrics retention",
Amazon CloudWatch User Guide)."""

_MAX_DAYS = 63


def check_problems(stack: Stack, cut_over: datetime | None, now: datetime, max_problems: int) -> str:
    """Check that few problems were counted since the cut-over.

    Args:
        stack: The stack.
        cut_over: When the new application went live; None if the operator did not say.
        now: The current time.
        max_problems: The accepted number.
    """
    if cut_over is None:
        raise CheckFailedError(
            "the time of the cut-over is unknown",
            "Pass it: --cut-over YYYY-MM-DDTHH:MMZ.",
            Status.NOT_CHECKED,
        )
    if not timedelta() <= now - cut_over <= timedelta(days=_MAX_DAYS):
        raise CheckFailedError(
            f"--cut-over is {cut_over.isoformat()}; it must be in the past, at most {_MAX_DAYS} days ago",
            "Correct the time.",
        )
    counts = read_problems(stack, cut_over, now)
    text = ", ".join(f"{kind}: {count:,}" for kind, count in counts.items())
    if sum(counts.values()) > max_problems:
        raise CheckFailedError(
            f"{text}; accepted are {max_problems:,}",
            "Read the log of the function social-api since the cut-over, and the tickets of your help desk. "
            "Accept a number of problems with --max-problems.",
        )
    return text


def read_problems(stack: Stack, start: datetime, end: datetime) -> dict[str, int]:
    """Return the problems of a time by kind."""
    missing = CheckFailedError("CloudWatch has no metrics in this region", "Check the region.")
    counts = dict.fromkeys(KINDS, 0)
    position: dict[str, str] = {}
    while True:
        response = call(
            stack,
            "cloudwatch",
            "get_metric_data",
            missing=missing,
            MetricDataQueries=[_query(kind, stack.users_table) for kind in KINDS],
            StartTime=start,
            EndTime=end,
            **position,
        )
        for result in response["MetricDataResults"]:
            counts[result["Id"]] += round(sum(result["Values"]))
        if not response.get("NextToken"):
            return counts
        position = {"NextToken": response["NextToken"]}


def _query(kind: str, table: str) -> Mapping[str, Any]:
    metric = {
        "Namespace": NAMESPACE,
        "MetricName": METRIC,
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions(table, kind).items()],
    }
    return {"Id": kind, "MetricStat": {"Metric": metric, "Period": PERIOD_S, "Stat": "Sum"}}
