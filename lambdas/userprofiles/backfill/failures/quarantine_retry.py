"""Processes the quarantined rows of a run again, and corrects the counts of the run.

The rows of a segment are a queue: each batch is taken from its beginning, and the rows that fail again are
added at its end. The state of the segment has the new counts and the new place in the queue. It is stored in
one write, so a kill between two writes loses and repeats no count.
"""

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from userprofiles.backfill.errors import StoppedError
from userprofiles.backfill.failures.quarantine_sink import quarantine_errors, quarantine_part, quarantined_row
from userprofiles.backfill.job import Job
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.operations import create_processors
from userprofiles.backfill.outcome import Outcome, UserResult
from userprofiles.backfill.segment_state import Chunk, QuarantinePlace, SegmentState
from userprofiles.backfill.sources.source import Cursor, Page, Source
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.tables.calls import Calls
from userprofiles.backfill.users.user_row import Row, UserRow
from userprofiles.jobs.quarantine import MAX_TRIES, Part, Quarantine, QuarantinedRow

ROW_MISSING = "rowMissing"
"""The reason of a skipped user whose row the source does not have any more."""

HashableKey = tuple[tuple[str, str], ...]
SaveState = Callable[[SegmentState, Sequence[UserResult]], None]


class RetrySource:
    """The rows of one batch, as a source with one page.

    Args:
        source: Reads the users of the rows.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self.rows: Sequence[Row] = ()

    @property
    def segments(self) -> int:
        """The number of segments of the source."""
        return self._source.segments

    def identity(self) -> Mapping[str, Any]:
        """Return the identity of the source."""
        return self._source.identity()

    def read_pages(self, calls: Calls, segment: int, cursor: Cursor | None) -> Iterator[Page]:  # noqa: ARG002 - as in `Source`
        """Yield the batch."""
        yield Page(self.rows, None, lambda _: {})

    def read_users(self, rows: Sequence[Row]) -> list[UserRow]:
        """Read the users of some rows."""
        return self._source.read_users(rows)

    def read_rows(self, calls: Calls, keys: Sequence[Mapping[str, str]]) -> list[Row]:
        """Read single rows again."""
        return self._source.read_rows(calls, keys)


class QuarantineRetry:
    """Retries the quarantined rows of a run.

    Args:
        job: The task of the run.
        source: The source of the run.
        quarantine: The quarantine of the run.
        calls: Calls on the table.
        save: Stores the state of a segment. It also gets the results that the state counts now.
        warn: Shows a warning.
        stop: Ends the retry between two batches.
        limits: The size of a batch.
        force: Whether rows that failed too often are tried, too.

    Attributes:
        results: The retried rows by outcome.
        kept: The number of rows that failed too often before.
    """

    def __init__(
        self,
        job: Job,
        source: Source,
        quarantine: Quarantine,
        calls: Calls,
        *,
        save: SaveState,
        warn: Callable[[str], None],
        stop: Stop,
        limits: Limits,
        force: bool,
    ) -> None:
        self.results: Counter[str] = Counter()
        self.kept = 0
        self._job = job
        self._quarantine = quarantine
        self._calls = calls
        self._save = save
        self._stop = stop
        self._batch_rows = limits.chunk_rows
        self._force = force
        self._source = RetrySource(source)
        self._worker = create_processors(job, warn=warn, limits=limits, source=self._source)(calls)

    def retry_segment(self, state: SegmentState) -> None:
        """Retry the rows of a segment, and update its state.

        Raises:
            BackfillError: The retry could not continue. The state is correct, and the retry can be repeated.
            StoppedError: A stop was requested.
        """
        part = quarantine_part(state)
        with quarantine_errors():
            retryable = sum(self._is_retryable(row) for row in self._quarantine.read(part))
        if not retryable:
            self.kept += part.rows
            return
        with quarantine_errors():
            rows = self._quarantine.read(part)
            while batch := list(islice(rows, self._batch_rows)):
                if self._stop.is_requested:
                    raise StoppedError("stopped between two batches")
                self._retry_batch(state, batch)
        self._replace_file(state)

    def _is_retryable(self, row: QuarantinedRow) -> bool:
        return self._force or row.tries < MAX_TRIES

    def _retry_batch(self, state: SegmentState, batch: Sequence[QuarantinedRow]) -> None:
        rows = [row for row in batch if self._is_retryable(row)]
        kept = [row for row in batch if not self._is_retryable(row)]
        chunk, unprocessed_keys = self._process(state, rows) if rows else (Chunk([]), set())
        results = {_hashable(result.key): result for result in chunk.results}
        finished: list[UserResult] = []
        for row in rows:
            key = _hashable(row.key)
            if key in unprocessed_keys:
                kept.append(row)
                continue
            result = results.get(key) or UserResult(row.row_id, Outcome.SKIPPED, ROW_MISSING)
            self.results[result.outcome] += 1
            if result.outcome is Outcome.FAILED:
                kept.append(quarantined_row(self._job.run_id, state.segment, result, row.tries + 1))
                continue
            finished.append(result)
            results[key] = dataclasses.replace(result, outcome=Outcome.EXISTED)  # for a second row of the key
        self._quarantine.append(quarantine_part(state), kept)
        self._count(state, len(batch), len(kept), finished)
        state.pending_inserts.remove(chunk.counted_keys)
        self._save(state, finished)
        if chunk.error:
            raise chunk.error

    def _process(self, state: SegmentState, rows: Sequence[QuarantinedRow]) -> tuple[Chunk, set[HashableKey]]:
        """Process rows.

        Returns:
            The chunk with the results, and the keys of the rows before which an error ended it.
        """
        keys = {_hashable(row.key): row.key for row in rows}
        self._source.rows = self._source.read_rows(self._calls, list(keys.values()))
        users = self._source.read_users(self._source.rows)
        # A state of its own: the cursor and the counted keys belong to the run, not to these rows.
        scratch = SegmentState(state.segment, pending_inserts=state.pending_inserts)
        for chunk in self._worker.process(scratch):
            if chunk.planned_inserts:
                state.pending_inserts.add(chunk.planned_inserts.created_at, chunk.planned_inserts.keys)
                self._save(state, ())
                continue
            processed_keys = {_hashable(result.key) for result in chunk.results}
            return chunk, {_hashable(user.key) for user in users} - processed_keys
        return Chunk([]), set()

    def _count(
        self, state: SegmentState, batch_rows: int, kept_rows: int, finished: Sequence[UserResult]
    ) -> None:
        """Move the beginning of the queue behind a batch, and count its results."""
        place = state.quarantine
        state.quarantine = QuarantinePlace(place.version, place.first + batch_rows)
        state.tally.failed += kept_rows - batch_rows
        for result in finished:
            state.tally.count(result)
        state.meter.add(self._calls.take_meter())

    def _replace_file(self, state: SegmentState) -> None:
        """Write the rows that stay to a new file, so that the finished rows are deleted."""
        old_part = quarantine_part(state)
        new_part = Part(state.segment, version=old_part.version + 1)
        with quarantine_errors():
            rows = self._quarantine.read(old_part)
            while batch := list(islice(rows, self._batch_rows)):
                self._quarantine.append(new_part, batch)
                new_part = dataclasses.replace(new_part, rows=new_part.rows + len(batch))
        state.quarantine = QuarantinePlace(new_part.version)
        self._save(state, ())
        self._quarantine.delete(old_part)


def _hashable(key: Mapping[str, str]) -> HashableKey:
    return tuple(sorted(key.items()))
