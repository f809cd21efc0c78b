"""The file of a plan: a JSON document with a hash, so that `apply` carries out exactly what was shown."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from userprofiles.backfill.errors import RefusedError
from userprofiles.backfill.job import Job, Operation
from userprofiles.backfill.plan.plan_document import PlanFormat, write_document

FORMAT = "userprofiles-backfill-plan"
VERSION = 1

_FORMAT = PlanFormat(
    FORMAT,
    VERSION,
    command="userprofiles backfill plan",
    make_plan="Make a new plan: userprofiles backfill plan --table-name …",
)


@dataclass(frozen=True)
class Plan:
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
    def job(self) -> Job:
        """The task of the run, without the plan's hash."""
        return Job.from_json(self.document["job"])

    @property
    def region(self) -> str:
        """The region of the table."""
        return str(self.document["table"]["region"])

    @property
    def counts(self) -> Mapping[str, Any]:
        """The counts of all segments."""
        counts: Mapping[str, Any] = self.document["counts"]
        return counts

    @property
    def segments(self) -> list[Mapping[str, Any]]:
        """The counts and the digest of each segment."""
        return list(self.document["segments"])


def create_plan(content: Mapping[str, Any]) -> Plan:
    """Return the plan with this content, and its hash.

    Args:
        content: The document without format, version and hashes. Each value becomes a section.
    """
    return Plan(_FORMAT.seal(content))


def write_plan(plan: Plan, path: Path) -> None:
    """Write the file of a plan with the mode 0600, because it has IDs of users.

    Raises:
        BackfillFailedError: The file can't be written.
    """
    write_document(plan.document, path)


def read_plan(path: Path) -> Plan:
    """Read and check the file of a plan.

    Raises:
        BackfillFailedError: The file can't be read.
        RefusedError: It is not a plan, it has another version, or it was changed. The message names what
            was changed.
    """
    document = _FORMAT.read(path)
    try:
        plan = Plan(document)
        job, _ = plan.job, (plan.counts, plan.segments)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _FORMAT.damage_error(path, error) from error
    if job.run_id != plan.plan_id or job.operation is not Operation.CREATE:
        raise RefusedError(
            f"The plan {path} is not one of `userprofiles backfill plan`: "
            f"its job must have the plan's ID and create profiles; it "
            f"has the ID {job.run_id} and the operation {job.operation}.\n{_FORMAT.make_plan}"
        )
    return plan


def diff_plans(first: Plan, second: Plan) -> list[dict[str, Any]]:
    """Return what differs between two plans, as objects with ``name``, ``first`` and ``second``.

    The IDs, the times and the durations of plans always differ, so they are left out.
    """
    before, after = (dict(_flatten(_comparable(plan.document))) for plan in (first, second))
    names = [*before, *(name for name in after if name not in before)]
    return [
        {"name": name, "first": before.get(name), "second": after.get(name)}
        for name in names
        if before.get(name) != after.get(name)
    ]


_IGNORED = frozenset({"planId", "createdAt", "seconds", "sections", "sha256", "samples"})


def _comparable(document: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: value for name, value in document.items() if name not in _IGNORED}
    values["estimate"] = {name: part for name, part in document["estimate"].items() if name != "seconds"}
    values["job"] = {name: value for name, value in document["job"].items() if name != "runId"}
    values["segments"] = {str(entry["segment"]): entry for entry in document["segments"]}
    values["warnings"] = {entry["kind"]: entry["message"] for entry in document["warnings"]}
    return values


def _flatten(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if not isinstance(value, Mapping):
        yield prefix, value
        return
    for name, part in value.items():
        yield from _flatten(part, f"{prefix}.{name}" if prefix else str(name))
