"""Compares a plan with what is there now: stack, source, mapping and code before a run, counts during it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from userprofiles.backfill.errors import RefusedError
from userprofiles.backfill.plan.drift import MIN_DRIFT_USERS, Difference
from userprofiles.jobs.counted import counted
from userprofiles.legacy.job.plan_file import ImportPlan
from userprofiles.legacy.job.stage import Outcome
from userprofiles.legacy.job.unit_state import UnitState

_RECORDS = "records"
IDENTITY_SECTIONS = ("target", "sourceIdentity", "mapping", "mediaRules", "codeVersion")
COUNT_DRIFT = "The counts differ from plan"


def refuse_identity_drift(plan: ImportPlan, current: Mapping[str, Any]) -> None:
    """Check that a plan was made for this stack, source, mapping and code.

    Args:
        plan: The plan.
        current: The sections of `IDENTITY_SECTIONS` as a plan would have them now. Others are not compared.

    Raises:
        RefusedError: Something differs. The message has each value before and now.
    """
    differences = [
        Difference(name, before, now)
        for section in IDENTITY_SECTIONS
        if section in current
        for name, before, now in _compare(section, plan.document[section], current[section])
    ]
    if differences:
        lines = "".join(f"\n  {difference}" for difference in differences)
        raise RefusedError(
            f"Plan {plan.plan_id} does not fit any more:{lines}\nNothing was written. Make a new plan, or "
            "apply this one with the same stack, source, mapping, template and release."
        )


def _compare(name: str, before: Any, now: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for part in dict.fromkeys([*before, *now]):
            yield from _compare(f"{name}.{part}", before.get(part), now.get(part))
    elif before != now:
        yield name, before, now


class ImportCountDrift:
    """How the counts of a run differ from its plan.

    Compared are the records of each stage, and how many of them failed. Whether a target is created or
    existed already is not compared: it depends on former batches. The finished units are compared whole. Of
    the others, only what exceeds the plan counts.

    Args:
        plan: The plan.
        max_drift: The share of the planned records by which a count may differ; None if any is accepted.
        decided: The records about which the operator has decided after the plan was made.
        accept_command: The command that continues the run although the counts differ.
    """

    def __init__(
        self, plan: ImportPlan, max_drift: float | None, *, decided: int = 0, accept_command: str = ""
    ) -> None:
        self._plan_id = plan.plan_id
        self._planned = {unit["unit"]: _counts(unit["outcomes"]) for unit in plan.units}
        self._max_drift = max_drift
        self._decided = decided
        self._accept_command = accept_command

    def _allowed(self, records: int) -> int:
        return max(MIN_DRIFT_USERS, int(records * (self._max_drift or 0.0))) + self._decided

    def differences(self, states: Sequence[UnitState]) -> list[Difference]:
        """Return the counts that differ by more than allowed."""
        differences = []
        for state in states:
            planned = self._planned.get(state.unit.number, Counter[str]())
            allowed = self._allowed(planned[_RECORDS])
            for name, now in _counts(state.outcomes).items():
                before = planned[name]
                is_compared = now > before or (state.done and name == _RECORDS)
                if is_compared and abs(before - now) > allowed:
                    differences.append(Difference(f"{state.unit.stage}: {name}", before, now))
        return differences

    def check(self, states: Sequence[UnitState]) -> None:
        """Check the counts of a run, unless everything is processed.

        Raises:
            RefusedError: They differ too much. The run stops and can be resumed.
        """
        if self._max_drift is None or all(state.done for state in states):
            return
        differences = self.differences(states)
        if differences:
            lines = "".join(
                f"\n  {item.name}: {item.before:,} planned, {item.now:,} now" for item in differences
            )
            raise RefusedError(
                f"{COUNT_DRIFT} {self._plan_id} by more than {self._max_drift:.1%} of a stage, and "
                f"by more than {counted(self._allowed(0), 'record')}:{lines}\n"
                "The run has stopped and can be resumed. Make a new plan, or continue all the same:\n"
                f"  {self._accept_command}"
            )


def _counts(outcomes: Mapping[str, int]) -> Counter[str]:
    """Return the counts of a unit that are compared."""
    return Counter({_RECORDS: sum(outcomes.values()), Outcome.FAILED.value: outcomes.get(Outcome.FAILED, 0)})
