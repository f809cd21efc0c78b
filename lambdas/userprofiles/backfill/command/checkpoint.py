"""The checkpoint of a run: a file in the user's state directory, never an item in the table.

(The old script would read such an item as a user.)
"""

import os
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from userprofiles.backfill.command.checkpoint_folder import VERSION, CheckpointFolder
from userprofiles.backfill.errors import RefusedError
from userprofiles.backfill.failures.failure_log import FailureLog
from userprofiles.backfill.job import Job
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.jobs.document_file import DocumentFile
from userprofiles.jobs.private_files import open_private


class Checkpoint:
    """Writes the states of one run to a file.

    Args:
        checkpoints: The folder of the file.
        job: The task of the run.
        every_s: Seconds between two writes.
    """

    def __init__(self, checkpoints: CheckpointFolder, job: Job, every_s: float) -> None:
        self.job = job
        self._every_s = every_s
        self._path = checkpoints.path(job.run_id)
        self._file = DocumentFile(self._path)
        self._failures_path = checkpoints.failures_path(job.run_id)
        self._lock_path = self._path.with_suffix(".lock")
        self._lock: int | None = None
        self._saved_at = float("-inf")

    def open(self, failure_bytes: int = 0) -> FailureLog:
        """Lock the run for this process and open its failure log.

        Args:
            failure_bytes: The size of the failure log that belongs to the stored states.

        Raises:
            RefusedError: Another process has locked this run, or has changed its failure log.
            OSError: The state directory can't be written.
        """
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = open_private(self._lock_path)
        if sys.platform != "win32":
            import fcntl  # noqa: PLC0415 - Windows does not have it

            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self.close()
                raise RefusedError(
                    f"Another process is working on run {self.job.run_id}.\n"
                    "Wait until it ends, or stop it first."
                ) from None
        try:
            return FailureLog(self._failures_path, failure_bytes)
        except ValueError as error:
            self.close()
            raise RefusedError(
                f"The checkpoint of run {self.job.run_id} has changed: {error}.\nRun again."
            ) from error

    def save(
        self, states: Iterable[SegmentState], failures: FailureLog, seconds: float, *, at_once: bool
    ) -> None:
        """Write the states if the last write is old enough.

        Args:
            states: All states of the run.
            failures: The failure log of the run.
            seconds: The duration of the run so far.
            at_once: Whether to write in any case.

        Raises:
            OSError: The file can't be written. The previous states are kept.
        """
        if not at_once and time.monotonic() - self._saved_at < self._every_s:
            return
        document: dict[str, Any] = {
            "version": VERSION,
            "job": self.job.to_json(),
            "states": [state.to_json() for state in states],
            "seconds": seconds,
            "failureBytes": failures.size,
        }
        self._file.write(document)
        self._saved_at = time.monotonic()

    @property
    def is_stored(self) -> bool:
        """Whether a stopped run can be resumed from the file."""
        return self._path.exists()

    def close(self) -> None:
        """Unlock the run, and keep its files."""
        self._file.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def remove(self) -> None:
        """Delete the files of a finished run, and unlock it."""
        self._file.close()  # Windows deletes only closed files
        for path in (self._path, self._failures_path, self._lock_path):
            with suppress(OSError):
                path.unlink()
        self.close()
