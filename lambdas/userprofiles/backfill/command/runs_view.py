"""What `userprofiles runs` prints: a list of runs, one run, and its progress while it runs."""

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any

from userprofiles.backfill.command.output import printable
from userprofiles.jobs.ledger import Ledger
from userprofiles.jobs.run_record import Request, RunRecord, RunState

INTERRUPTED = "interrupted"
STOPPING = "stopping"
WAITING = "waiting for capacity"
_COLUMNS = ("RUN", "KIND", "ENGINE", "STATE", "USERS", "FAILED", "UPDATED", "TABLE")
_COUNTS = ("processed", "created", "existed", "failed")
_SHOWN_UNITS = 20


class Activity(Enum):
    """Who works on a run.

    Attributes:
        NONE: Nobody.
        WORKING: A process has its lease.
        WAITING: No process has its lease, and its execution is running: the functions or the table have no
            capacity.
    """

    NONE = "none"
    WORKING = "working"
    WAITING = "waiting"


def describe_state(run: RunRecord, activity: Activity) -> str:
    """Return the state of a run for people: a running one can be stopping, or its process was killed."""
    if run.state is not RunState.RUNNING:
        return run.state
    if activity is Activity.NONE:
        return INTERRUPTED
    if run.request is Request.STOP:
        return STOPPING
    return WAITING if activity is Activity.WAITING else run.state


def find_activity(
    ledger: Ledger, run: RunRecord, is_execution_running: Callable[[str], bool]
) -> tuple[RunRecord, Activity]:
    """Return a run, and who works on it.

    A run can end after its record was read and before its lease is read. So the record of a run without a
    lease is read again.

    Args:
        ledger: The ledger.
        run: The run.
        is_execution_running: Returns whether the execution with an ARN is running.

    Raises:
        LedgerError: The ledger can't be read.
    """
    if run.state is not RunState.RUNNING:
        return run, Activity.NONE
    if ledger.is_locked(run.run_id):
        return run, Activity.WORKING
    is_waiting = bool(run.execution_arn) and is_execution_running(run.execution_arn)
    run = ledger.read(run.run_id)
    if run.state is RunState.RUNNING and is_waiting:
        return run, Activity.WAITING
    return run, Activity.NONE


def format_list(runs: Iterable[tuple[RunRecord, str]], ledger: str) -> str:
    """Return a table of runs, each with its state."""
    rows = [_COLUMNS, *(_list_row(run, state) for run, state in runs)]
    if len(rows) == 1:
        return f"The ledger {ledger} has no runs."
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    lines = ("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def _list_row(run: RunRecord, state: str) -> tuple[str, ...]:
    users, failed = (f"{_count(run.counts, name):,}" for name in ("processed", "failed"))
    texts = (run.run_id, run.kind, run.engine, state, users, failed, run.updated_at, table_name(run))
    return tuple(map(printable, texts))


def table_name(run: RunRecord) -> str:
    """Return the name of the table that a run writes to."""
    return run.table.rpartition("/")[2] or str(run.job.get("table", ""))


def format_run(run: RunRecord, state: str) -> str:
    """Return a run as lines, with its counts."""
    lines = {
        "run": run.run_id,
        "kind": run.kind,
        "engine": run.engine,
        "state": state,
        "table": run.table or table_name(run),
        "started by": run.started_by,
        "started at": run.started_at,
        "updated at": run.updated_at,
        "duration": f"{run.seconds:,.0f} s",
        "code": run.code_version,
        "template": run.template_version,
        "plan": run.plan_file,
        "plan hash": run.plan_hash,
        "execution": run.execution_arn,
        "report": run.report,
        "message": run.message,
        _counted_things(run): format_counts(run.counts),
    }
    return "\n".join(f"{name + ':':<12} {printable(value)}" for name, value in lines.items() if value)


def _counted_things(run: RunRecord) -> str:
    """Return what a run counts: an import also has content, links and plans."""
    return "records" if run.kind.startswith("import") else "users"


def format_counts(counts: Mapping[str, Any]) -> str:
    """Return the counts of a run in one line."""
    parts = [f"{_count(counts, name):,} {name}" for name in _COUNTS]
    skipped = counts.get("skipped")
    if isinstance(skipped, Mapping) and any(skipped.values()):
        parts.append(f"{sum(skipped.values()):,} skipped")
    other = counts.get("other")
    if isinstance(other, Mapping):
        parts += [f"{count:,} {name}" for name, count in other.items()]
    units = counts.get("units")
    if isinstance(units, Mapping) and units.get("all"):
        parts.append(f"{units.get('done', 0):,} of {units['all']:,} segments done")
    return ", ".join(parts)


def format_progress(time: str, state: str, counts: Mapping[str, Any]) -> str:
    """Return the progress of a run at a time in one line, as a file or a pipe shows it."""
    return f"{time} {state}: {format_counts(counts)}"


def format_units(units: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return lines for the segments that are not done, as a terminal shows them."""
    lines = []
    open_units = [unit for unit in units if not unit.get("done")]
    for unit in open_units[:_SHOWN_UNITS]:
        counts = "  ".join(f"{_count(unit, name):>9,} {name}" for name in ("rows", *_COUNTS))
        lines.append(f"  segment {unit.get('segment', '?')!s:>6}  {counts}")
    if len(open_units) > _SHOWN_UNITS:
        lines.append(f"  … and {len(open_units) - _SHOWN_UNITS:,} more segments")
    return lines


def _count(counts: Mapping[str, Any], name: str) -> int:
    value = counts.get(name, 0)
    return value if isinstance(value, int) else 0
