"""The file of an import's plan."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from userprofiles.backfill.plan.plan_document import PlanFormat
from userprofiles.legacy.job.import_job import ImportSlice
from userprofiles.legacy.job.stage import Conflict

_FORMAT = PlanFormat(
    "userprofiles-import-plan",
    1,
    command="userprofiles import plan",
    make_plan="Make a new plan: userprofiles import plan --source …",
)


@dataclass(frozen=True)
class ImportPlan:
    """A plan whose hash is right.

    Attributes:
        document: The whole document.
    """

    document: Mapping[str, Any]

    @property
    def plan_id(self) -> str:
        """The ID of the plan, which is also the ID of its run."""
        return str(self.document["planId"])

    @property
    def hash(self) -> str:
        """The SHA-256 of the plan."""
        return str(self.document["sha256"])

    @property
    def source(self) -> str:
        """The source as its option names it, without credentials."""
        return str(self.document["source"]["name"])

    @property
    def mapping(self) -> str:
        """The path or the name of the mapping."""
        return str(self.document["mapping"]["name"])

    @property
    def target(self) -> Mapping[str, Any]:
        """The user pool, the table and what else identifies the stack."""
        target: Mapping[str, Any] = self.document["target"]
        return target

    @property
    def part(self) -> ImportSlice:
        """The part of the users."""
        return ImportSlice(**self.document["slice"])

    @property
    def units(self) -> Sequence[Mapping[str, Any]]:
        """The counts of each stage and collection."""
        units: Sequence[Mapping[str, Any]] = self.document["units"]
        return units

    @property
    def processed(self) -> int:
        """The records of all units."""
        return sum(sum(unit["outcomes"].values()) for unit in self.units)

    @property
    def conflicts(self) -> list[Conflict]:
        """The conflicts of the source."""
        return [
            Conflict(kind=item["kind"], record_ids=tuple(item["recordIds"]), proposal=dict(item["proposal"]))
            for item in self.document["conflicts"]
        ]

    @property
    def choices(self) -> dict[str, str]:
        """The decisions that the plan was made with, by old ID."""
        return dict(self.document["decisions"])

    @property
    def media_rules(self) -> Any:
        """The content of the file of media rules; None without one."""
        return self.document["mediaRules"]


def create_plan(content: Mapping[str, Any]) -> ImportPlan:
    """Return the plan with this content, and its hash."""
    return ImportPlan(_FORMAT.seal(content))


def read_plan(path: Path) -> ImportPlan:
    """Read and check the file of a plan.

    Raises:
        BackfillFailedError: The file can't be read.
        RefusedError: It is not a plan, it has another version, or it was changed. The message names what
            was changed.
    """
    plan = ImportPlan(_FORMAT.read(path))
    try:
        _ = (plan.plan_id, plan.source, plan.mapping, plan.target, plan.part, plan.processed)
        _ = (plan.conflicts, plan.choices, plan.media_rules)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _FORMAT.damage_error(path, error) from error
    return plan


def conflict_json(conflict: Conflict) -> dict[str, Any]:
    """Return a conflict as a plan has it."""
    return {
        "kind": conflict.kind,
        "recordIds": list(conflict.record_ids),
        "proposal": dict(conflict.proposal),
    }
