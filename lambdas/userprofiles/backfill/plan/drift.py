"""Compares a plan with the table: what identifies it before a run, and the counts while the run goes on."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from userprofiles.backfill.errors import RefusedError
from userprofiles.backfill.plan.plan_file import Plan
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.jobs.counted import counted
from userprofiles.jobs.ledger import Ledger, command_line
from userprofiles.jobs.run_record import RunRecord

DEFAULT_MAX_DRIFT = 0.01
"""Share of the planned users by which a count may differ."""

MIN_DRIFT_USERS = 100
"""Users by which a count may differ in any case: in a small table, few users are a large share."""

IDENTITY_SECTIONS = ("table", "template", "source", "codeVersion")
_TABLE_IDENTITY = ("arn", "createdAt", "keySchema")
_COUNT_DRIFT = "The counts differ from plan"
_NAMES = {
    "table.arn": "the table",
    "table.createdAt": "the table's time of creation",
    "table.keySchema": "the table's keys",
    "codeVersion": "the code version",
}


@dataclass(frozen=True)
class Difference:
    """One value that differs from the plan.

    Attributes:
        name: The name of the value.
        before: The value in the plan.
        now: The value now.
    """

    name: str
    before: Any
    now: Any

    def __str__(self) -> str:
        return f"{_NAMES.get(self.name, self.name)} was {self.before!r}, is {self.now!r}"

    def to_json(self) -> dict[str, Any]:
        """Return the difference as the report has it."""
        return {"name": self.name, "planned": self.before, "actual": self.now}


def find_identity_differences(plan: Plan, current: Mapping[str, Any]) -> list[Difference]:
    """Return how the table, the template, the source and the code differ from a plan.

    Args:
        plan: The plan.
        current: The sections of `IDENTITY_SECTIONS` as a plan would have them now.
    """
    differences: list[Difference] = []
    for section in IDENTITY_SECTIONS:
        before, now = (_parts(section, values[section]) for values in (plan.document, current))
        differences += [
            Difference(name, before.get(name), now.get(name))
            for name in dict.fromkeys([*before, *now])
            if before.get(name) != now.get(name)
        ]
    return differences


def refuse_identity_drift(plan: Plan, current: Mapping[str, Any]) -> None:
    """Check that a plan was made for this table, template, source and code.

    Raises:
        RefusedError: Something differs. The message has each value before and now.
    """
    differences = find_identity_differences(plan, current)
    if differences:
        lines = "".join(f"\n  {difference}" for difference in differences)
        raise RefusedError(
            f"Plan {plan.plan_id} does not fit any more:{lines}\nNothing was written. Make a new plan, or "
            "apply this one with the same table, template, source and release."
        )


def _parts(section: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        return {section: value}
    names = _TABLE_IDENTITY if section == "table" else value
    return {f"{section}.{name}": value.get(name) for name in names}


class CountDrift:
    """How the counts of a run differ from its plan.

    The finished segments are compared whole. Of the others, only what exceeds the plan counts, because the
    rest of them may follow.

    Args:
        plan: The plan.
        max_drift: The share of the planned users by which a count may differ.
        accepted: Whether the run continues when the counts differ by more.
        accept_command: The command that continues the run although they differ.
    """

    def __init__(
        self, plan: Plan, max_drift: float, *, accepted: bool = False, accept_command: str = ""
    ) -> None:
        self.accepted = accepted
        self._accept_command = accept_command
        self._plan_id = plan.plan_id
        self._chunks = 0
        self._planned = {entry["segment"]: _counts(entry) for entry in plan.segments}
        self.allowed = max(MIN_DRIFT_USERS, int(plan.counts["processed"] * max_drift))

    def differences(self, states: Iterable[SegmentState]) -> list[Difference]:
        """Return the counts that differ by more than the allowed number of users."""
        planned: Counter[str] = Counter()
        actual: Counter[str] = Counter()
        for state in states:
            segment_plan = self._planned.get(state.segment, Counter())
            counts = _counts(state.tally.to_json())
            for name in segment_plan.keys() | counts.keys():
                if state.done or counts[name] > segment_plan[name]:
                    planned[name] += segment_plan[name]
                    actual[name] += counts[name]
        return [
            Difference(name, planned[name], actual[name])
            for name in sorted(planned.keys() | actual.keys())
            if abs(planned[name] - actual[name]) > self.allowed
        ]

    def check(self, states: Sequence[SegmentState]) -> None:
        """Check the counts after a chunk of a run, unless all users are processed.

        Raises:
            RefusedError: The counts differ too much. The run stops and can be resumed.
        """
        self._chunks += 1
        is_due = self._chunks % (1 + len(states) // 1_000) == 0  # a check takes longer with many segments
        if is_due and not all(state.done for state in states):
            self.refuse(states)

    def refuse(self, states: Iterable[SegmentState]) -> None:
        """Check the counts of a run.

        Raises:
            RefusedError: The counts differ too much, and nobody has accepted it.
        """
        differences = [] if self.accepted else self.differences(states)
        if differences:
            raise _count_drift_error(self._plan_id, differences, self.allowed, self._accept_command)

    def to_json(self, states: Iterable[SegmentState]) -> dict[str, Any]:
        """Return the drift as the report has it."""
        differences = self.differences(states)
        return {
            "allowed": self.allowed,
            "accepted": self.accepted,
            "differences": [difference.to_json() for difference in differences],
        }


def _count_drift_error(
    plan_id: str, differences: Iterable[Difference], allowed: int, accept_command: str
) -> RefusedError:
    """Return the error for counts that differ from the plan."""
    lines = "".join(f"\n  {item.name}: {item.before:,} planned, {item.now:,} now" for item in differences)
    return RefusedError(
        f"{_COUNT_DRIFT} {plan_id} by more than {counted(allowed, 'user')}:{lines}\n"
        "The run has stopped and can be resumed. Make a new plan, or continue all the same:\n"
        f"  {accept_command}"
    )


def refuse_drifted_run(run: RunRecord, ledger: Ledger) -> None:
    """Check that a run did not stop because its counts differ from its plan. Only `apply` has the plan.

    Raises:
        RefusedError: It did.
    """
    if run.message.startswith(_COUNT_DRIFT):
        command = command_line(ledger, "backfill", "apply", run.plan_file, "--accept-drift")
        raise RefusedError(
            f"Run {run.run_id} stopped because its counts differ from its plan.\n"
            f"Make a new plan, or continue all the same:\n  {command}"
        )


def _counts(document: Mapping[str, Any]) -> Counter[str]:
    counts = Counter({name: document[name] for name in ("processed", "existed", "created", "failed")})
    counts.update({f"skipped.{reason}": count for reason, count in document["skipped"].items()})
    return counts
