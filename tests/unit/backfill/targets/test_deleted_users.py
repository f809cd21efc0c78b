"""Users of a plain table who are deleted at the same moment: they keep no profile, whoever is first."""

import threading
from dataclasses import replace
from random import Random

import pytest
from backfill_fixtures import LIMITS, NOW, Recorder, client_error, plain_user, plain_users, profile
from botocore.exceptions import ClientError
from userprofiles.backfill.errors import BackfillFailedError
from userprofiles.backfill.segment_state import SegmentState

KEYS = ("PK", "SK")
PROFILE_SK = {"S": "PROFILE#MAIN"}


class Killed(BaseException):
    """Simulates SIGKILL: our code must not catch it."""


def delete_user(table, user_id):
    """Delete the row and the profile of a user, as an application does."""
    table.moto.delete_item(TableName=table.name, Key={"PK": {"S": user_id}, "SK": {"S": "METADATA"}})
    delete_profile(table, user_id)


def delete_profile(table, user_id):
    table.moto.delete_item(TableName=table.name, Key={"PK": {"S": f"USER#{user_id}"}, "SK": PROFILE_SK})


def before(table, operation, action):
    """Do something before the first call of an operation."""
    calls = []

    def hook(called_operation, parameters):
        if called_operation == operation:
            calls.append(operation)
            if len(calls) == 1:
                action()

    table.client.hooks.append(hook)


def before_second_read(table, action):
    """Do something between the inserts and the second read of the rows."""
    calls = []

    def hook(operation, parameters):
        if operation == "Scan" and "ConsistentRead" in parameters:
            calls.append(operation)
            if len(calls) == 1:
                action()

    table.client.hooks.append(hook)


@pytest.mark.parametrize("moment", [before_second_read, lambda t, a: before(t, "BatchExecuteStatement", a)])
def test_user_deleted_between_scan_and_insert_has_no_profile(create_table, backfill, moment):
    """F33: the row is read, the user deletes both items, and then the insert creates the profile."""
    table = create_table(*plain_users(5))
    moment(table, lambda: table.moto.delete_item(
        TableName=table.name, Key={"PK": {"S": "user03"}, "SK": {"S": "METADATA"}}
    ))  # fmt: skip

    result = backfill(table)

    assert result.tally == {"existed": 0, "created": 4, "failed": 0, "skipped": {"deleted": 1}}
    assert "USER#user03" not in table.profiles()
    assert len(table.profiles()) == 4


def test_user_marked_as_deleted_between_scan_and_insert_has_no_profile(create_table, backfill):
    table = create_table(*plain_users(3))
    row = plain_user("user01", isDeleted={"BOOL": True})
    before(table, "BatchExecuteStatement", lambda: table.put(row))

    result = backfill(table)

    assert result.tally == {"existed": 0, "created": 2, "failed": 0, "skipped": {"softDeleted": 1}}
    assert row in table.items()
    assert "USER#user01" not in table.profiles()


@pytest.mark.parametrize(
    "change",
    [{"language": {"S": "fr"}}, {"createdAt": {"S": "2026-02-04T16:00:01Z"}}, {"status": {"S": "active"}}],
    ids=["edited", "new profile", "new attribute"],
)
def test_changed_profile_stays(create_table, backfill, change):
    """A change between insert and delete wins, also that of a user who signs up again."""
    table = create_table(*plain_users(3))

    def change_profile():
        delete_user_row = {"PK": {"S": "user01"}, "SK": {"S": "METADATA"}}
        table.moto.delete_item(TableName=table.name, Key=delete_user_row)
        table.put({**table.profiles()["USER#user01"], **change})

    before_second_read(table, change_profile)
    backfill(table)

    assert table.profiles()["USER#user01"].items() >= change.items()


def test_user_who_signs_up_again_keeps_the_same_profile(create_table, backfill):
    """The new profile can be equal to ours. The row exists again, so it stays."""
    table = create_table(*plain_users(3))
    before(table, "BatchExecuteStatement", lambda: delete_user(table, "user01"))
    before(table, "TransactWriteItems", lambda: table.put(plain_user("user01")))

    result = backfill(table)

    assert table.client.count("TransactWriteItems") == 1
    assert result.tally["created"] == 3
    assert len(table.profiles()) == 3


def test_user_with_another_row_keeps_the_profile(create_table, backfill):
    rows = [plain_user("shared", PK={"S": f"row{n}"}, userId={"S": "shared"}) for n in range(2)]
    table = create_table(*rows)
    key = {"PK": {"S": "row0"}, "SK": {"S": "METADATA"}}
    before_second_read(table, lambda: table.moto.delete_item(TableName=table.name, Key=key))

    assert backfill(table).tally["created"] == 1
    assert list(table.profiles()) == ["USER#shared"]


@pytest.mark.parametrize("operation", ["TransactWriteItems", "DeleteItem"])
def test_missing_permission_is_a_failure_without_an_id_in_its_reason(create_table, backfill, operation):
    table = create_table(*plain_users(3))
    table.client.denied = {operation}
    change = {
        "TransactWriteItems": lambda: delete_user(table, "user01"),
        "DeleteItem": lambda: table.put(plain_user("user01", isDeleted={"BOOL": True})),
    }
    before(table, "BatchExecuteStatement", change[operation])

    result = backfill(table)

    assert result.tally == {"existed": 0, "created": 2, "failed": 1, "skipped": {}}
    assert "dynamodb:DeleteItem and dynamodb:ConditionCheckItem are required" in result.failures["user01"]
    assert "user01" not in result.failures["user01"]  # a report groups the failures by reason


@pytest.mark.parametrize("operation", ["TransactWriteItems", "DeleteItem"])
def test_missing_permission_is_no_failure_if_the_user_deleted_the_new_profile(
    create_table, backfill, operation
):
    table = create_table(*plain_users(3))
    table.client.denied = {operation}

    def delete():
        delete_user(table, "user01")
        if operation == "DeleteItem":
            table.put(plain_user("user01", isDeleted={"BOOL": True}))

    before_second_read(table, delete)

    assert backfill(table).tally == {"existed": 0, "created": 3, "failed": 0, "skipped": {}}
    assert "USER#user01" not in table.profiles()


def test_rows_far_from_the_chunk_are_not_taken_for_deleted(create_table, backfill):
    """The new profiles of other threads are rows of the same segment, so a row can be far away."""
    table = create_table(*plain_users(30))
    limits = replace(LIMITS, chunk_rows=5, page_rows=5)
    before_second_read(table, lambda: table.put(*(profile(f"other{n}") for n in range(100))))

    result = backfill(table, limits=limits)

    assert result.tally["created"] == 30
    assert len(table.profiles()) == 130


def test_new_profiles_are_not_counted_before_the_second_read(create_table, backfill):
    table = create_table(*plain_users(5))
    before_second_read(table, lambda: delete_user(table, "user03"))
    recorder = Recorder()

    def fail(operation, parameters):
        if operation == "Scan" and "ConsistentRead" in parameters:
            raise client_error(operation, "ExpiredTokenException")

    table.client.hooks.append(fail)
    with pytest.raises(BackfillFailedError):
        backfill(table, recorder=recorder)
    table.client.hooks = []
    states = [SegmentState.from_json(state) for state in recorder.saved_states]
    assert states[0].tally.created == 0

    assert backfill(table, states=states).tally["created"] == 4


class TestKilledRun:
    """A session is killed after its inserts. The user is deleted before them, so the profile is left."""

    @pytest.fixture
    def kill(self, create_table, backfill):
        """Return a function that kills a run, and returns the table and the stored states."""

        def kill_run(*further_rows):
            table = create_table(*plain_users(5), *further_rows)
            recorder = Recorder()
            saved = []
            before(table, "BatchExecuteStatement", lambda: saved.extend(recorder.saved_states))
            before(table, "BatchExecuteStatement", lambda: delete_user(table, "user03"))

            def kill():
                raise Killed

            before_second_read(table, kill)
            with pytest.raises(Killed):
                backfill(table, recorder=recorder)
            table.client.hooks = []
            assert "USER#user03" in table.profiles()
            return table, [SegmentState.from_json(state) for state in saved]

        return kill_run

    def test_resumed_run_removes_the_profile(self, kill, backfill):
        table, states = kill()

        result = backfill(table, states=states)

        assert result.tally == {"existed": 0, "created": 4, "failed": 0, "skipped": {}}
        assert sorted(table.profiles()) == [f"USER#user{n:02d}" for n in (0, 1, 2, 4)]
        assert not result.states[0].pending_inserts

    def test_resumed_run_keeps_an_edited_profile(self, kill, backfill):
        table, states = kill()
        edited = {**table.profiles()["USER#user03"], "language": {"S": "fr"}}
        table.put(edited)

        backfill(table, states=states)

        assert table.profiles()["USER#user03"] == edited

    def test_resumed_run_keeps_the_profile_of_an_unusable_row(self, kill, backfill):
        table, states = kill()
        table.put(plain_user("user03", firstName={"N": "7"}))

        result = backfill(table, states=states)

        assert result.tally["failed"] == 1
        assert "USER#user03" in table.profiles()

    def test_missing_permission_is_a_failure(self, kill, backfill):
        table, states = kill()
        table.client.denied = {"DeleteItem"}

        result = backfill(table, states=states)

        assert "dynamodb:DeleteItem" in result.failures["user03"]


class Deleter(threading.Thread):
    """Deletes or edits random users while a run works, as an application does."""

    def __init__(self, table, user_ids, seed):
        super().__init__()
        self._table = table
        self._user_ids = user_ids
        self._random = Random(seed)
        self.edited = {}
        self.ended = threading.Event()

    def run(self):
        user_ids = list(self._user_ids)
        self._random.shuffle(user_ids)
        for user_id in user_ids:
            if self.ended.is_set():
                return
            if self._random.random() < 0.5:
                delete_user(self._table, user_id)
            else:
                self._edit(user_id)

    def _edit(self, user_id):
        try:
            self._table.moto.update_item(
                TableName=self._table.name,
                Key={"PK": {"S": f"USER#{user_id}"}, "SK": PROFILE_SK},
                UpdateExpression="SET #l = :l",
                ConditionExpression="attribute_exists(PK)",
                ExpressionAttributeNames={"#l": "language"},
                ExpressionAttributeValues={":l": {"S": "fr"}},
            )
            self.edited[user_id] = "fr"
        except ClientError:
            pass  # no profile yet


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(3))
def test_live_table_with_eight_writers_ends_without_a_profile_of_a_deleted_user(create_table, backfill, seed):
    """F33: 0 of some hundred deleted users have a profile at the end, and no edit is lost."""
    user_ids = [f"user{n:04d}" for n in range(1_200)]
    table = create_table(*map(plain_user, user_ids), name=f"live-{seed}")
    writers = [Deleter(table, user_ids[n : n + 800 : 16], 8 * seed + n) for n in range(8)]
    limits = replace(LIMITS, threads=4, chunk_rows=50, page_rows=200)
    before(table, "BatchExecuteStatement", lambda: [writer.start() for writer in writers])

    result = backfill(table, segments=4, limits=limits)

    for writer in writers:
        writer.join()
    rows = {item["PK"]["S"] for item in table.items()}
    profiles = {key.removeprefix("USER#") for key in table.profiles()}
    deleted = set(user_ids) - rows
    assert len(deleted) > 100
    assert profiles & deleted == set()
    assert sum(result.tally["skipped"].values()) > 0
    edited = {user_id for writer in writers for user_id in writer.edited} - deleted
    assert {table.profiles()[f"USER#{user_id}"]["language"]["S"] for user_id in edited} <= {"fr"}
    assert NOW in {item["createdAt"]["S"] for item in table.profiles().values()}
