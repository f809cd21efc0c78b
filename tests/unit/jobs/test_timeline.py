"""Throughput and latency over time."""

import json

import pytest
from userprofiles.jobs.latency import Latency
from userprofiles.jobs.timeline import MAX_BUCKETS, Bucket, Timeline


def latency(*milliseconds):
    histogram = Latency()
    for value in milliseconds:
        histogram.record(value / 1000)
    return histogram


def test_percentiles_are_at_most_20_percent_too_high():
    histogram = latency(*range(1, 1001))

    for percent in (50, 95, 99):
        assert percent * 10 <= histogram.percentile_ms(percent) <= percent * 12
    assert histogram.summary()["max"] == 1000.0


def test_no_call_has_no_duration():
    assert Latency().summary() == {"p50": 0.0, "p95": 0.0, "max": 0.0}


def test_call_that_is_longer_than_all_bins_counts():
    histogram = latency(1_000_000)

    assert (histogram.calls, histogram.summary()["max"]) == (1, 1_000_000.0)


def test_sums_are_kept_while_buckets_are_merged():
    timeline = Timeline()
    for second in range(1_000):
        timeline.record(second, second + 1, Bucket(10, 2.5, latency(second % 7 + 1)))

    assert len(timeline.buckets) <= MAX_BUCKETS
    assert timeline.bucket_s == 32.0
    assert sum(bucket.users for bucket in timeline.buckets) == pytest.approx(10_000)
    assert sum(bucket.write_units for bucket in timeline.buckets) == pytest.approx(2_500)
    assert sum(bucket.latency.calls for bucket in timeline.buckets) == 1_000


def test_resumed_session_continues_after_the_stored_one():
    first = Timeline()
    first.record(0.0, 0.5, Bucket(100, 100.0, latency(5, 20)))

    second = Timeline.from_json(json.loads(json.dumps(first.to_json())))
    second.record(2.0, 2.5, Bucket(50, 50.0, latency(9)))

    summary = second.summary(2.5)
    assert [bucket["usersPerSecond"] for bucket in summary["buckets"]] == [100.0, 0.0, 100.0]
    assert summary["buckets"][0]["latencyMs"]["max"] == 20.0
    assert Timeline.from_json({}).buckets == []


def test_work_is_divided_among_the_buckets_of_its_time():
    timeline = Timeline()
    timeline.record(0.5, 3.1, Bucket(260, 26.0, latency(5)))

    summary = timeline.summary(3.1)["buckets"]
    assert [round(bucket.users) for bucket in timeline.buckets] == [50, 100, 100, 10]
    assert [bucket["usersPerSecond"] for bucket in summary] == [50.0, 100.0, 100.0, 100.0]
    assert [bucket["calls"] for bucket in summary] == [0, 0, 0, 1]


@pytest.mark.parametrize("seconds", [(3, 3), (3, 200), (200, 3)])
def test_timelines_of_two_processes_add_up(seconds):
    timelines = []
    for duration in seconds:
        timeline = Timeline()
        for second in range(duration):
            timeline.record(second, second + 1, Bucket(10, 1.0, latency(5)))
        timelines.append(timeline)
    first, second = timelines
    before = json.dumps(second.to_json())

    first.add(second)

    assert len(first.buckets) <= MAX_BUCKETS
    assert first.bucket_s == max(1.0, second.bucket_s, 8.0 if max(seconds) > 40 else 1.0)
    assert sum(bucket.users for bucket in first.buckets) == pytest.approx(10 * sum(seconds))
    assert sum(bucket.latency.calls for bucket in first.buckets) == sum(seconds)
    assert first.buckets[0].users >= 20
    assert json.dumps(second.to_json()) == before, "the other timeline stays as it is"


def test_record_in_the_ledger_stays_small():
    timeline = Timeline()
    for second in range(600):
        timeline.record(second, second + 1, Bucket(10_000, 2_500, latency(*range(1, 200, 3))))

    assert len(json.dumps(timeline.to_json())) < 30_000
