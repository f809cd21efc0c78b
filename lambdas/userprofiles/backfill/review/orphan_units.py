"""The units of a distributed verification that look for profiles without a user.

A unit that compares users knows only its own ones. So it stores the hashes of all its users. When all users
are compared, further units scan the table again, and look up each profile in these hashes. If the hashes of
all users don't fit into the memory of a worker, they are divided into parts, and each part has its own scan.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from userprofiles.backfill.job import DEFAULT_SEGMENTS, Job, Operation
from userprofiles.backfill.segment_state import SegmentState

USERS_IN_MEMORY = 30_000_000
"""Users whose hashes a worker holds: 240 MB of its 1,024 MB."""

MAX_UNITS = 2_000
"""Units that look for orphans: their numbers are far below the 256 KiB limit of a state's payload."""


@dataclass(frozen=True)
class OrphanUnit:
    """A unit that looks for profiles without a user.

    Attributes:
        number: The number of the unit: the first one follows the last segment of the job.
        segment: The segment of the table.
        segments: The number of segments of the table.
        part: The part of the hashes.
        parts: The number of parts.
    """

    number: int
    segment: int
    segments: int
    part: int
    parts: int


def searches_orphans(job: Job) -> bool:
    """Return whether a job looks for profiles without a user, as the local verification does."""
    is_import_sample = job.creates_accounts and job.sample is not None
    return job.operation is Operation.VERIFY and not job.only and not is_import_sample


def is_orphan_unit(job: Job, number: int) -> bool:
    """Return whether a number can be that of a unit that looks for orphans."""
    return searches_orphans(job) and job.segments <= number < job.segments + MAX_UNITS


def plan_orphan_units(job: Job, states: Iterable[SegmentState]) -> Sequence[OrphanUnit]:
    """Return the units that look for orphans; none before all users are compared.

    Args:
        job: The task of the verification.
        states: The progress of its units.
    """
    compared = [state for state in states if state.segment < job.segments]
    if not searches_orphans(job) or len(compared) < job.segments or not all(s.done for s in compared):
        return ()
    users = sum(state.rows for state in compared)
    parts = min(MAX_UNITS, users // USERS_IN_MEMORY + 1)
    segments = min(DEFAULT_SEGMENTS if job.creates_accounts else job.segments, MAX_UNITS // parts)
    return [
        OrphanUnit(job.segments + number, number % segments, segments, number // segments, parts)
        for number in range(segments * parts)
    ]


def add_orphan_states(job: Job, states: Sequence[SegmentState]) -> list[SegmentState]:
    """Return the states of a job with new ones for the units that look for orphans and have none yet."""
    numbers = {state.segment for state in states}
    units = plan_orphan_units(job, states)
    return [*states, *(SegmentState(unit.number) for unit in units if unit.number not in numbers)]
