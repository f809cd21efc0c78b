"""Reads and checks the input of the worker's actions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from userprofiles.backfill.errors import RefusedError
from userprofiles.backfill.job import DEFAULT_SEGMENTS, Job, new_run_id
from userprofiles.backfill.review.orphan_units import is_orphan_unit
from userprofiles.backfill.review.review import Sample
from userprofiles.backfill.sources.source_kinds import SourceKind, refuse_local_source
from userprofiles.backfill.state_machine.role_check import check_roles
from userprofiles.backfill.state_machine.worker_settings import WorkerSettings
from userprofiles.backfill.tables.table_shape import TableShape
from userprofiles.backfill.users.skip_rule import SkipRule

_OPTIONS = frozenset({"table", "dryRun", "segments", "only", "rule", "runId", "shape", "rate"})
_REQUEST_KEYS = frozenset({"job", "startedBy", "codeVersion", "templateVersion", "backup", "allowParallel"})
_PREPARE_KEYS = _OPTIONS | _REQUEST_KEYS | {"action", "execution", "Comment"}


@dataclass(frozen=True)
class Request:
    """The input of ``prepare``.

    Attributes:
        job: The task.
        execution: The ARN of the execution.
        started_by: Who started the execution.
        code_version: The version of the code that the plan was made with; empty without a plan.
        template_version: The version of the template that the plan was made with; empty without a plan.
        backup: The backup of the table; empty without one.
        allow_parallel: Whether another run may write to the same table at the same time.
    """

    job: Job
    execution: str = ""
    started_by: str = ""
    code_version: str = ""
    template_version: str = ""
    backup: str = ""
    allow_parallel: bool = False


def read_request(event: Mapping[str, Any], settings: WorkerSettings, max_segments: int) -> Request:
    """Return what the input of ``prepare`` requests.

    Args:
        event: The input: the options of a run, each optional, or the `job` of a command line. A field that is
            missing or null has its default.
        settings: The settings of the function: default table, permitted tables and template.
        max_segments: The maximum number of segments.

    Raises:
        RefusedError: The input is wrong, or its table is not permitted.
    """
    unknown = sorted(set(event) - _PREPARE_KEYS)
    if unknown:
        raise RefusedError(f"Unknown input {unknown[0]!r}; allowed: {', '.join(sorted(_OPTIONS))}, job.")
    arguments = {name: value for name, value in event.items() if value is not None}
    texts = {
        name: arguments.get(name, "")
        for name in ("execution", "startedBy", "codeVersion", "templateVersion", "backup")
    }
    allow_parallel = arguments.get("allowParallel", False)
    if not isinstance(allow_parallel, bool):
        raise RefusedError(f"Wrong input: allowParallel {allow_parallel!r}; allowed are true and false.")
    for name, text in texts.items():
        if not isinstance(text, str):
            raise RefusedError(f"Wrong input: {name} must be a text, not {type(text).__name__}.")
    try:
        job = _stored_job(arguments["job"]) if "job" in arguments else _new_job(arguments, settings)
    except KeyError as error:
        raise RefusedError(f"Wrong input: the job has no {error}.") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise RefusedError(f"Wrong input: {error}.") from error
    check_job(job, settings, max_segments)
    return Request(
        job,
        execution=texts["execution"],
        started_by=texts["startedBy"] or texts["execution"],
        code_version=texts["codeVersion"],
        template_version=texts["templateVersion"],
        backup=texts["backup"],
        allow_parallel=allow_parallel,
    )


def _new_job(arguments: Mapping[str, Any], settings: WorkerSettings) -> Job:
    is_shape_explicit = arguments.get("shape", "auto") != "auto"
    return Job(
        run_id=arguments.get("runId", "") or new_run_id(),
        table=arguments.get("table", settings.users_table),
        dry_run=arguments.get("dryRun", False),
        segments=_to_int(arguments.get("segments", DEFAULT_SEGMENTS)),
        only=tuple(_to_int(number) for number in arguments.get("only", ())),
        rule=SkipRule.from_json(arguments.get("rule")),
        shape=TableShape(arguments["shape"]) if is_shape_explicit else TableShape.PLAIN,
        is_shape_explicit=is_shape_explicit,
        template=settings.template,
        rate=arguments.get("rate"),
    )


def _stored_job(document: Any) -> Job:
    """Read a job. Step Functions may have turned its whole numbers into floats."""
    if not isinstance(document, Mapping):
        raise TypeError(f"job must be a JSON object, not {type(document).__name__}")
    numbers = {"segments": _to_int(document["segments"]), "only": [_to_int(n) for n in document["only"]]}
    job = Job.from_json({**document, **numbers})
    if job.sample is not None:
        Sample.from_json(job.sample)
    return job


def check_job(job: Job, settings: WorkerSettings, max_segments: int) -> None:
    """Check that this worker can and may process a job.

    A job from the ledger is checked, too: who can write to the ledger must not choose other tables or code.

    Raises:
        RefusedError: It can't.
    """
    if job.segments > max_segments:
        raise RefusedError(f"Wrong input: segments {job.segments}; allowed are 1 to {max_segments:,} here.")
    if settings.tables and job.table not in settings.tables:
        raise RefusedError(
            f"Table {job.table!r} is not permitted for this job; allowed: "
            f"{', '.join(sorted(settings.tables))}. "
            "To permit it, add it to migrationTableNames in the stack's configuration."
        )
    if job.template != settings.template:
        raise RefusedError(
            f"The job has the template {job.template!r}; the worker has {settings.template!r}. "
            f"Make a plan with --template {settings.template}, or use --engine local."
        )
    if job.source.get("kind") == SourceKind.PYTHON:
        raise RefusedError("The worker does not have your code for --source python. Use --engine local.")
    refuse_local_source(job.source)
    check_roles(job, settings)


def read_run_id(event: Mapping[str, Any]) -> str:
    """Return the ID of the run that the input of ``work`` or ``finish`` names.

    Raises:
        RefusedError: The ID is missing or wrong.
    """
    try:
        return Job(run_id=event.get("runId"), table="any").run_id  # type: ignore[arg-type]  # Job checks the ID
    except ValueError as error:
        raise RefusedError(f"Wrong input: {error}.") from error


def read_token(event: Mapping[str, Any]) -> int:
    """Return the token of the run's lease, which ``prepare`` returned.

    Raises:
        RefusedError: The token is missing or wrong.
    """
    token = _to_int(event.get("token"))
    if type(token) is not int:
        raise RefusedError(f"Wrong input: token {token!r}; allowed is the number that `prepare` returned.")
    return token


def read_segment(event: Mapping[str, Any], job: Job) -> int:
    """Return the segment that the input of ``work`` names: in the event itself, or in the map's ``item``.

    Raises:
        RefusedError: The segment is missing, or the job does not have it.
    """
    item = event.get("item")
    number = _to_int(item.get("segment") if isinstance(item, Mapping) else event.get("segment"))
    if type(number) is not int or not (number in job.segment_numbers or is_orphan_unit(job, number)):
        raise RefusedError(f"Wrong input: segment {number!r} does not belong to run {job.run_id!r}.")
    return number


def _to_int(value: Any) -> Any:
    """Return a whole number that arrived as a float as an int: some JSON writers have only floats."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
