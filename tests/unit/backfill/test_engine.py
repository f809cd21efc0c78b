"""The engine on tables in moto: what is written, what is left alone, what is counted."""

from dataclasses import replace

import pytest
from backfill_fixtures import LIMITS, Recorder, account, plain_user, profile
from userprofiles.backfill.errors import RefusedError
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.table_shape import Shape

PLAIN = {"shape": Shape.PLAIN}
STACK = {"shape": Shape.STACK}


def test_missing_profiles_are_made_and_existing_ones_kept(make_table, backfill):
    theirs = profile("user1", language={"S": "fr"}, note={"S": "mine"})
    table = make_table(plain_user("user1"), plain_user("user2"), theirs)

    outcome = backfill(table, **PLAIN)

    assert outcome.tally == {"existed": 1, "created": 1, "failed": 0, "skipped": {}}
    assert table.profiles()["USER#user1"] == theirs
    assert table.profiles()["USER#user2"]["firstName"] == {"S": "First user2"}


def test_nothing_but_profiles_of_the_readme_is_added_to_a_plain_table(make_table, backfill):
    table = make_table(plain_user("user1"), plain_user("user2"))
    before = table.items()

    backfill(table, **PLAIN)

    added = [item for item in table.items() if item not in before]
    assert len(added) == 2
    assert all(item["PK"]["S"].startswith("USER#") and "migrationRunId" not in item for item in added)
    assert all(item in table.items() for item in before)


def test_second_run_has_nothing_to_do(make_table, backfill):
    table = make_table(*(plain_user(f"user{n}") for n in range(30)))
    backfill(table, **PLAIN)
    after_first = table.digest()
    table.client.calls.clear()

    outcome = backfill(table, **PLAIN, run_id="run-2")

    assert outcome.tally == {"existed": 30, "created": 0, "failed": 0, "skipped": {}}
    assert table.digest() == after_first
    assert {name for name, _ in table.client.calls} == {"Scan", "BatchGetItem"}


def test_dry_run_writes_nothing_and_counts_what_would_be_made(make_table, backfill):
    table = make_table(
        plain_user("user1"), plain_user("user2"), profile("user1"), plain_user("user3", firstName={"N": "1"})
    )
    before = table.digest()

    dry = backfill(table, dry_run=True, **PLAIN)

    assert table.digest() == before
    assert {name for name, _ in table.client.calls} == {"Scan", "BatchGetItem"}
    assert dry.tally == backfill(table, **PLAIN).tally


def test_inactive_deleted_and_broken_rows_are_told_apart(make_table, backfill):
    table = make_table(
        plain_user("gone", status={"S": "deleted"}),
        plain_user("away", isActive={"BOOL": False}),
        plain_user("odd", userId={"N": "7"}),
        plain_user("huge", firstName={"S": "x" * 200_000}, lastName={"S": "y" * 199_000}),
        plain_user("fine"),
    )

    outcome = backfill(table, **PLAIN)

    assert outcome.tally["skipped"] == {"softDeleted": 1, "inactive": 1}
    assert outcome.failures == {"7": "userId is a number, not a string"}
    assert set(table.profiles()) == {"USER#fine", "USER#huge"}


def test_two_rows_of_one_user_give_one_profile(make_table, backfill):
    second = plain_user("user1") | {"SK": {"S": "SETTINGS"}}
    table = make_table(plain_user("user1"), second)

    dry = backfill(table, dry_run=True, **PLAIN)
    real = backfill(table, **PLAIN)

    assert dry.tally == real.tally == {"existed": 1, "created": 1, "failed": 0, "skipped": {}}


def test_segments_together_are_the_whole_table(make_table, backfill):
    table = make_table(*(plain_user(f"user{n}") for n in range(60)))

    first = backfill(table, segments=4, only=(0, 1), **PLAIN)
    second = backfill(table, segments=4, only=(2, 3), limits=replace(LIMITS, threads=2), **PLAIN)

    assert first.tally["created"] + second.tally["created"] == 60
    assert min(first.tally["created"], second.tally["created"]) > 0
    assert len(table.profiles()) == 60


def test_pages_with_and_without_users(make_table, backfill):
    table = make_table(
        *(profile(f"a{n:02d}") for n in range(20)), *(plain_user(f"user{n:02d}") for n in range(20))
    )

    outcome = backfill(table, limits=replace(LIMITS, page_rows=7, chunk_rows=3), **PLAIN)

    assert outcome.tally["created"] == 20
    assert table.client.count("Scan") >= 6


class TestStackShape:
    def test_account_without_profile_gets_one_with_the_runs_id(self, make_table, backfill):
        table = make_table(account("a"), account("b"), profile("b"))

        outcome = backfill(table, **STACK)

        assert outcome.tally == {"existed": 1, "created": 1, "failed": 0, "skipped": {}}
        assert table.profiles()["USER#a"]["migrationRunId"] == {"S": "run-1"}
        assert "migrationRunId" not in table.profiles()["USER#b"]

    def test_scan_itself_answers(self, make_table, backfill):
        table = make_table(*(account(f"u{n}") for n in range(30)), *(profile(f"u{n}") for n in range(30)))

        outcome = backfill(table, **STACK)

        assert outcome.tally["existed"] == 30
        assert {name for name, _ in table.client.calls} == {"Scan"}

    @pytest.mark.parametrize("page", [1, 2, 3, 5])
    def test_page_boundary_between_account_and_profile(self, make_table, backfill, page):
        table = make_table(*(account(f"u{n}") for n in range(6)), *(profile(f"u{n}") for n in range(0, 6, 2)))

        dry = backfill(table, dry_run=True, limits=replace(LIMITS, page_rows=page), **STACK)

        assert dry.tally == {"existed": 3, "created": 3, "failed": 0, "skipped": {}}

    def test_chunk_boundary_between_account_and_profile(self, make_table, backfill):
        table = make_table(account("a"), profile("a"), account("b"))

        outcome = backfill(table, dry_run=True, limits=replace(LIMITS, chunk_rows=1), **STACK)

        assert outcome.tally == {"existed": 1, "created": 1, "failed": 0, "skipped": {}}
        assert table.client.count("BatchGetItem") == 0

    def test_erased_user_stays_erased(self, make_table, backfill):
        tombstone = {"entityType": {"S": "TOMBSTONE"}}
        table = make_table(
            account("a", **tombstone), profile("a", **tombstone), account("b"), profile("b", **tombstone)
        )
        before = table.digest()

        outcome = backfill(table, **STACK)

        assert outcome.tally == {"existed": 0, "created": 0, "failed": 0, "skipped": {"erased": 2}}
        assert table.digest() == before

    def test_other_rows_of_the_table_are_passed_over(self, make_table, backfill):
        other = {"PK": {"S": "MIGRATION#x"}, "SK": {"S": "RUN#1"}}
        content = {"PK": {"S": "USER#a"}, "SK": {"S": "CONTENT#1"}}
        table = make_table(account("a"), content, other)

        outcome = backfill(table, **STACK)

        assert outcome.tally["created"] == 1

    def test_what_this_very_run_made_before_it_was_killed_counts_as_created(self, make_table, backfill):
        table = make_table(account("a"))
        backfill(table, **STACK)

        again = backfill(table, **STACK)

        assert again.tally["created"] == 1


@pytest.mark.parametrize(
    ("shape", "stranger"), [(Shape.PLAIN, account("z")), (Shape.STACK, plain_user("user9"))]
)
def test_row_of_the_other_shape_ends_a_run_whose_shape_nobody_named(make_table, backfill, shape, stranger):
    table = make_table(stranger)

    with pytest.raises(RefusedError, match="--shape plain"):
        backfill(table, shape=shape)


def test_shape_that_was_named_holds(make_table, backfill):
    table = make_table(account("z"), plain_user("user9"))

    outcome = backfill(table, shape=Shape.PLAIN, shape_given=True)

    assert outcome.tally["created"] == 1
    assert "USER#z" not in table.profiles()


def test_stop_between_chunks_and_going_on_leaves_nothing_out_or_twice(make_table, backfill):
    table = make_table(*(plain_user(f"user{n:02d}") for n in range(10)))
    stop, recorder = Stop(), Recorder()
    recorder.on_results = stop.ask

    limits = replace(LIMITS, chunk_rows=4)
    stopped = backfill(table, stop=stop, recorder=recorder, limits=limits, **PLAIN)
    assert stopped.tally["created"] == 4
    assert not stopped.states[0].done

    gone_on = backfill(table, states=stopped.states, **PLAIN)
    assert gone_on.tally == {"existed": 0, "created": 10, "failed": 0, "skipped": {}}


def test_costs_are_counted(make_table, backfill):
    table = make_table(*(plain_user(f"user{n}") for n in range(60)))

    outcome = backfill(table, **PLAIN)

    meter = outcome.states[0].meter
    assert dict(meter.calls) == {"Scan": 1, "BatchGetItem": 1, "BatchExecuteStatement": 3}
    assert meter.write == 60.0
    assert meter.read > 0
