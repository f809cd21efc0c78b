"""A run on tables in moto: which items it writes, which it leaves unchanged, and its counts."""

from dataclasses import replace

import pytest
from backfill_fixtures import LIMITS, Recorder, account, plain_user, profile
from userprofiles.backfill.errors import RefusedError
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.tables.table_shape import TableShape

PLAIN = {"shape": TableShape.PLAIN}
STACK = {"shape": TableShape.STACK}


def test_missing_profiles_are_created_and_existing_ones_kept(create_table, backfill):
    existing_profile = profile("user1", language={"S": "fr"}, note={"S": "mine"})
    table = create_table(plain_user("user1"), plain_user("user2"), existing_profile)

    result = backfill(table, **PLAIN)

    assert result.tally == {"existed": 1, "created": 1, "failed": 0, "skipped": {}}
    assert table.profiles()["USER#user1"] == existing_profile
    assert table.profiles()["USER#user2"]["firstName"] == {"S": "First user2"}


def test_only_profiles_of_the_readme_are_added_to_a_plain_table(create_table, backfill):
    table = create_table(plain_user("user1"), plain_user("user2"))
    items_before = table.items()

    backfill(table, **PLAIN)

    new_items = [item for item in table.items() if item not in items_before]
    assert len(new_items) == 2
    assert all(item["PK"]["S"].startswith("USER#") and "migrationRunId" not in item for item in new_items)
    assert all(item in table.items() for item in items_before)


def test_second_run_changes_nothing(create_table, backfill):
    table = create_table(*(plain_user(f"user{n}") for n in range(30)))
    backfill(table, **PLAIN)
    digest_after_first = table.digest()
    table.client.calls.clear()

    result = backfill(table, **PLAIN, run_id="run-2")

    assert result.tally == {"existed": 30, "created": 0, "failed": 0, "skipped": {}}
    assert table.digest() == digest_after_first
    assert {name for name, _ in table.client.calls} == {"Scan", "BatchGetItem"}


def test_dry_run_writes_nothing_and_counts_profiles_it_would_create(create_table, backfill):
    table = create_table(
        plain_user("user1"), plain_user("user2"), profile("user1"), plain_user("user3", firstName={"N": "1"})
    )
    before = table.digest()

    dry = backfill(table, dry_run=True, **PLAIN)

    assert table.digest() == before
    assert {name for name, _ in table.client.calls} == {"Scan", "BatchGetItem"}
    assert backfill(table, **PLAIN).tally == dry.tally


def test_inactive_deleted_and_unusable_rows_are_distinguished(create_table, backfill):
    table = create_table(
        plain_user("gone", status={"S": "deleted"}),
        plain_user("away", isActive={"BOOL": False}),
        plain_user("odd", userId={"N": "7"}),
        plain_user("huge", firstName={"S": "x" * 200_000}, lastName={"S": "y" * 199_000}),
        plain_user("fine"),
    )

    result = backfill(table, **PLAIN)

    assert result.tally["skipped"] == {"softDeleted": 1, "inactive": 1}
    assert result.failures == {"7": "userId is a number, not a string"}
    assert set(table.profiles()) == {"USER#fine", "USER#huge"}


def test_two_rows_of_one_user_create_one_profile(create_table, backfill):
    """F28: the second row counts as existing."""
    second_row = plain_user("user1") | {"SK": {"S": "SETTINGS"}}
    table = create_table(plain_user("user1"), second_row)

    dry = backfill(table, dry_run=True, **PLAIN)
    real = backfill(table, **PLAIN)

    assert dry.tally == real.tally == {"existed": 1, "created": 1, "failed": 0, "skipped": {}}


@pytest.mark.parametrize("segments", [1, 3])
def test_rows_of_one_user_in_several_chunks_and_segments_create_one_profile(create_table, backfill, segments):
    """F28: the same, if the rows are not in the same batch."""
    rows = [plain_user("shared", PK={"S": f"row{n}"}, userId={"S": "shared"}) for n in range(9)]
    table = create_table(*rows)

    result = backfill(table, segments=segments, limits=replace(LIMITS, chunk_rows=2), **PLAIN)

    assert result.tally == {"existed": 8, "created": 1, "failed": 0, "skipped": {}}
    assert len(table.profiles()) == 1


def test_all_segments_together_cover_the_table(create_table, backfill):
    table = create_table(*(plain_user(f"user{n}") for n in range(60)))

    first = backfill(table, segments=4, only=(0, 1), **PLAIN)
    second = backfill(table, segments=4, only=(2, 3), limits=replace(LIMITS, threads=2), **PLAIN)

    assert first.tally["created"] + second.tally["created"] == 60
    assert min(first.tally["created"], second.tally["created"]) > 0
    assert len(table.profiles()) == 60


def test_pages_with_and_without_users(create_table, backfill):
    table = create_table(
        *(profile(f"a{n:02d}") for n in range(20)), *(plain_user(f"user{n:02d}") for n in range(20))
    )

    result = backfill(table, limits=replace(LIMITS, page_rows=7, chunk_rows=3), **PLAIN)

    assert result.tally["created"] == 20
    assert table.client.count("Scan") >= 6


class TestStackShape:
    def test_new_profile_has_the_run_id(self, create_table, backfill):
        table = create_table(account("a"), account("b"), profile("b"))

        result = backfill(table, **STACK)

        assert result.tally == {"existed": 1, "created": 1, "failed": 0, "skipped": {}}
        assert table.profiles()["USER#a"]["migrationRunId"] == {"S": "run-1"}
        assert "migrationRunId" not in table.profiles()["USER#b"]

    def test_existing_profiles_come_from_the_scan(self, create_table, backfill):
        table = create_table(*(account(f"u{n}") for n in range(30)), *(profile(f"u{n}") for n in range(30)))

        result = backfill(table, **STACK)

        assert result.tally["existed"] == 30
        assert {name for name, _ in table.client.calls} == {"Scan"}

    @pytest.mark.parametrize("page", [1, 2, 3, 5])
    def test_page_boundary_between_account_and_profile(self, create_table, backfill, page):
        table = create_table(
            *(account(f"u{n}") for n in range(6)), *(profile(f"u{n}") for n in range(0, 6, 2))
        )

        dry = backfill(table, dry_run=True, limits=replace(LIMITS, page_rows=page), **STACK)

        assert dry.tally == {"existed": 3, "created": 3, "failed": 0, "skipped": {}}

    def test_chunk_boundary_between_account_and_profile(self, create_table, backfill):
        table = create_table(account("a"), profile("a"), account("b"))

        result = backfill(table, dry_run=True, limits=replace(LIMITS, chunk_rows=1), **STACK)

        assert result.tally == {"existed": 1, "created": 1, "failed": 0, "skipped": {}}
        assert table.client.count("BatchGetItem") == 0

    def test_erased_user_stays_erased(self, create_table, backfill):
        tombstone = {"entityType": {"S": "TOMBSTONE"}}
        table = create_table(
            account("a", **tombstone), profile("a", **tombstone), account("b"), profile("b", **tombstone)
        )
        before = table.digest()

        result = backfill(table, **STACK)

        assert result.tally == {"existed": 0, "created": 0, "failed": 0, "skipped": {"erased": 2}}
        assert table.digest() == before

    def test_other_rows_of_the_table_are_ignored(self, create_table, backfill):
        other = {"PK": {"S": "MIGRATION#x"}, "SK": {"S": "RUN#1"}}
        content = {"PK": {"S": "USER#a"}, "SK": {"S": "CONTENT#1"}}
        table = create_table(account("a"), content, other)

        result = backfill(table, **STACK)

        assert result.tally["created"] == 1

    def test_profile_that_this_run_created_before_a_kill_counts_as_created(self, create_table, backfill):
        table = create_table(account("a"))
        backfill(table, **STACK)

        second = backfill(table, **STACK)

        assert second.tally["created"] == 1


@pytest.mark.parametrize(
    ("shape", "other_row"), [(TableShape.PLAIN, account("z")), (TableShape.STACK, plain_user("user9"))]
)
def test_row_of_the_other_shape_ends_a_run_with_a_detected_shape(create_table, backfill, shape, other_row):
    table = create_table(other_row)

    with pytest.raises(RefusedError, match="--shape plain"):
        backfill(table, shape=shape)


def test_named_shape_is_used(create_table, backfill):
    table = create_table(account("z"), plain_user("user9"))

    result = backfill(table, shape=TableShape.PLAIN, is_shape_explicit=True)

    assert result.tally["created"] == 1
    assert "USER#z" not in table.profiles()


def test_stopped_and_resumed_run_processes_each_row_once(create_table, backfill):
    table = create_table(*(plain_user(f"user{n:02d}") for n in range(10)))
    stop, recorder = Stop(), Recorder()
    recorder.on_results = stop.request

    limits = replace(LIMITS, chunk_rows=4)
    stopped = backfill(table, stop=stop, recorder=recorder, limits=limits, **PLAIN)
    assert stopped.tally["created"] == 4
    assert not stopped.states[0].done

    resumed = backfill(table, states=stopped.states, **PLAIN)
    assert resumed.tally == {"existed": 0, "created": 10, "failed": 0, "skipped": {}}


def test_costs_are_counted(create_table, backfill):
    table = create_table(*(plain_user(f"user{n}") for n in range(60)))

    result = backfill(table, **PLAIN)

    meter = result.states[0].meter
    assert dict(meter.calls) == {"Scan": 3, "BatchGetItem": 1, "BatchExecuteStatement": 3}
    assert meter.write_units == 60.0
    assert meter.read_units > 0
