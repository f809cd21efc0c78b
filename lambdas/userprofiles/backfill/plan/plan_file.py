"""The file of a plan: a JSON document with a hash, so that `apply` carries out exactly what was shown."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from userprofiles.backfill import report
from userprofiles.backfill.errors import BackfillFailedError, ErrorKind, RefusedError
from userprofiles.backfill.job import Job, Operation

FORMAT = "userprofiles-backfill-plan"
VERSION = 1

_MAX_BYTES = 512 * 1024 * 1024  # a segment takes about 300 bytes, and a table has at most 1,000,000 segments
_SECTION_DIGITS = 16


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
    document = {
        "format": FORMAT,
        "version": VERSION,
        **content,
        "sections": {name: _digest(value)[:_SECTION_DIGITS] for name, value in content.items()},
    }
    return Plan(json.loads(json.dumps({**document, "sha256": _digest(document)})))


def write_plan(plan: Plan, path: Path) -> None:
    """Write the file of a plan with the mode 0600, because it has IDs of users.

    Raises:
        BackfillFailedError: The file can't be written.
    """
    try:
        report.write_file(path, [json.dumps(plan.document, indent=2), "\n"])
    except OSError as error:
        raise BackfillFailedError(
            ErrorKind.REPORT,
            f"The plan can't be written to {path}: {error.strerror}.\nName another file with --output.",
        ) from error


def read_plan(path: Path) -> Plan:
    """Read and check the file of a plan.

    Raises:
        BackfillFailedError: The file can't be read.
        RefusedError: It is not a plan, it has another version, or it was changed. The message names what
            was changed.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise RefusedError(f"{path} is too large for a plan: at most {_MAX_BYTES:,} bytes are read.")
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BackfillFailedError(
            ErrorKind.STATE,
            f"The plan {path} can't be read: {error.strerror}.\nName the file that `userprofiles backfill "
            "plan` wrote.",
        ) from error
    except (ValueError, RecursionError) as error:
        raise RefusedError(f"{path} is not a plan: it is not a JSON document.\n{_MAKE_PLAN}") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise RefusedError(f"{path} is not a plan: its format must be {FORMAT!r}.\n{_MAKE_PLAN}")
    if document.get("version") != VERSION:
        raise RefusedError(
            f"{path} has the version {document.get('version')!r} of the plan's format; this release reads "
            f"version {VERSION}.\n{_MAKE_PLAN}"
        )
    content = {name: value for name, value in document.items() if name != "sha256"}
    if document.get("sha256") != _digest(content):
        raise RefusedError(
            f"The plan {path} was changed after it was made: {', '.join(_changed_sections(document))}.\n"
            f"A plan can't be edited. Set the options of `backfill plan` instead. {_MAKE_PLAN}"
        )
    try:
        plan = Plan(document)
        job, _ = plan.job, (plan.counts, plan.segments)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RefusedError(
            f"The plan {path} is damaged ({type(error).__name__}: {error}).\n{_MAKE_PLAN}"
        ) from error
    if job.run_id != plan.plan_id or job.operation is not Operation.CREATE:
        raise RefusedError(
            f"The plan {path} is not one of `userprofiles backfill plan`: "
            f"its job must have the plan's ID and create profiles; it "
            f"has the ID {job.run_id} and the operation {job.operation}.\n{_MAKE_PLAN}"
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


_MAKE_PLAN = "Make a new plan: userprofiles backfill plan --table-name …"
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


def _changed_sections(document: Mapping[str, Any]) -> list[str]:
    """Return the names of the sections whose content does not have the stored digest."""
    sections = document.get("sections")
    stored = sections if isinstance(sections, dict) else {}
    names = [name for name in document if name not in {"format", "version", "sections", "sha256"}]
    changed = [name for name in names if stored.get(name) != _digest(document[name])[:_SECTION_DIGITS]]
    missing = [f"{name} (missing)" for name in stored if name not in document]
    return [*changed, *missing] or ["its hashes"]


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
