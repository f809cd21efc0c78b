"""The report of an import's run, as JSON and as text."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from userprofiles.jobs.counted import counted
from userprofiles.jobs.run_record import RunRecord
from userprofiles.jobs.timeline import Timeline
from userprofiles.legacy.job.balances import check_balances
from userprofiles.legacy.job.import_job import ImportOperation
from userprofiles.legacy.job.stage import MEDIA_WITHHELD, Outcome
from userprofiles.legacy.job.unit_state import UnitState, add_outcomes

USERS_STAGE = "users"
_NEW = (Outcome.CREATED, Outcome.UPDATED)


def build_report(run: RunRecord, states: Sequence[UnitState]) -> dict[str, Any]:
    """Return the report without its lists of records.

    Args:
        run: The stored record of the run.
        states: The progress of its units.
    """
    outcomes = add_outcomes(states)
    return {
        "runId": run.run_id,
        "kind": run.kind,
        "ofRun": run.job.get("ofRun", ""),
        "state": str(run.state),
        "message": run.message,
        "engine": run.engine,
        "table": run.table,
        "userPoolId": run.job.get("stack", {}).get("user_pool_id", ""),
        "source": run.job.get("source", ""),
        "startedBy": run.started_by,
        "startedAt": run.started_at,
        "updatedAt": run.updated_at,
        "seconds": round(run.seconds, 3),
        "codeVersion": run.code_version,
        "templateVersion": run.template_version,
        "planHash": run.plan_hash,
        "processed": sum(outcomes.values()),
        "outcomes": dict(sorted(outcomes.items())),
        "numbers": dict(sorted(add_numbers(states).items())),
        "checks": [] if run.kind == ImportOperation.ROLLBACK else check_balances(add_numbers(states)),
        "stages": [describe_stage(state) for state in states],
        "freezeWindow": _freeze_window(run),
        "timeline": Timeline.from_json(run.counts.get("timeline", {})).summary(run.seconds),
    }


def describe_stage(state: UnitState) -> dict[str, Any]:
    """Return the counts of a unit as a report has them."""
    return {
        "stage": state.unit.stage,
        "collection": state.unit.collection,
        "done": state.done,
        "documents": state.read,
        "outcomes": dict(sorted(state.outcomes.items())),
        "reasons": dict(sorted(state.reasons.items())),
        "numbers": dict(sorted(state.numbers.items())),
        "writeUnits": round(state.write_units, 1),
    }


def add_numbers(states: Iterable[UnitState]) -> Counter[str]:
    """Return the sums of the stages' own counts."""
    numbers: Counter[str] = Counter()
    for state in states:
        numbers.update(state.numbers)
    return numbers


def _freeze_window(run: RunRecord) -> dict[str, Any] | None:
    """Return the time in which the old application must not change, for a delta pass; None otherwise.

    It begins with the first read of the source. A change after that can be missing.
    """
    if run.kind != ImportOperation.DELTA:
        return None
    start, end = (datetime.fromisoformat(text) for text in (run.started_at, run.updated_at))
    return {"from": run.started_at, "until": run.updated_at, "seconds": (end - start).total_seconds()}


def serialize(report: Mapping[str, Any], lists: Mapping[str, Iterable[Mapping[str, Any]]]) -> Iterator[str]:
    """Yield the report as JSON text in pieces, so that the lists are never all in memory."""
    yield json.dumps(report, indent=2).removesuffix("\n}")
    for name, entries in lists.items():
        yield f",\n  {json.dumps(name)}: ["
        separator = "\n    "
        for entry in entries:
            yield separator + json.dumps(entry)
            separator = ",\n    "
        yield "\n  ]" if separator.startswith(",") else "]"
    yield "\n}\n"


def format_report(report: Mapping[str, Any]) -> str:
    """Return a report as lines."""
    lines = [f"Run {report['runId']} ({report['kind']}): {report['state']}"]
    for stage in report["stages"]:
        lines += stage_lines(stage)
    if all(stage["done"] for stage in report["stages"]):
        lines += [f"{'OK' if check['ok'] else 'WRONG':<6} {check['check']}" for check in report["checks"]]
    if withheld := count_withheld(report["stages"]):
        lines.append(
            f"Files that were not copied: {withheld:,}, because nothing proves whose private files they are."
            "\nSet `public`, `owner` or `trust_media_fields` in their media rules, make a new plan, and "
            "apply it with `import delta`."
        )
    window = report["freezeWindow"]
    if window:
        lines.append(
            f"Freeze window: {window['seconds']:,.0f} s, from {window['from']} until {window['until']}. What "
            "the old application changed in this time can be missing."
        )
    return "\n".join(lines)


def count_withheld(units: Sequence[Mapping[str, Any]]) -> int:
    """Return how many private files units of a plan or a report leave out."""
    return sum(unit["numbers"].get(MEDIA_WITHHELD, 0) for unit in units)


def stage_lines(stage: Mapping[str, Any]) -> list[str]:
    """Return the counts of a unit as lines."""
    counts = ", ".join(f"{count:,} {name}" for name, count in stage["outcomes"].items())
    counts = counts or ("nothing to do" if stage["done"] else "not begun")
    collection = f" ({stage['collection']})" if stage["collection"] else ""
    return [
        f"  {stage['stage'] + collection:<42} {counts}",
        *(f"    {count:>10,} {reason}" for reason, count in stage["reasons"].items()),
        *(f"    {count:>10,} {name}" for name, count in stage["numbers"].items()),
    ]


def last_line(report: Mapping[str, Any]) -> str:
    """Return the last line of a complete run: the number of users with an account here."""
    outcomes = Counter[str]()
    for stage in report["stages"]:
        if stage["stage"] == USERS_STAGE:
            outcomes.update(stage["outcomes"])
    if report["kind"] == ImportOperation.ROLLBACK:
        removed = f"Rollback complete: {counted(outcomes[Outcome.REMOVED], 'user')} removed"
        kept = outcomes[Outcome.KEPT]
        return f"{removed}, {counted(kept, 'user')} kept with all their data" if kept else removed
    return f"Migration complete: {counted(sum(outcomes[name] for name in _NEW), 'user')} migrated"
