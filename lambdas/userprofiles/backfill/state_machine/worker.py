"""The backfill as a state machine's worker: prepare, work on a segment until the time is up, finish.

The payloads between the states are tiny: what a segment has come to stands in S3, written by the worker.
"""

import dataclasses
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from userprofiles.backfill import report, source
from userprofiles.backfill.calls import Calls
from userprofiles.backfill.error_messages import Place
from userprofiles.backfill.errors import CannotGoOnError, ErrorKind, RefusedError
from userprofiles.backfill.job import DEFAULT_SEGMENTS, Job, new_run_id
from userprofiles.backfill.limits import WORKER, Limits
from userprofiles.backfill.outcome import UserResult
from userprofiles.backfill.run import Run
from userprofiles.backfill.segment import SegmentState
from userprofiles.backfill.skip_rule import SkipRule
from userprofiles.backfill.state_machine.run_folder import OvertakenError, RunFolder
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.table_shape import Shape

_PREPARE_KEYS = frozenset(
    {"action", "Comment", "table", "dryRun", "segments", "only", "rule", "runId", "shape"}
)


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the function's environment says.

    Attributes:
        users_table: The table that a run is about if its input names none.
        tables: All tables that a run may be about; empty leaves that to the role's policy.
        template: The template whose profile defaults are used.
        bucket: The bucket for checkpoints and reports.
    """

    users_table: str
    bucket: str
    template: str = "marketplace"
    tables: frozenset[str] = frozenset()


class Worker:
    """Carries out one action of the state machine.

    Args:
        settings: The function's settings.
        dynamodb: A botocore DynamoDB client.
        s3: A botocore S3 client.
        tell: Gets a message for the log; never anything about a person.
        limits: Sizes and times of the run.
    """

    def __init__(
        self,
        settings: Settings,
        dynamodb: Any,
        s3: Any,
        tell: Callable[[str], None],
        limits: Limits = WORKER,
    ) -> None:
        self._settings = settings
        self._dynamodb = dynamodb
        self._s3 = s3
        self._tell = tell
        self._limits = limits

    def handle(self, event: Mapping[str, Any], seconds_left: float) -> dict[str, Any]:
        """Carry out the event's ``action``.

        Args:
            event: ``{"action": "prepare", …}`` with what a run may be given (each optional),
                ``{"action": "work", "runId", "segment" or "item": {"segment"}}``, or
                ``{"action": "finish", "runId"}``; whatever else is in the last two is passed over.
            seconds_left: How long the function may run on.

        Returns:
            The next state's payload.

        Raises:
            RefusedError: The input is wrong, or the run is one that may not be made. Not worth a retry.
            CannotGoOnError: Table, rights or network are not as they should be.
        """
        if not isinstance(event, Mapping):
            raise RefusedError(f"The input has to be a JSON object, not {type(event).__name__}.")
        action = event.get("action")
        if action == "prepare":
            return self._prepare(event)
        if action == "work":
            return self._work(event, seconds_left)
        if action == "finish":
            return self._finish(event)
        raise RefusedError(f"Unknown action {action!r}; there are prepare, work and finish.")

    def _place(self, table: str) -> Place:
        return Place(table, self._dynamodb.meta.region_name, self._dynamodb.meta.endpoint_url)

    def _folder(self, run_id: str) -> RunFolder:
        return RunFolder(self._s3, self._settings.bucket, run_id)

    def _prepare(self, event: Mapping[str, Any]) -> dict[str, Any]:
        job = self._job(event)
        allowed = self._settings.tables
        if allowed and job.table not in allowed:
            raise RefusedError(
                f"Table {job.table!r} is none that this job may backfill: {', '.join(sorted(allowed))}. "
                "Add it to migrationTableNames in the stack's configuration."
            )
        calls = Calls(self._dynamodb, self._place(job.table), Stop(), self._limits)
        found = source.probe(calls, self._limits.probe_rows, expected=job.shape)
        if job.shape is None:
            job = dataclasses.replace(job, shape=found or Shape.PLAIN)
        folder = self._folder(job.run_id)
        try:
            folder.write("run.json", {"job": job.to_json(), "startedAt": time.time()}, None)
        except OvertakenError:
            job = self._known(folder, job)
        return {
            "runId": job.run_id,
            "table": job.table,
            "dryRun": job.dry_run,
            "segments": job.segments,
            "items": [{"action": "work", "runId": job.run_id, "segment": number} for number in job.numbers],
        }

    def _job(self, event: Mapping[str, Any]) -> Job:
        """Return the job that an input asks for; what it leaves out (or null) has its default."""
        unknown = sorted(set(event) - _PREPARE_KEYS)
        if unknown:
            raise RefusedError(
                f"Unknown input {unknown[0]!r}; allowed: "
                f"{', '.join(sorted(_PREPARE_KEYS - {'action', 'Comment'}))}."
            )
        given = {name: value for name, value in event.items() if value is not None}
        try:
            shape = Shape(given["shape"]) if given.get("shape", "auto") != "auto" else None
            job = Job(
                run_id=given.get("runId", "") or new_run_id(),
                table=given.get("table", self._settings.users_table),
                dry_run=given.get("dryRun", False),
                segments=_whole(given.get("segments", DEFAULT_SEGMENTS)),
                only=tuple(_whole(number) for number in given.get("only", ())),
                rule=SkipRule.from_json(given.get("rule")),
                shape=shape,
                shape_given=shape is not None,
                template=self._settings.template,
            )
        except (ValueError, TypeError, AttributeError) as error:
            raise RefusedError(f"Wrong input: {error}.") from error
        most = self._limits.worker_segments
        if job.segments > most:
            raise RefusedError(f"Wrong input: segments {job.segments}: at most {most} here.")
        return job

    def _known(self, folder: RunFolder, asked: Job) -> Job:
        """Return the job of a run that exists, if it is the same (a retry, or going on after a failure)."""
        known = _required(folder, "run.json")
        job = Job.from_json(known["job"])
        if job.checksum() != asked.checksum():
            raise RefusedError(
                f"Run {asked.run_id!r} exists with another input: {known['job']}. "
                "Give the same input, or another runId."
            )
        return job

    def _work(self, event: Mapping[str, Any], seconds_left: float) -> dict[str, Any]:
        began = time.monotonic()
        folder, run_id = self._existing(event)
        job = Job.from_json(_required(folder, "run.json")["job"])
        number = _segment(event)
        if type(number) is not int or number not in job.numbers:
            raise RefusedError(f"Wrong input: segment {number!r} is none of run {run_id!r}.")
        answer = {"action": "work", "runId": run_id, "segment": number}
        # A quarter where the time limit is short, so that there is always room for the last checkpoint.
        reserve = min(self._limits.worker_reserve_s, seconds_left / 4)
        stop = Stop(deadline=began + seconds_left - reserve)
        try:
            progress = _Progress(folder, number, self._tell, self._limits.checkpoint_every_s)
            state = progress.state
            before = state.cursor
            place, limits = self._place(job.table), self._limits
            Run(job, self._dynamodb, place, [state], stop=stop, observer=progress, limits=limits).execute()
        except OvertakenError as error:
            # A second delivery of the same event is ahead of this one: its word counts.
            self._tell(str(error))
            return answer | {"done": bool(_required(folder, _state_name(number))["done"])}
        if not state.done and state.cursor == before:
            raise CannotGoOnError(
                ErrorKind.SERVICE,
                f"Segment {number} of run {run_id} made no progress in {seconds_left:.0f} s.\n"
                "DynamoDB throttles: raise the table's capacity and start the job again with this runId.",
            )
        return answer | {"done": state.done}

    def _finish(self, event: Mapping[str, Any]) -> dict[str, Any]:
        folder, _ = self._existing(event)
        known = _required(folder, "run.json")
        job = Job.from_json(known["job"])
        read = {number: folder.read(_state_name(number)) for number in job.numbers}
        stored = [found[0] for found in read.values() if found]
        states = [SegmentState.from_json(document) for document in stored]
        done = {state.segment for state in states if state.done}
        left = [number for number in read if number not in done]
        if left:
            raise CannotGoOnError(
                ErrorKind.SERVICE,
                f"Run {job.run_id} is not finished: segments {left[:20]} are left. "
                "Start the job again with this runId.",
            )
        tally, meter = report.total(states)
        document = report.numbers(job, tally, meter, max(0.0, time.time() - float(known["startedAt"])))

        def failures() -> Iterator[dict[str, str]]:
            for state in stored:
                yield from folder.failures(state["segment"], state["failureParts"])

        with tempfile.SpooledTemporaryFile(self._limits.worker_report_bytes) as file:
            for piece in report.as_text(document, failures()):
                file.write(piece.encode())
            file.seek(0)
            folder.write_report(file)
        return document | {"report": folder.uri("report.json")}

    def _existing(self, event: Mapping[str, Any]) -> tuple[RunFolder, str]:
        run_id = event.get("runId")
        try:
            Job(run_id=run_id, table="any")  # type: ignore[arg-type]  # its check is the point
        except ValueError as error:
            raise RefusedError(f"Wrong input: {error}.") from error
        return self._folder(str(run_id)), str(run_id)


class _Progress:
    """Keeps one segment's state in S3 while `run` works on it."""

    def __init__(self, folder: RunFolder, number: int, tell: Callable[[str], None], every_s: float) -> None:
        self._folder = folder
        self._name = _state_name(number)
        self._tell = tell
        self._every_s = every_s
        self._failures: list[dict[str, str]] = []
        self._parts = 0
        self._saved_at = time.monotonic()
        found = folder.read(self._name)
        if found:
            document, self._etag = found
            self.state = SegmentState.from_json(document)
            self._parts = document["failureParts"]
        else:
            self.state = SegmentState(number)
            self._etag = folder.write(self._name, self._document(), None)

    def _document(self) -> dict[str, Any]:
        return {**self.state.to_json(), "failureParts": self._parts}

    def results(self, results: Sequence[UserResult]) -> None:
        self._failures += report.failures(results)

    def saved(self, states: Iterable[SegmentState], *, last: bool) -> None:  # noqa: ARG002 - there is one state
        now = time.monotonic()
        if not last and now - self._saved_at < self._every_s:
            return
        if self._failures:
            # Before the state that counts it: a part that no state counts is written again.
            self._folder.write_failures(self.state.segment, self._parts, self._failures)
            self._parts += 1
            self._failures = []
        self._etag = self._folder.write(self._name, self._document(), self._etag)
        self._saved_at = now

    def tell(self, message: str) -> None:
        self._tell(message)


def _segment(event: Mapping[str, Any]) -> Any:
    """Return the number of the segment to work on: in the event itself, or in the map's item."""
    item = event.get("item")
    return _whole(item.get("segment") if isinstance(item, Mapping) else event.get("segment"))


def _state_name(number: int) -> str:
    return f"segments/{number:06d}.json"


def _required(folder: RunFolder, name: str) -> dict[str, Any]:
    found = folder.read(name)
    if found is None:
        raise RefusedError(f"{folder.uri(name)} is not there (or may not be read): is the run id right?")
    return found[0]


def _whole(value: Any) -> Any:
    """Return a whole number that came as a float as an int: some JSON writers have only floats."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
