"""The plan of an import as text."""

import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from userprofiles.legacy.job.import_report import USERS_STAGE, count_withheld
from userprofiles.legacy.job.plan_file import ImportPlan
from userprofiles.legacy.mapping.first_pass import first_pass_lines

_RULER = "=" * 60
_SHOWN_CONFLICTS = 10


def format_plan(plan: ImportPlan, path: Path, decisions: Path | None, outputs: Path | None) -> str:
    """Return what the command prints for a plan.

    Args:
        plan: The plan.
        path: Its file.
        decisions: The file with the proposed decisions, or None.
        outputs: The file with the outputs of the stack, or None.
    """
    options = ["--outputs", str(outputs)] if outputs else []
    command = ["userprofiles", "import", "apply", str(path), *options]
    lines = [
        _RULER,
        f"Plan {plan.plan_id}",
        _RULER,
        f"Source:   {plan.source}",
        f"Mapping:  {plan.mapping}",
        f"Pool:     {plan.target['userPoolId']}",
        f"Table:    {plan.target['table']}",
        f"Users:    {_format_part(plan)}",
        *_empty_batch_lines(plan),
        "",
        *unit_lines(plan.units),
        *_withheld_lines(plan),
        "",
        *first_pass_lines(plan.document["firstPass"]),
        "",
        *_conflict_lines(plan, decisions),
        *_estimate_lines(plan.document["estimate"]),
        _RULER,
        f"The plan is in {path}. Nothing was written to AWS. To apply it:",
        f"  {shlex.join(command)}",
    ]
    return "\n".join(lines)


def _format_part(plan: ImportPlan) -> str:
    part = plan.part
    if part.is_whole:
        return "all"
    if part.limit is None:
        return f"all after the first {part.skip:,}"
    return f"{part.skip + 1:,} to {part.skip + part.limit:,} in the order of the source"


def _empty_batch_lines(plan: ImportPlan) -> Iterator[str]:
    is_empty = not any(unit["outcomes"] for unit in plan.units if unit["stage"] == USERS_STAGE)
    if plan.part.skip and is_empty:
        yield f"Warning:  no user is in this batch. The source has at most {plan.part.skip:,} users."


def _withheld_lines(plan: ImportPlan) -> Iterator[str]:
    if count := count_withheld(plan.units):
        yield f"Files that are not copied: {count:,}, because nothing proves whose private files they are."
        yield "Set `public`, `owner` or `trust_media_fields` in their media rules, and make the plan again."


def unit_lines(units: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the counts of each stage and collection as lines."""
    for unit in units:
        yield f"{unit['stage']}, collection {unit['collection']}: {unit['documents']:,} documents"
        for name, count in unit["outcomes"].items():
            yield f"{count:>12,} {name}"
        for reason, count in Counter(unit["reasons"]).most_common():
            yield f"{count:>16,} {reason}"
        for name, count in unit["numbers"].items():
            yield f"{count:>12,} {name}"


def _conflict_lines(plan: ImportPlan, decisions: Path | None) -> Iterator[str]:
    conflicts = [
        conflict for conflict in plan.conflicts if not conflict.proposal.keys() <= plan.choices.keys()
    ]
    decided = len(plan.conflicts) - len(conflicts)
    if decided:
        yield f"Conflicts with decisions: {decided:,}"
        yield ""
    if not conflicts:
        return
    yield f"Conflicts that need a decision: {len(conflicts):,}. Without one, these users are not imported:"
    for conflict in conflicts[:_SHOWN_CONFLICTS]:
        proposal = ", ".join(f"{old_id}: {choice}" for old_id, choice in conflict.proposal.items())
        yield f"  {conflict.kind}: {proposal}"
    if len(conflicts) > _SHOWN_CONFLICTS:
        yield f"  and {len(conflicts) - _SHOWN_CONFLICTS:,} more"
    yield f"All are in the plan. {decisions} has a proposal for each user: edit it, then make the plan again "
    yield f"with --decisions {decisions}, or apply it with this option."
    yield ""


def _estimate_lines(estimate: Mapping[str, Any]) -> Iterator[str]:
    for name, title in (("applySeconds", "Import:"), ("rollbackSeconds", "Rollback:")):
        seconds = estimate[name]
        classes = ", ".join(f"{key} {_duration(value)}" for key, value in seconds.items() if key != "total")
        yield f"{title:<9} at least {_duration(seconds['total'])}" + (f" ({classes})" if classes else "")
    rates = ", ".join(f"{name} {rate:g}/s" for name, rate in estimate["callsPerSecond"].items())
    yield f"Pace:     {rates}"
    yield (
        f"Files:    {estimate['copiedObjects']:,} to copy. The durations do not include them: a first batch "
        "shows the time."
    )
    cost = estimate["cost"]
    yield (
        f"Cost:     about {cost['apply']:,.2f} {cost['currency']} for {estimate['writeUnits']:,.0f} write "
        f"units; about {cost['rollback']:,.2f} for a rollback. "
        f"Prices of {cost['pricesRegion']}, {cost['pricesOf']}."
    )
    for note in cost["notes"]:
        yield f"          {note}"


def _duration(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
