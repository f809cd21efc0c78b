"""Summarizes a dry run for a plan: counts, digests, samples and warnings, in memory that does not grow."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heappush as push
from heapq import heappushpop, nlargest
from typing import Any

from userprofiles.backfill.outcome import Outcome, UserResult, reason_group
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.jobs.digest import OrderFreeDigest, record_number

SAMPLES = 5
"""Users that are named for each outcome and reason."""

HOT_KEY_ROWS = 100
"""Users in one partition of the source from which the plan warns of a hot key."""

HUGE_ITEM_UNITS = 100
"""Write units of one item (1 KB each) from which the plan warns of huge items."""

_REASONS = 50
_OTHER_REASONS = "other reasons"
_HOT_KEYS = 5


@dataclass
class _SegmentSummary:
    """What the plan keeps of one segment."""

    digest: OrderFreeDigest = field(default_factory=OrderFreeDigest)
    last_key: str = ""
    rows_of_key: int = 0


class PlanSummary:
    """The summary of all segments.

    Attributes:
        write_units: The expected write units of all items.
        huge_items: The number of items with at least `HUGE_ITEM_UNITS`.
        failures: The failed users by reason. Numbers in reasons are replaced, so that there are few reasons.
    """

    def __init__(self) -> None:
        self.write_units = 0
        self.huge_items = 0
        self.failures: Counter[str] = Counter()
        self._segments: dict[int, _SegmentSummary] = {}
        self._samples: dict[str, list[tuple[int, str]]] = {}
        self._hot_keys: dict[str, int] = {}

    def record(self, segment: int, results: Sequence[UserResult]) -> None:
        """Add the results of one chunk of a segment."""
        summary = self._segments.setdefault(segment, _SegmentSummary())
        for result in results:
            number = _result_number(result)
            summary.digest.add(number)
            self.write_units += result.write_units
            self.huge_items += result.write_units >= HUGE_ITEM_UNITS
            self._count_key(summary, result)
            self._add_sample(result, number)

    def digest(self, segment: int) -> str:
        """Return the digest of a segment."""
        return self._segments.get(segment, _SegmentSummary()).digest.hexdigest()

    def samples(self) -> dict[str, list[str]]:
        """Return the IDs of some users by outcome and reason. The choice is the same in every run."""
        return {
            name: [user_id for _, user_id in sorted(heap, reverse=True)]
            for name, heap in sorted(self._samples.items())
        }

    def hot_keys(self) -> list[tuple[str, int]]:
        """Return the partition keys with most users in the source, and the number of these users."""
        return nlargest(_HOT_KEYS, self._hot_keys.items(), key=lambda entry: (entry[1], entry[0]))

    def _count_key(self, summary: _SegmentSummary, result: UserResult) -> None:
        """Count the rows of a partition, which a scan returns one after the other."""
        key = result.key.get("PK", "")
        summary.rows_of_key = summary.rows_of_key + 1 if key and key == summary.last_key else 1
        summary.last_key = key
        if summary.rows_of_key >= HOT_KEY_ROWS:
            self._hot_keys[key] = summary.rows_of_key
            if len(self._hot_keys) > _HOT_KEYS * 2:
                self._hot_keys = dict(self.hot_keys())

    def _add_sample(self, result: UserResult, number: int) -> None:
        """Keep the users with the smallest numbers: a choice that depends neither on order nor on threads."""
        name = str(result.outcome)
        if result.outcome is Outcome.FAILED:
            reason = reason_group(result.reason)
            if reason not in self.failures and len(self.failures) >= _REASONS:
                reason = _OTHER_REASONS
            self.failures[reason] += 1
            name = f"{name}: {reason}"
        elif result.reason:
            name = f"{name}: {result.reason}"
        heap = self._samples.setdefault(name, [])
        entry = (-number, result.user_id)
        if len(heap) < SAMPLES:
            push(heap, entry)
        elif entry > heap[0]:
            heappushpop(heap, entry)


def segment_counts(state: SegmentState, summary: PlanSummary) -> dict[str, Any]:
    """Return the counts and the digest of a segment as a plan has them."""
    return {
        "segment": state.segment,
        "rows": state.rows,
        **state.tally.to_json(),
        "digest": summary.digest(state.segment),
    }


def _result_number(result: UserResult) -> int:
    key = "\0".join(f"{name}={value}" for name, value in sorted(result.key.items()))
    return record_number(key, result.user_id, result.outcome, result.reason)
