"""A plan and the difference of two plans as text."""

import shlex
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from userprofiles.backfill.plan.plan_file import Plan

_RULER = "=" * 60
_SHOWN_DIFFERENCES = 40
_CENT = 0.01


def format_plan(plan: Plan, path: Path, apply_options: Sequence[str] = ()) -> str:
    """Return what the command prints for a plan.

    Args:
        plan: The plan.
        path: Its file.
        apply_options: The options of `apply` that the plan suggests.
    """
    document, counts = plan.document, plan.counts
    template = document["template"]
    command = ["userprofiles", "backfill", "apply", str(path), *apply_options]
    lines = [
        _RULER,
        f"Plan {plan.plan_id}",
        _RULER,
        f"Table:    {document['table']['arn']}",
        f"Template: {template['name']} {template['version']}",
        f"Source:   {_format_source(document['source'])}",
        "",
        f"{counts['processed']:>12,} users",
        f"{counts['created']:>12,} to create",
        *(f"{count:>12,}   of these with the note {name}" for name, count in counts.get("notes", {}).items()),
        f"{counts['existed']:>12,} exist already",
        *(f"{count:>12,} to skip: {reason}" for reason, count in counts["skipped"].items()),
        *(f"{count:>12,} fail: {reason}" for reason, count in counts["failedByReason"].items()),
        "",
        *_format_estimate(document["estimate"]),
        *_format_warnings(document["warnings"]),
        _RULER,
        f"The plan is in {path}. Nothing was written to the table. To apply it:",
        f"  {shlex.join(command)}",
    ]
    return "\n".join(lines)


def _format_source(source: Mapping[str, Any]) -> str:
    """Return a source as `--source` names it."""
    name = source.get("name") or source.get("poolId") or source.get("path")
    return f"{source['kind']}:{name}" if name else str(source["kind"])


def _format_estimate(estimate: Mapping[str, Any]) -> list[str]:
    cost = estimate["cost"]
    speed = estimate["writeUnitsPerSecond"]
    pace = f"at {speed:,g} write units per second" if speed else "without a limit, as fast as the plan"
    return [
        f"Capacity: {estimate['writeUnits']:,} write units, {estimate['readUnits']:,} read units",
        f"Cost:     {_format_money(cost['requests'])} {cost['currency']} for requests",
        f"          {_format_money(cost['backupMonth'])} {cost['currency']} a month for an on-demand backup",
        f"          Prices of {cost['pricesRegion']}, {cost['pricesOf']}.",
        *(f"          {note}" for note in cost["notes"]),
        f"Duration: at least {timedelta(seconds=round(estimate['seconds']))} {pace}",
    ]


def _format_money(amount: float) -> str:
    return f"about {amount:,.2f}" if amount >= _CENT else "less than 0.01"


def _format_warnings(warnings: Sequence[Mapping[str, str]]) -> list[str]:
    return ["", *(f"Warning: {warning['message']}" for warning in warnings)] if warnings else []


def format_differences(differences: Sequence[Mapping[str, Any]]) -> str:
    """Return the difference of two plans as lines."""
    if not differences:
        return "The plans are the same, except for their ids, times and samples."
    lines = [
        f"{difference['name']}: {difference['first']} -> {difference['second']}"
        for difference in differences[:_SHOWN_DIFFERENCES]
    ]
    hidden = len(differences) - len(lines)
    return "\n".join([*lines, f"… and {hidden:,} more; --json shows all" if hidden else ""]).rstrip()
