"""Where a stopped run left off: a file in the user's state directory, never an item in the table.

(The old script would take anything of ours in its table for a user.)
"""

import hashlib
import json
import os
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from userprofiles.backfill import report
from userprofiles.backfill.error_messages import Place
from userprofiles.backfill.errors import RefusedError
from userprofiles.backfill.job import Job
from userprofiles.backfill.segment import SegmentState

VERSION = 1


def state_directory(environment: Mapping[str, str] | None = None) -> Path:
    """Return where this user's programs keep their state.

    ``XDG_STATE_HOME`` (or ``LOCALAPPDATA`` on Windows), else ``~/.local/state``:
    https://specifications.freedesktop.org/basedir-spec/latest/
    """
    environment = os.environ if environment is None else environment
    folder = environment.get("XDG_STATE_HOME") or (
        environment.get("LOCALAPPDATA") if sys.platform == "win32" else None
    )
    return Path(folder) if folder else Path.home() / ".local" / "state"


@dataclass(frozen=True)
class StoredRun:
    """What a checkpoint holds.

    Attributes:
        job: The run's task.
        states: How far its segments have come.
        seconds: How long it had worked.
        failure_bytes: How much of the failure log belongs to these states.
    """

    job: Job
    states: list[SegmentState]
    seconds: float
    failure_bytes: int


class Checkpoints:
    """The checkpoints of one table.

    Args:
        place: The table; another region or endpoint is another table.
        root: The state directory.
    """

    def __init__(self, place: Place, root: Path) -> None:
        digest = hashlib.sha256(f"{place.endpoint}\n{place.region}\n{place.table}".encode()).hexdigest()
        self.folder = root / "userprofiles" / "backfill" / f"{place.table}-{digest[:12]}"

    def path(self, run_id: str) -> Path:
        """Return the file of a run's checkpoint."""
        return self.folder / f"{run_id}.json"

    def failures_path(self, run_id: str) -> Path:
        """Return the file of a run's failures."""
        return self.folder / f"{run_id}.failures.jsonl"

    def find(self, job: Job) -> StoredRun:
        """Return the newest stopped run that the same options began.

        Args:
            job: The task as given now; its run id doesn't matter.

        Raises:
            RefusedError: There is none, or only with other options, or the file can't be read.
        """
        runs = [self._read(path) for path in sorted(self.folder.glob("*.json"), reverse=True)]
        if not runs:
            raise RefusedError(
                f"There is no stopped run of table {job.table!r} to resume (looked in {self.folder}).\n"
                "Run without --resume: users who have a profile are passed over."
            )
        for run in runs:
            if run.job.checksum() == job.checksum():
                return run
        before, now = runs[0].job.to_json(), job.to_json()
        differences = [name for name in now if name not in {"runId", "shape"} and before[name] != now[name]]
        raise RefusedError(
            f"The stopped run {runs[0].job.run_id} was started with other options: "
            + "; ".join(f"{name} was {before[name]!r} and is now {now[name]!r}" for name in differences)
            + ".\nGive the same options with --resume, or run without it to start from the beginning."
        )

    def _read(self, path: Path) -> StoredRun:
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            if document["version"] != VERSION:
                raise ValueError(f"version {document['version']!r}, this program reads {VERSION}")  # noqa: TRY301 - told below
            return StoredRun(
                job=Job.from_json(document["job"]),
                states=[SegmentState.from_json(state) for state in document["states"]],
                seconds=float(document["seconds"]),
                failure_bytes=int(document["failureBytes"]),
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise RefusedError(
                f"The checkpoint {path} can't be read ({type(error).__name__}: {error}).\n"
                "Delete it and run without --resume: users who have a profile are passed over."
            ) from error


class Checkpoint:
    """Keeps one run's states in a file.

    Args:
        checkpoints: Where.
        job: The run's task.
        every_s: Seconds between two writes.
    """

    def __init__(self, checkpoints: Checkpoints, job: Job, every_s: float) -> None:
        self.job = job
        self._every_s = every_s
        self._path = checkpoints.path(job.run_id)
        self._failures_path = checkpoints.failures_path(job.run_id)
        self._lock_path = self._path.with_suffix(".lock")
        self._lock: int | None = None
        self._saved_at = float("-inf")

    def open(self, keep: int = 0) -> report.FailureLog:
        """Take the run for this process and return its failures.

        Args:
            keep: How many bytes of the failures are right.

        Raises:
            RefusedError: Another process works on this run.
            OSError: The state directory can't be written.
        """
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = os.open(self._lock_path, os.O_RDWR | os.O_CREAT, 0o600)
        if sys.platform != "win32":
            import fcntl  # noqa: PLC0415 - there is none on Windows

            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self.close()
                raise RefusedError(
                    f"Another process is working on run {self.job.run_id}.\nLet it end, or stop it first."
                ) from None
        return report.FailureLog(self._failures_path, keep)

    def save(
        self, states: Iterable[SegmentState], failures: report.FailureLog, seconds: float, *, at_once: bool
    ) -> None:
        """Write the states, unless that was done a moment ago.

        Args:
            states: All states of the run.
            failures: The run's failures.
            seconds: How long the run has worked.
            at_once: Write in any case.
        """
        if not at_once and time.monotonic() - self._saved_at < self._every_s:
            return
        document: dict[str, Any] = {
            "version": VERSION,
            "job": self.job.to_json(),
            "states": [state.to_json() for state in states],
            "seconds": seconds,
            "failureBytes": failures.size(),
        }
        report.write(self._path, [json.dumps(document)])
        self._saved_at = time.monotonic()

    def close(self) -> None:
        """Let go of the run; its files stay."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def remove(self) -> None:
        """Delete the files of a run that came to its end."""
        for path in (self._path, self._failures_path, self._lock_path):
            with suppress(FileNotFoundError):
                path.unlink()
        self.close()
