"""Records the throughput and latency of a run from the states of its segments."""

from collections.abc import Sequence
from typing import Any

from userprofiles.backfill import report
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.jobs.latency import Latency
from userprofiles.jobs.timeline import Bucket, Timeline


class TimelineRecorder:
    """Records the work of one session of a run.

    Args:
        timeline: The timeline of the former sessions.
        states: The states at the beginning of the session.
        seconds: The duration of the former sessions.
    """

    def __init__(self, timeline: Timeline, states: Sequence[SegmentState], seconds: float = 0.0) -> None:
        self._timeline = timeline
        self._seconds = seconds
        self._users, self._write_units = _totals(states)

    def record(self, states: Sequence[SegmentState], seconds: float) -> dict[str, Any]:
        """Record the work since the last call, and return the timeline for the record of the run.

        Args:
            states: The states of all segments. The durations of their calls are taken out of them.
            seconds: The duration of all sessions so far.
        """
        users, write_units = _totals(states)
        latency = Latency()
        for state in states:
            latency.add(state.meter.latency)
            state.meter.latency = Latency()
        work = Bucket(users - self._users, write_units - self._write_units, latency)
        self._timeline.record(self._seconds, seconds, work)
        self._users, self._write_units, self._seconds = users, write_units, seconds
        return self._timeline.to_json()


def _totals(states: Sequence[SegmentState]) -> tuple[int, float]:
    tally, meter = report.add_up(states)
    return tally.processed, meter.write_units
