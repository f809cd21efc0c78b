"""A run stops when more users have failed than its job tolerates."""

import pytest
from userprofiles.backfill.job import Job
from userprofiles.backfill.ledger.tolerance_check import tolerance_error
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.backfill.tally import Tally


@pytest.mark.parametrize(
    ("max_failures", "failed", "is_error"),
    [(None, 99, False), (5, 5, False), (5, 6, True), (0, 0, False), (0, 1, True)],
)
def test_limit_itself_is_tolerated(max_failures, failed, is_error):
    states = [SegmentState(0, tally=Tally(failed=failed)), SegmentState(1)]
    job = Job("run-1", "users", max_failures=max_failures)

    assert (tolerance_error(job, states) is not None) == is_error


def test_failures_of_all_segments_count():
    states = [SegmentState(number, tally=Tally(failed=3)) for number in range(2)]

    error = tolerance_error(Job("run-1", "users", max_failures=5), states)

    assert str(error).startswith("6 users failed, more than the tolerance of 5")
