"""Paid plans: nobody loses a paid day."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from import_table import ImportTable
from legacy_world import LegacyWorld, create_premium, create_user, sub_of
from userprofiles.legacy.graph.premium_stage import read_term
from userprofiles.legacy.job.stage import Outcome
from userprofiles.social.premium import premium_item, read_premium

NOW = datetime.now(UTC)
END = "2030-01-01T00:00:00Z"
LATER = "2031-01-01T00:00:00Z"


def plan_of(world, old_id="1"):
    return world.table.get(f"USER#{sub_of(old_id)}", "PREMIUM#MAIN")


def put_plan(world, ends_at, **attributes):
    item = premium_item(
        sub_of("1"), plan="own", starts_at="2025-01-01T00:00:00Z", ends_at=ends_at, created_at=""
    )
    world.table.put({**item, **attributes})
    return plan_of(world)


@pytest.fixture
def premium_world(legacy_world):
    legacy_world.bind("1")
    return legacy_world


class TestImport:
    def test_plan_keeps_its_term(self, premium_world):
        [result] = premium_world.run("premium", [create_user("1", premium=create_premium())])

        item = plan_of(premium_world)
        assert (item["plan"], item["starts_at"], item["ends_at"]) == ("gold", "2024-01-01T00:00:00Z", END)
        assert (result.outcome, result.keys) == (
            Outcome.CREATED,
            (f"item/USER#{sub_of('1')}/PREMIUM#MAIN",),
        )
        assert result.counts["remaining days in"] == result.counts["remaining days out"] > 0

    def test_expired_plan_stays_expired(self, premium_world):
        user = create_user("1", premium=create_premium(end="2025-01-01T00:00:00Z"))

        [result] = premium_world.run("premium", [user])

        assert read_premium(plan_of(premium_world), NOW).state == "expired"
        assert (result.outcome, result.counts) == (Outcome.CREATED, {})

    @pytest.mark.parametrize(
        ("premium", "state", "finding"),
        [
            (create_premium(end=""), "active", "the paid plan has no end, so it does not end here"),
            (create_premium(plan=""), "active", "the paid plan has no name; 'unnamed' stands for it"),
            (
                create_premium(start="2030-01-01T00:00:00Z", end="2029-01-01T00:00:00Z"),
                "scheduled",
                "the paid plan ends before it starts",
            ),
        ],
    )
    def test_gap_of_the_source_costs_nobody_a_day_and_is_listed(self, premium_world, premium, state, finding):
        [result] = premium_world.run("premium", [create_user("1", premium=premium)])

        assert read_premium(plan_of(premium_world), NOW).state == state
        assert result.findings == (f"user 1: {finding}",)

    def test_plan_without_a_start_has_begun(self, premium_world):
        premium_world.run("premium", [create_user("1", premium=create_premium(start=""))])

        assert (
            read_premium(plan_of(premium_world), datetime.now(UTC) + timedelta(minutes=1)).state == "active"
        )

    def test_fraction_of_a_second_is_not_lost(self):
        term = read_term(create_premium(end="2030-01-01T00:00:00.250Z"))

        assert term.end == datetime(2030, 1, 1, 0, 0, 1, tzinfo=UTC)

    def test_users_without_plan_or_import_are_skipped(self, premium_world):
        users = [create_user("1"), create_user("2", premium=create_premium())]

        results = premium_world.run("premium", users)

        assert [(result.outcome, result.reason) for result in results] == [
            (Outcome.SKIPPED, "the user has no paid plan"),
            (Outcome.SKIPPED, "the user is not imported"),
        ]
        days = results[1].counts
        assert days["remaining days in"] == days["remaining days of users who are not imported"]


class TestExistingPlan:
    @pytest.mark.parametrize("ends_at", [END, LATER, None])
    def test_plan_that_ends_no_earlier_is_not_touched(self, premium_world, ends_at):
        existing = put_plan(premium_world, ends_at)

        [result] = premium_world.run("premium", [create_user("1", premium=create_premium())])

        assert plan_of(premium_world) == existing
        assert (result.outcome, result.keys) == (Outcome.EXISTED, ())

    @pytest.mark.parametrize("end", [LATER, ""])
    def test_plan_that_ends_earlier_is_extended_and_can_be_restored(self, premium_world, end):
        existing = put_plan(premium_world, END)
        users = [create_user("1", premium=create_premium(end=end))]

        [result] = premium_world.run("premium", users)

        assert result.outcome is Outcome.UPDATED
        assert plan_of(premium_world).get("ends_at", "") == end
        assert premium_world.run("premium", users) == [result]
        [undone] = premium_world.run("premium", list(result.keys), "undo")
        assert (undone.outcome, plan_of(premium_world)) == (Outcome.REMOVED, existing)

    def test_plan_that_begins_later_begins_with_the_imported_one(self, premium_world):
        item = premium_item(
            sub_of("1"), plan="own", starts_at=END, ends_at=LATER, created_at="2026-01-01T00:00:00Z"
        )
        premium_world.table.put(item)

        [result] = premium_world.run("premium", [create_user("1", premium=create_premium(end=END))])

        extended = plan_of(premium_world)
        assert (extended["starts_at"], extended["ends_at"]) == ("2024-01-01T00:00:00Z", LATER)
        premium_world.run("premium", list(result.keys), "undo")
        assert plan_of(premium_world) == item

    def test_delta_extends_a_plan_that_was_extended_in_the_source(self, premium_world):
        premium_world.run("premium", [create_user("1", premium=create_premium())])

        [result] = premium_world.run(
            "premium", [create_user("1", premium=create_premium(end=LATER))], "update", run_id="run-2"
        )

        assert (result.outcome, plan_of(premium_world)["ends_at"]) == (Outcome.UPDATED, LATER)


class TestUndo:
    def test_plan_of_this_run_is_removed(self, premium_world):
        before = premium_world.table.keys()
        [result] = premium_world.run("premium", [create_user("1", premium=create_premium())])

        [undone] = premium_world.run("premium", list(result.keys), "undo")

        assert (undone.outcome, premium_world.table.keys()) == (Outcome.REMOVED, before)

    @pytest.mark.parametrize("extends_existing", [False, True])
    def test_plan_that_was_paid_again_after_the_import_stays(self, premium_world, extends_existing):
        if extends_existing:
            put_plan(premium_world, "2029-01-01T00:00:00Z")
        [result] = premium_world.run("premium", [create_user("1", premium=create_premium())])
        paid = {**plan_of(premium_world), "ends_at": LATER}
        premium_world.table.put(paid)

        [undone] = premium_world.run("premium", list(result.keys), "undo")

        assert (undone.outcome, plan_of(premium_world)) == (Outcome.KEPT, paid)


class TestVerify:
    def test_plan_that_ends_early_is_a_difference(self, premium_world):
        users = [create_user("1", premium=create_premium())]
        [missing] = premium_world.run("premium", users, "verify")
        [imported] = premium_world.run("premium", users)
        [verified] = premium_world.run("premium", users, "verify")
        premium_world.table.put({**plan_of(premium_world), "ends_at": "2029-12-31T00:00:00Z"})
        [early] = premium_world.run("premium", users, "verify")

        assert (missing.outcome, missing.reason) == (Outcome.FAILED, "the paid plan is not in the table")
        assert (verified.outcome, verified.keys) == (Outcome.EXISTED, imported.keys)
        assert (early.outcome, early.reason) == (
            Outcome.FAILED,
            "the paid plan begins later or ends earlier than in the source",
        )
        assert early.counts["remaining days out"] == early.counts["remaining days in"] - 1


MOMENTS = st.none() | st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - Hypothesis takes naive bounds


def text(moment):
    return "" if moment is None else moment.isoformat()


@given(st.lists(st.tuples(MOMENTS, MOMENTS, MOMENTS, st.booleans()), max_size=5))
@settings(max_examples=25, deadline=None)
def test_no_plan_ends_early_and_the_days_balance(plans):
    """The days in are the days out and those of users who are not imported, whatever exists here already."""
    world = LegacyWorld(ImportTable())
    users = []
    for number, (start, end, existing_end, is_imported) in enumerate(plans):
        users.append(create_user(str(number), premium=create_premium(start=text(start), end=text(end))))
        if is_imported:
            world.bind(str(number))
        if existing_end is not None:
            item = premium_item(
                sub_of(number), plan="own", starts_at=END, ends_at=text(existing_end), created_at=""
            )
            world.table.put(item)

    results = world.run("premium", users)

    counts = Counter()
    for result in results:
        counts.update(result.counts)
    names = ("remaining days out", "remaining days of users who are not imported")
    assert counts["remaining days in"] == sum(counts[name] for name in names)
    for (_, end, _, is_imported), user in zip(plans, users, strict=True):
        if is_imported:
            ends_at = plan_of(world, user.old_id).get("ends_at")
            assert ends_at is None or datetime.fromisoformat(ends_at) >= end
    assert all(result.outcome is not Outcome.FAILED for result in world.run("premium", users, "verify"))
