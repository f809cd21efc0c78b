"""How the counts of a run may differ from its plan."""

from collections import Counter

import pytest
from userprofiles.backfill.plan.drift import CountDrift
from userprofiles.backfill.plan.plan_file import create_plan
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.backfill.tally import Tally

USERS = 50_000


def counts(**values):
    return {"existed": 0, "created": 0, "failed": 0, "skipped": {}, **values}


def plan_of(*segments):
    entries = [
        {"segment": number, "processed": entry["created"] + sum(entry["skipped"].values()), **entry}
        for number, entry in enumerate(segments)
    ]
    total = sum(entry["processed"] for entry in entries)
    return create_plan({"planId": "p", "counts": {"processed": total}, "segments": entries})


def state(number, *, done=True, **tally):
    tally["skipped"] = Counter(tally.get("skipped", {}))
    return SegmentState(number, done=done, tally=Tally(**tally))


@pytest.fixture
def plan():
    """Return the plan of two segments with 25,000 users each: 1 % are 500 users."""
    return plan_of(counts(created=USERS // 2), counts(created=USERS // 2))


@pytest.mark.parametrize("change", [500, -500])
def test_one_percent_is_allowed_on_both_sides(plan, change):
    states = [state(0, created=25_000 + change), state(1, created=25_000)]

    assert CountDrift(plan, 0.01).differences(states) == []


@pytest.mark.parametrize("change", [501, -501])
def test_more_than_one_percent_is_drift_on_both_sides(plan, change):
    states = [state(0, created=25_000 + change), state(1, created=25_000)]

    differences = CountDrift(plan, 0.01).differences(states)

    assert [difference.name for difference in differences] == ["created", "processed"]
    assert (differences[0].before, differences[0].now) == (USERS, USERS + change)


def test_reason_that_the_plan_does_not_have_is_drift(plan):
    states = [state(0, done=False, skipped={"inactive": 501}), state(1, done=False)]

    differences = CountDrift(plan, 0.01).differences(states)

    assert [(item.name, item.before, item.now) for item in differences] == [("skipped.inactive", 0, 501)]


def test_hash_of_a_plan_does_not_depend_on_the_order_of_its_names():
    first, second = {"planId": "p", "counts": {"a": 1, "b": 2}}, {"counts": {"b": 2, "a": 1}, "planId": "p"}

    assert create_plan(first).document["sha256"] == create_plan(second).document["sha256"]


def test_hundred_users_are_always_allowed():
    plan = plan_of(counts(created=10))

    assert CountDrift(plan, 0.01).differences([state(0, created=110)]) == []
    assert CountDrift(plan, 0.01).differences([state(0, created=111)]) != []


def test_unfinished_segment_counts_only_above_its_plan(plan):
    drift = CountDrift(plan, 0.01)

    assert drift.differences([state(0, created=3, done=False), state(1, done=False)]) == []
    assert drift.differences([state(0, created=25_600, done=False), state(1, done=False)]) != []


def test_segments_balance_each_other(plan):
    states = [state(0, created=26_000), state(1, created=24_000)]

    assert CountDrift(plan, 0.01).differences(states) == []


def test_other_outcome_of_the_same_users_is_drift(plan):
    states = [state(0, created=25_000), state(1, created=24_000, existed=1_000)]

    names = [difference.name for difference in CountDrift(plan, 0.01).differences(states)]

    assert names == ["created", "existed"]


def test_skip_reasons_are_compared_one_by_one():
    plan = plan_of(counts(created=0, skipped={"inactive": 300, "softDeleted": 300}))
    states = [state(0, skipped={"inactive": 450, "softDeleted": 150})]

    names = [difference.name for difference in CountDrift(plan, 0.01).differences(states)]

    assert names == ["skipped.inactive", "skipped.softDeleted"]
