"""The summary of a plan: its memory does not grow with the number of users."""

import pytest
from userprofiles.backfill.outcome import Outcome, UserResult
from userprofiles.backfill.plan.plan_summary import SAMPLES, PlanSummary


def result(number, outcome=Outcome.CREATED, reason="", key=None):
    return UserResult(f"user{number}", outcome, reason, key={"PK": key or f"user{number}", "SK": "M"})


def sizes(summary):
    """Return how many values each part of a summary keeps."""
    return (
        len(summary._segments),
        len(summary.failures),
        len(summary._hot_keys),
        sum(len(heap) for heap in summary._samples.values()),
    )


@pytest.mark.long
def test_ten_times_the_users_keep_as_many_values():
    summary = PlanSummary()
    kept = []
    for start in range(0, 20_000, 2_000):
        numbers = range(start, start + 2_000)
        # Reasons with numbers, different reasons, and partitions with many users: none may accumulate.
        summary.record(0, [result(number, Outcome.FAILED, f"has {number} bytes") for number in numbers])
        summary.record(1, [result(number, Outcome.FAILED, "x" * (number % 90)) for number in numbers])
        summary.record(2, [result(number, key=f"org{number // 150}") for number in numbers])
        kept.append(sizes(summary))

    assert kept[-1] == kept[0]


def test_samples_do_not_depend_on_order_or_chunks():
    results = [result(number) for number in range(50)]
    one, other = PlanSummary(), PlanSummary()
    one.record(0, results)
    for item in reversed(results):
        other.record(0, [item])

    assert one.samples() == other.samples()
    assert len(one.samples()["created"]) == SAMPLES


def test_hot_key_over_two_chunks_is_counted_whole():
    summary = PlanSummary()
    summary.record(0, [result(number, key="org") for number in range(80)])
    summary.record(0, [result(number, key="org") for number in range(80, 130)])

    assert summary.hot_keys() == [("org", 130)]
