"""The worker of the state machine: prepares a run, processes a segment, finishes the run.

It stops before the time limit of its function, and the next invocation continues the segment.
The payloads between the states are tiny, because the worker keeps the progress of the segments in S3.
"""

import dataclasses
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from userprofiles.backfill import report
from userprofiles.backfill.calls import Calls
from userprofiles.backfill.error_messages import TableLocation
from userprofiles.backfill.errors import BackfillFailedError, ErrorKind, RefusedError
from userprofiles.backfill.job import Job
from userprofiles.backfill.limits import WORKER, Limits
from userprofiles.backfill.run import Run
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.backfill.shape_detection import detect_shape, read_first_shapes
from userprofiles.backfill.state_machine.run_folder import OvertakenError, RunFolder
from userprofiles.backfill.state_machine.segment_progress import SegmentProgress, state_name
from userprofiles.backfill.state_machine.worker_input import read_job, read_run_id, read_segment
from userprofiles.backfill.state_machine.worker_settings import WorkerSettings
from userprofiles.backfill.stop import Stop


class Worker:
    """Executes the actions of the state machine.

    Args:
        settings: The settings of the function.
        dynamodb: A botocore DynamoDB client.
        s3: A botocore S3 client.
        warn: Logs a warning. The text never has data of a user.
        limits: Sizes and times of the run.
    """

    def __init__(
        self,
        settings: WorkerSettings,
        dynamodb: Any,
        s3: Any,
        warn: Callable[[str], None],
        limits: Limits = WORKER,
    ) -> None:
        self._settings = settings
        self._dynamodb = dynamodb
        self._s3 = s3
        self._warn = warn
        self._limits = limits

    def handle(self, event: Mapping[str, Any], seconds_left: float) -> dict[str, Any]:
        """Execute the event's ``action``.

        Args:
            event: ``{"action": "prepare", …}`` with the options of a run, each optional,
                ``{"action": "work", "runId", "segment" or "item": {"segment"}}``, or
                ``{"action": "finish", "runId"}``. Other fields of the last two are ignored.
            seconds_left: The remaining time of the function.

        Returns:
            The payload of the next state.

        Raises:
            RefusedError: The input is wrong or not permitted. A retry can't help.
            BackfillFailedError: Table, permissions or network have a problem.
        """
        if not isinstance(event, Mapping):
            raise RefusedError(f"The input must be a JSON object, not {type(event).__name__}.")
        action = event.get("action")
        if action == "prepare":
            return self._prepare(event)
        if action == "work":
            return self._work(event, seconds_left)
        if action == "finish":
            return self._finish(event)
        raise RefusedError(f"Unknown action {action!r}; allowed: prepare, work, finish.")

    def _prepare(self, event: Mapping[str, Any]) -> dict[str, Any]:
        job = self._detect_shape(read_job(event, self._settings, self._limits.worker_segments))
        job = self._store_job(job)
        return {
            "runId": job.run_id,
            "table": job.table,
            "dryRun": job.dry_run,
            "segments": job.segments,
            "items": [
                {"action": "work", "runId": job.run_id, "segment": number} for number in job.segment_numbers
            ],
        }

    def _work(self, event: Mapping[str, Any], seconds_left: float) -> dict[str, Any]:
        deadline = self._deadline(seconds_left)
        folder = self._folder(read_run_id(event))
        job = _stored_job(folder)
        segment = read_segment(event, job)
        try:
            is_done = self._process_segment(folder, job, segment, deadline)
        except OvertakenError as error:
            # A second delivery of the same event has progressed further: its state counts.
            self._warn(str(error))
            is_done = bool(_read_required(folder, state_name(segment))["done"])
        return {"action": "work", "runId": job.run_id, "segment": segment, "done": is_done}

    def _finish(self, event: Mapping[str, Any]) -> dict[str, Any]:
        folder = self._folder(read_run_id(event))
        run = _read_required(folder, "run.json")
        job = Job.from_json(run["job"])
        documents = _finished_segments(folder, job)
        tally, meter = report.add_up(SegmentState.from_json(document) for document in documents)
        totals = report.build_totals(job, tally, meter, max(0.0, time.time() - float(run["startedAt"])))
        self._write_report(folder, totals, documents)
        return totals | {"report": folder.uri("report.json")}

    def _location(self, table: str) -> TableLocation:
        return TableLocation(table, self._dynamodb.meta.region_name, self._dynamodb.meta.endpoint_url)

    def _folder(self, run_id: str) -> RunFolder:
        return RunFolder(self._s3, self._settings.bucket, run_id)

    def _detect_shape(self, job: Job) -> Job:
        stop = Stop()
        calls = Calls(self._dynamodb, self._location(job.table), stop, self._limits)
        if job.is_shape_explicit:
            read_first_shapes(calls, self._limits.probe_rows)
            return job
        whole_table = [SegmentState(0)]
        shape = detect_shape(calls, whole_table, 1, self._limits, stop)
        return dataclasses.replace(job, shape=shape or job.shape)

    def _store_job(self, job: Job) -> Job:
        """Store the job of a new run, or return the stored job of an existing run.

        Raises:
            RefusedError: The stored job is different.
        """
        folder = self._folder(job.run_id)
        try:
            folder.write("run.json", {"job": job.to_json(), "startedAt": time.time()}, None)
        except OvertakenError:
            stored_job = _stored_job(folder)
            if stored_job.checksum() != job.checksum():
                raise RefusedError(
                    f"Run {job.run_id!r} exists with a different input: {stored_job.to_json()}. "
                    "Use the same input, or another runId."
                ) from None
            return stored_job
        return job

    def _deadline(self, seconds_left: float) -> float:
        # A quarter if the time limit is short, so that there is always time for the last checkpoint.
        reserve = min(self._limits.worker_reserve_s, seconds_left / 4)
        return time.monotonic() + seconds_left - reserve

    def _process_segment(self, folder: RunFolder, job: Job, segment: int, deadline: float) -> bool:
        """Process a segment until it is done or the deadline; return whether it is done.

        Raises:
            BackfillFailedError: The segment made no progress.
            OvertakenError: Another worker processes the same segment.
        """
        progress = SegmentProgress(folder, segment, self._warn, self._limits.checkpoint_every_s)
        state = progress.state
        position_before = (state.cursor, state.counted_keys)
        Run(
            job,
            self._dynamodb,
            self._location(job.table),
            [state],
            stop=Stop(deadline),
            observer=progress,
            limits=self._limits,
        ).execute()
        if not state.done and (state.cursor, state.counted_keys) == position_before:
            raise BackfillFailedError(
                ErrorKind.SERVICE,
                f"Segment {segment} of run {job.run_id} made no progress before the time limit.\n"
                "DynamoDB throttles the calls. Raise the table's capacity, and start the job again with this "
                "runId.",
            )
        return state.done

    def _write_report(
        self, folder: RunFolder, totals: dict[str, Any], documents: list[dict[str, Any]]
    ) -> None:
        def read_failures() -> Iterator[dict[str, str]]:
            for document in documents:
                yield from folder.read_failures(document["segment"], document["failureParts"])

        with tempfile.SpooledTemporaryFile(self._limits.worker_report_bytes) as file:
            for piece in report.serialize(totals, read_failures()):
                file.write(piece.encode())
            file.seek(0)
            folder.write_report(file)


def _read_required(folder: RunFolder, name: str) -> dict[str, Any]:
    stored_object = folder.read(name)
    if stored_object is None:
        raise RefusedError(
            f"{folder.uri(name)} does not exist, or access to it is denied. Check the runId in the input."
        )
    return stored_object[0]


def _stored_job(folder: RunFolder) -> Job:
    return Job.from_json(_read_required(folder, "run.json")["job"])


def _finished_segments(folder: RunFolder, job: Job) -> list[dict[str, Any]]:
    """Return the stored states of all segments of a run.

    Raises:
        BackfillFailedError: Some segments are not done.
    """
    stored_objects = {number: folder.read(state_name(number)) for number in job.segment_numbers}
    documents = {number: stored[0] for number, stored in stored_objects.items() if stored}
    unfinished = [number for number in stored_objects if not documents.get(number, {}).get("done")]
    if unfinished:
        raise BackfillFailedError(
            ErrorKind.SERVICE,
            f"Run {job.run_id} is not finished. Open segments: {unfinished[:20]}. "
            "Start the job again with this runId.",
        )
    return list(documents.values())
