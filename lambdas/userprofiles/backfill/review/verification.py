"""Runs a verification, and adds up its result."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from userprofiles.backfill import report
from userprofiles.backfill.error_messages import TableLocation
from userprofiles.backfill.job import Job
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.outcome import Outcome
from userprofiles.backfill.review.difference_log import DifferenceLog
from userprofiles.backfill.review.item_reader import ItemReader
from userprofiles.backfill.review.orphans import find_orphans
from userprofiles.backfill.review.review import Review
from userprofiles.backfill.run import Observer, Run
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.tables.batch_permissions import BatchPermissions
from userprofiles.backfill.tables.calls import Calls
from userprofiles.backfill.tally import Meter, Tally

DIFFERENCES = (Outcome.DIFFERING, Outcome.MISSING, Outcome.ORPHANED)
OUTCOMES = (Outcome.MATCHING, Outcome.CHANGED, *DIFFERENCES, Outcome.ERASED)


@dataclass(frozen=True)
class VerificationResult:
    """The result of a verification.

    Attributes:
        tally: The users by outcome.
        meter: The calls, and their cost.
        created: The profiles that the run created, or None for a verification without a run or of a sample.
        is_complete: Whether all users were verified.
    """

    tally: Tally
    meter: Meter
    created: int | None
    is_complete: bool

    @property
    def unaccounted(self) -> int:
        """The profiles of the run that exist no longer, like their users, or have lost the run's ID."""
        if self.created is None:
            return 0
        return max(0, self.created - sum(self.tally.other[outcome.value] for outcome in OUTCOMES))

    @property
    def has_differences(self) -> bool:
        """Whether something is not as the run left it, except what users changed."""
        differences = sum(self.tally.other[outcome.value] for outcome in DIFFERENCES)
        return bool(differences or self.unaccounted or self.tally.failed)

    def counts(self) -> dict[str, Any]:
        """Return the counts as the report has them."""
        return {
            "processed": self.tally.processed,
            **{outcome.value: self.tally.other[outcome.value] for outcome in OUTCOMES},
            "existed": self.tally.existed,
            "failed": self.tally.failed,
            "skipped": dict(sorted(self.tally.skipped.items())),
            "createdByRun": self.created,
            "unaccounted": self.unaccounted,
        }


class Verification:
    """Verifies the profiles of a table.

    Args:
        client: A botocore DynamoDB client.
        location: The table.
        stop: Ends the verification.
        limits: Sizes and times.
    """

    def __init__(self, client: Any, location: TableLocation, *, stop: Stop, limits: Limits) -> None:
        self._client = client
        self._location = location
        self._stop = stop
        self._limits = limits

    def execute(
        self, job: Job, review: Review, differences: DifferenceLog, observer: Observer
    ) -> VerificationResult:
        """Verify all segments, then look for profiles without a user.

        Args:
            job: The task of the verification.
            review: What its threads share.
            differences: Lists the differences. The observer adds those of the segments.
            observer: Shows the progress.

        Raises:
            BackfillError: The source or the table can't be read.
        """
        states = [SegmentState(number) for number in job.segment_numbers]
        run = Run(
            job,
            self._client,
            self._location,
            states,
            stop=self._stop,
            observer=observer,
            limits=self._limits,
            review=review,
        )
        run.execute()
        is_complete = all(state.done for state in states)
        tally, meter = report.add_up(states)
        if is_complete and not job.only:
            calls = Calls(self._client, self._location, self._stop, self._limits)
            reader = ItemReader(calls, BatchPermissions(observer.warn, self._limits), self._limits)
            for results in find_orphans(calls, reader, job, review):
                differences.add(results)
                for result in results:
                    tally.count(result)
            meter.add(calls.take_meter())
        settled = differences.settled()[Outcome.DIFFERING.value]
        tally.other[Outcome.DIFFERING.value] -= settled
        tally.existed += settled
        return VerificationResult(tally, meter, _created(job, review), is_complete)


def _created(job: Job, review: Review) -> int | None:
    """Return the number of profiles that must be accounted for, or None if it is not known."""
    if review.history is None or review.sample is not None or job.dry_run:
        return None
    return review.history.created


def format_verification(title: str, result: VerificationResult) -> str:
    """Return the result as text."""
    lines = [title, *_count_lines(result.tally.other, OUTCOMES)]
    if result.tally.existed:
        lines.append(
            f"  {'existed':<12}{result.tally.existed:>12,}  (not created by the run, or a further row)"
        )
    if result.tally.failed:
        lines.append(f"  {'failed':<12}{result.tally.failed:>12,}")
    lines += [
        f"  {'skipped':<12}{count:>12,}  ({reason})"
        for reason, count in sorted(result.tally.skipped.items())
        if count
    ]
    if result.unaccounted:
        lines.append(
            f"Profiles that the run created: {result.created:,}. Not found: {result.unaccounted:,}. "
            "They exist no longer, like their users, or they have lost the ID of the run."
        )
    lines.append("Differences:" if result.has_differences else "No differences.")
    return "\n".join(lines) + "\n"


def _count_lines(counts: Mapping[str, int], outcomes: Iterable[Outcome]) -> Sequence[str]:
    return [f"  {outcome.value:<12}{counts.get(outcome.value, 0):>12,}" for outcome in outcomes]
