"""Verification: each profile of a run against its source, and orphans both ways."""

import pytest
from backfill_fixtures import profile
from review_fixtures import SHAPES, change, create_profiles, delete, user, users, verify
from userprofiles.backfill.review.review import Sample
from userprofiles.backfill.tables.table_shape import TableShape

LATER = {"S": "2026-03-01T00:00:00Z"}


def corrupt(table, names):
    """Corrupt five profiles, each in another way."""
    change(table, names[0], language={"S": "xx"})
    change(table, names[1], remove=("timezone",))
    change(table, names[2], extra={"BOOL": True})
    change(table, names[3], createdAt={"S": "yesterday"})
    change(table, names[4], preferences={"M": {"notifications": {"N": "1"}}})


CORRUPTED = ["language", "timezone", "extra", "createdAt", "preferences"]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "count", [12, pytest.param(10_000, marks=[pytest.mark.long, pytest.mark.timeout(600)])]
)
def test_all_five_corrupted_profiles_are_found(create_table, shape, count):
    table = create_table(*users(shape, count))
    history = create_profiles(table, shape)
    names = [f"user{number:04d}" for number in range(0, count, count // 5 - 1)][:5]
    corrupt(table, names)

    result = verify(table, shape, history)

    assert result.users("differing") == dict(zip(names, CORRUPTED, strict=True))
    assert result.count("matching") == count - 5
    assert len(result.results) == count


@pytest.mark.parametrize("shape", SHAPES)
def test_verification_writes_nothing_and_finds_nothing_in_an_untouched_run(create_table, shape):
    table = create_table(*users(shape, 5), user(shape, "gone", status={"S": "inactive"}))
    history = create_profiles(table, shape)
    digest = table.digest()
    table.client.calls.clear()

    result = verify(table, shape, history)

    assert (result.count("matching"), result.count("skipped"), len(result.results)) == (5, 1, 6)
    assert {operation for operation, _ in table.client.calls} == {"Scan", "BatchGetItem"}
    assert table.digest() == digest
    assert sum(state.tally.other["matching"] for state in result.states) == 5


@pytest.mark.parametrize("shape", SHAPES)
def test_profile_that_an_eventual_read_does_not_have_yet_is_not_missing(create_table, shape):
    """What seems to be missing is read again, consistently."""
    table = create_table(*users(shape, 3))
    history = create_profiles(table, shape)

    def read_nothing(operation, parameters):
        is_consistent = operation == "BatchGetItem" and parameters["RequestItems"][table.name].get(
            "ConsistentRead"
        )
        if operation == "BatchGetItem" and not is_consistent:
            return {"Responses": {}, "ConsumedCapacity": []}
        return None

    table.client.hooks = [read_nothing]
    result = verify(table, shape, history)

    assert (result.count("matching"), result.count("missing")) == (3, 0)


def test_user_who_is_skipped_now_and_has_a_profile_of_the_run_has_changed(create_table):
    table = create_table(*users(TableShape.PLAIN, 2))
    history = create_profiles(table, TableShape.PLAIN)
    table.put(user(TableShape.PLAIN, "user0001", status={"S": "inactive"}))

    result = verify(table, TableShape.PLAIN, history)

    assert (result.count("matching"), result.count("skipped")) == (1, 0)
    assert set(result.users("changed")) == {"user0001"}


@pytest.mark.parametrize("shape", SHAPES)
def test_changed_profile_is_not_a_difference(create_table, shape):
    table = create_table(*users(shape, 2))
    history = create_profiles(table, shape)
    change(table, "user0001", language={"S": "fr"}, updatedAt=LATER)

    result = verify(table, shape, history)

    assert (result.count("matching"), result.count("changed"), result.count("differing")) == (1, 1, 0)


@pytest.mark.parametrize("updated_at", ["2020-01-01T00:00:00Z", "garbage", ""])
def test_time_of_change_that_no_write_sets_is_a_difference(create_table, updated_at):
    table = create_table(*users(TableShape.PLAIN, 1))
    history = create_profiles(table, TableShape.PLAIN)
    change(table, "user0000", updatedAt={"S": updated_at})

    assert verify(table, TableShape.PLAIN, history).users("differing") == {"user0000": "updatedAt"}


@pytest.mark.parametrize("shape", SHAPES)
def test_user_behind_the_cursor_of_the_scan_has_no_profile(create_table, shape):
    """F32: the verification finds users who came after the run had passed their place."""
    table = create_table(*users(shape, 3))
    history = create_profiles(table, shape)
    table.put(user(shape, "aaa"))

    result = verify(table, shape, history)

    assert result.users("missing") == {"aaa": "the user has no profile"}


def test_deleted_profile_of_the_run_is_missing(create_table):
    table = create_table(*users(TableShape.PLAIN, 2))
    history = create_profiles(table, TableShape.PLAIN)
    delete(table, "user0000")

    assert verify(table, TableShape.PLAIN, history).users("missing") == {
        "user0000": "the run created a profile, and it does not exist any more"
    }


@pytest.mark.parametrize("shape", SHAPES)
def test_profile_whose_user_is_gone_is_an_orphan(create_table, shape):
    table = create_table(*users(shape, 3), profile("ghost"))
    history = create_profiles(table, shape)
    row = user(shape, "user0001")
    table.moto.delete_item(TableName=table.name, Key={name: row[name] for name in ("PK", "SK")})

    result = verify(table, shape, history)

    assert set(result.users("orphaned")) == {"user0001", "ghost"}
    assert result.count("matching") == 2


def test_profile_of_a_skipped_or_failed_user_is_not_an_orphan(create_table):
    table = create_table(
        user(TableShape.PLAIN, "a", status={"S": "inactive"}),
        user(TableShape.PLAIN, "b", firstName={"N": "1"}),
        profile("a"),
        profile("b"),
    )

    result = verify(table, TableShape.PLAIN, create_profiles(table, TableShape.PLAIN))

    assert (result.count("skipped"), result.count("failed"), len(result.results)) == (1, 1, 2)


@pytest.mark.parametrize("shape", SHAPES)
def test_profile_of_somebody_else_is_not_compared(create_table, shape):
    table = create_table(*users(shape, 2), profile("user0000", createdAt={"S": "2026-02-04T16:00:00Z"}))

    result = verify(table, shape, create_profiles(table, shape))

    assert (result.count("existed"), result.count("matching"), len(result.results)) == (1, 1, 2)


def test_erased_user_is_counted(create_table):
    table = create_table(*users(TableShape.STACK, 2))
    history = create_profiles(table, TableShape.STACK)
    table.put(
        user(TableShape.STACK, "user0000", entityType={"S": "TOMBSTONE"}),
        profile("user0000", entityType={"S": "TOMBSTONE"}),
    )

    result = verify(table, TableShape.STACK, history)

    assert (result.count("erased"), result.count("matching"), len(result.results)) == (1, 1, 2)


@pytest.mark.parametrize("first", ["METADATA", "ZZZ"])
def test_one_of_several_rows_of_a_user_is_enough(create_table, first):
    """The profile was created from the first row that the run read, in whatever segment that row is."""
    table = create_table(user(TableShape.PLAIN, "user0000", SK={"S": first}))
    history = create_profiles(table, TableShape.PLAIN)
    table.put(
        {"PK": {"S": "user0000"}, "SK": {"S": "ORDER"}},
        {"PK": {"S": "order-7"}, "SK": {"S": "ORDER"}, "userId": {"S": "user0000"}},
    )

    result = verify(table, TableShape.PLAIN, history)

    assert (result.users("differing"), result.count("matching"), len(result.results)) == ({}, 1, 3)


def test_profiles_of_sign_ups_and_imports_are_not_compared_without_a_run(create_table):
    table = create_table(*users(TableShape.STACK, 3))
    create_profiles(table, TableShape.STACK)
    change(table, "user0001", migrationRow={"S": "digest"}, language={"S": "xx"})
    table.put(profile("user0002", language={"S": "xx"}))

    result = verify(table, TableShape.STACK)

    assert (result.count("matching"), result.count("existed"), result.users("differing")) == (1, 2, {})


@pytest.mark.parametrize("shape", SHAPES)
def test_whole_table_is_verified_without_a_run(create_table, shape):
    table = create_table(*users(shape, 4))
    create_profiles(table, shape)
    change(table, "user0002", language={"S": "xx"})

    result = verify(table, shape)

    assert result.users("differing") == {"user0002": "language"}
    assert result.count("matching") == 3


@pytest.mark.long
def test_sample_has_the_same_users_each_time_and_about_the_requested_number(create_table):
    table = create_table(*users(TableShape.PLAIN, 100))
    history = create_profiles(table, TableShape.PLAIN)

    def verified_users(seed):
        return verify(table, TableShape.PLAIN, history, Sample(40, 100, seed)).users("matching").keys()

    first = verified_users("a")
    assert verified_users("a") == first
    assert verified_users("b") != first
    assert 25 < len(first) < 55


def test_single_reads_replace_a_denied_batch_read(create_table):
    table = create_table(*users(TableShape.PLAIN, 3))
    history = create_profiles(table, TableShape.PLAIN)
    table.client.denied = {"BatchGetItem"}

    assert verify(table, TableShape.PLAIN, history).count("matching") == 3


@pytest.mark.parametrize("template", ["basic", "social", "career", "marketplace"])
def test_profile_of_each_template_matches(create_table, template):
    table = create_table(*users(TableShape.STACK, 1))
    history = create_profiles(table, TableShape.STACK, template=template)

    assert verify(table, TableShape.STACK, history, template=template).count("matching") == 1
