"""The report of a run in a ledger: that of `report.py`, with reasons, throughput and latency over time."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from userprofiles.backfill import report
from userprofiles.backfill.failures.quarantine_sink import listed_part, quarantine_errors, quarantine_part
from userprofiles.backfill.job import Job
from userprofiles.backfill.outcome import reason_group
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.backfill.tally import Meter, Tally
from userprofiles.jobs.latency import Latency
from userprofiles.jobs.quarantine import Part, Quarantine, QuarantinedRow
from userprofiles.jobs.run_record import STATE_MACHINE, RunRecord
from userprofiles.jobs.timeline import Timeline

_MAX_REASONS = 50
_OTHER_REASONS = "other reasons"


class JobReport:
    """The report of one run.

    Args:
        record: The record of the run.
        job: The task of the run.
        states: The progress of its segments.
        quarantine: Its failed rows.
    """

    def __init__(
        self, record: RunRecord, job: Job, states: Iterable[SegmentState], quarantine: Quarantine
    ) -> None:
        self._record = record
        self._job = job
        self._quarantine = quarantine
        self._tally, self._meter = Tally(), Meter()
        self._parts: list[Part] = []
        for state in states:
            self._tally.add(state.tally)
            self._meter.add(state.meter)
            is_distributed = record.engine == STATE_MACHINE
            part = listed_part(job, state) if is_distributed else quarantine_part(state)
            if part.rows:
                self._parts.append(part)

    def rows(self) -> Iterator[QuarantinedRow]:
        """Yield the failed rows.

        Raises:
            BackfillFailedError: The quarantine can't be read.
        """
        for part in self._parts:
            with quarantine_errors():
                yield from self._quarantine.read(part)

    def failures(self) -> Iterator[dict[str, Any]]:
        """Yield the failed users as the report lists them.

        Raises:
            BackfillFailedError: The quarantine can't be read.
        """
        for row in self.rows():
            yield {
                "userId": row.row_id,
                **row.key,
                "reason": row.reason,
                "sha256": row.sha256,
                "tries": row.tries,
            }

    def totals(self) -> dict[str, Any]:
        """Return the report without its failures.

        Raises:
            BackfillFailedError: The quarantine can't be read.
        """
        record = self._record
        timeline = Timeline.from_json(record.counts.get("timeline", {}))
        latency = Latency()
        for bucket in timeline.buckets:
            latency.add(bucket.latency)
        return {
            **report.build_totals(self._job, self._tally, self._meter, record.seconds),
            **review_figures(self._job, record),
            "operation": self._job.operation.value,
            "state": record.state.value,
            "message": record.message,
            "engine": record.engine,
            "startedAt": record.started_at,
            "codeVersion": record.code_version,
            "templateVersion": record.template_version,
            "planHash": record.plan_hash,
            "failureReasons": count_reasons(row.reason for row in self.rows()),
            "latencyMs": latency.summary(),
            "timeline": timeline.summary(record.seconds),
        }


def review_figures(job: Job, record: RunRecord) -> dict[str, Any]:
    """Return the figures that only a verification by the state machine has."""
    figures = {name: record.counts[name] for name in ("createdByRun", "unaccounted") if name in record.counts}
    return figures | ({"sample": dict(job.sample)} if job.sample else {})


def count_reasons(reasons: Iterable[str]) -> dict[str, int]:
    """Count the reasons of failures, the most frequent first.

    Reasons that differ only in sizes or digests are one reason. Only the first different reasons are named,
    so that a table whose rows all fail in another way has a short report.
    """
    counts: Counter[str] = Counter()
    for reason in reasons:
        text = reason_group(reason)
        counts[text if text in counts or len(counts) < _MAX_REASONS else _OTHER_REASONS] += 1
    return dict(counts.most_common())
