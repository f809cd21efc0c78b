"""Reads and checks the input of the worker's three actions."""

from collections.abc import Mapping
from typing import Any

from userprofiles.backfill.errors import RefusedError
from userprofiles.backfill.job import DEFAULT_SEGMENTS, Job, new_run_id
from userprofiles.backfill.skip_rule import SkipRule
from userprofiles.backfill.state_machine.worker_settings import WorkerSettings
from userprofiles.backfill.table_shape import TableShape

_PREPARE_KEYS = frozenset(
    {"action", "Comment", "table", "dryRun", "segments", "only", "rule", "runId", "shape"}
)


def read_job(event: Mapping[str, Any], settings: WorkerSettings, max_segments: int) -> Job:
    """Return the job that the input of ``prepare`` describes.

    Args:
        event: The input. A field that is missing or null has its default.
        settings: The settings of the function: default table, permitted tables and template.
        max_segments: The maximum number of segments.

    Raises:
        RefusedError: The input is wrong, or its table is not permitted.
    """
    unknown = sorted(set(event) - _PREPARE_KEYS)
    if unknown:
        raise RefusedError(
            f"Unknown input {unknown[0]!r}; allowed: "
            f"{', '.join(sorted(_PREPARE_KEYS - {'action', 'Comment'}))}."
        )
    arguments = {name: value for name, value in event.items() if value is not None}
    try:
        is_shape_explicit = arguments.get("shape", "auto") != "auto"
        job = Job(
            run_id=arguments.get("runId", "") or new_run_id(),
            table=arguments.get("table", settings.users_table),
            dry_run=arguments.get("dryRun", False),
            segments=_to_int(arguments.get("segments", DEFAULT_SEGMENTS)),
            only=tuple(_to_int(number) for number in arguments.get("only", ())),
            rule=SkipRule.from_json(arguments.get("rule")),
            shape=TableShape(arguments["shape"]) if is_shape_explicit else TableShape.PLAIN,
            is_shape_explicit=is_shape_explicit,
            template=settings.template,
        )
    except (ValueError, TypeError, AttributeError) as error:
        raise RefusedError(f"Wrong input: {error}.") from error
    if job.segments > max_segments:
        raise RefusedError(f"Wrong input: segments {job.segments}; allowed are 1 to {max_segments:,} here.")
    if settings.tables and job.table not in settings.tables:
        raise RefusedError(
            f"Table {job.table!r} is not permitted for this job; allowed: "
            f"{', '.join(sorted(settings.tables))}. "
            "To permit it, add it to migrationTableNames in the stack's configuration."
        )
    return job


def read_run_id(event: Mapping[str, Any]) -> str:
    """Return the ID of the run that the input of ``work`` or ``finish`` names.

    Raises:
        RefusedError: The ID is missing or wrong.
    """
    try:
        return Job(run_id=event.get("runId"), table="any").run_id  # type: ignore[arg-type]  # Job checks the ID
    except ValueError as error:
        raise RefusedError(f"Wrong input: {error}.") from error


def read_segment(event: Mapping[str, Any], job: Job) -> int:
    """Return the segment that the input of ``work`` names: in the event itself, or in the map's ``item``.

    Raises:
        RefusedError: The segment is missing, or the job does not have it.
    """
    item = event.get("item")
    number = _to_int(item.get("segment") if isinstance(item, Mapping) else event.get("segment"))
    if type(number) is not int or number not in job.segment_numbers:
        raise RefusedError(f"Wrong input: segment {number!r} does not belong to run {job.run_id!r}.")
    return number


def _to_int(value: Any) -> Any:
    """Return a whole number that arrived as a float as an int: some JSON writers have only floats."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
