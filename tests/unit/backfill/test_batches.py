"""Batches that are denied, partly answered or too large."""

from dataclasses import replace

import pytest
from backfill_fixtures import LIMITS, FakeTime, Recorder, client_error, plain_user, plain_users, profile
from userprofiles.backfill.errors import BackfillFailedError, ErrorKind
from userprofiles.backfill.tables.table_shape import TableShape

PLAIN = {"shape": TableShape.PLAIN}


def batch_sizes(table):
    return [
        len(parameters["Statements"])
        for name, parameters in table.client.calls
        if name == "BatchExecuteStatement"
    ]


class TestPermissions:
    def test_denied_batch_reads_are_replaced_and_reported_once(self, create_table, backfill):
        table = create_table(*plain_users(5), profile("user00"))
        table.client.denied = {"BatchGetItem"}

        result = backfill(table, **PLAIN)

        assert result.tally == {"existed": 1, "created": 4, "failed": 0, "skipped": {}}
        assert table.client.count("GetItem") == 5
        [message] = result.messages
        assert "dynamodb:BatchGetItem" in message
        assert "100 keys in a call" in message

    def test_denied_inserts_are_replaced_and_reported_once(self, create_table, backfill):
        table = create_table(*plain_users(60))
        table.client.denied = {"BatchExecuteStatement"}

        result = backfill(table, **PLAIN)

        assert result.tally["created"] == 60
        assert table.client.count("BatchExecuteStatement") == 1
        assert table.client.count("PutItem") == 60
        [message] = result.messages
        assert "dynamodb:PartiQLInsert" in message
        assert "25 profiles in a call" in message

    def test_inserts_denied_in_each_statement(self, create_table, backfill):
        """AWS answers 200 with AccessDenied in each statement."""
        table = create_table(*plain_users(30))
        table.client.batch_errors = {f"USER#user{n:02d}": ["AccessDenied"] for n in range(25)}

        result = backfill(table, **PLAIN)

        assert result.tally["created"] == 30
        assert len(result.messages) == 1

    def test_conditional_put_keeps_the_existing_item(self, create_table, backfill):
        existing_profile = profile("user00")
        table = create_table(*plain_users(2))
        table.client.denied = {"BatchGetItem", "BatchExecuteStatement"}

        def sign_up(operation, parameters):
            if operation == "PutItem" and not table.profiles():
                table.put(existing_profile)

        table.client.hooks = [sign_up]

        result = backfill(table, **PLAIN)

        assert result.tally == {"existed": 1, "created": 1, "failed": 0, "skipped": {}}
        assert table.profiles()["USER#user00"] == existing_profile

    @pytest.mark.parametrize("denied", ["Scan", "GetItem", "PutItem"])
    def test_missing_permission_without_replacement_ends_the_run(self, create_table, backfill, denied):
        table = create_table(*plain_users(2))
        table.client.denied = {"BatchGetItem", "BatchExecuteStatement", denied}

        with pytest.raises(BackfillFailedError, match="Access Denied") as raised:
            backfill(table, **PLAIN)

        assert raised.value.kind is ErrorKind.RIGHTS
        assert all(f"dynamodb:{action}" in str(raised.value) for action in ("Scan", "GetItem", "PutItem"))


class TestResponsesOfABatch:
    def test_each_statement_is_classified(self, create_table, backfill):
        """F26: only the statements that a retry can help are sent again."""
        table = create_table(*plain_users(5))
        table.client.batch_errors = {
            "USER#user00": ["ThrottlingError", "ProvisionedThroughputExceeded"],
            "USER#user01": ["ValidationError"],
            "USER#user02": ["InternalServerError"],
            "USER#user03": ["DuplicateItem"],
        }

        result = backfill(table, **PLAIN)

        assert result.tally == {"existed": 1, "created": 3, "failed": 1, "skipped": {}}
        assert result.failures == {"user01": "ValidationError: injected by the test"}
        assert batch_sizes(table) == [5, 2, 1]

    def test_one_invalid_statement_fails_alone(self, create_table, backfill):
        table = create_table(*plain_users(4))

        def refuse(operation, parameters):
            is_invalid = operation == "BatchExecuteStatement" and any(
                {"S": "USER#user02"} in statement["Parameters"] for statement in parameters["Statements"]
            )
            if is_invalid:
                raise client_error(operation, "ValidationException", "the request is too large")

        table.client.hooks = [refuse]

        result = backfill(table, **PLAIN)

        assert result.tally == {"existed": 0, "created": 3, "failed": 1, "skipped": {}}
        assert result.failures == {"user02": "the request is too large"}

    def test_statements_without_a_response_are_sent_again(self, create_table, backfill):
        table = create_table(*plain_users(3))
        responses = [{"Responses": [], "ResponseMetadata": {}}]
        table.client.hooks = [
            lambda operation, _: (
                responses.pop() if operation == "BatchExecuteStatement" and responses else None
            )
        ]

        assert backfill(table, **PLAIN).tally["created"] == 3

    def test_huge_profiles_are_sent_in_smaller_batches(self, create_table, backfill):
        table = create_table(*(plain_user(f"user{n}", firstName={"S": "x" * 300_000}) for n in range(5)))

        result = backfill(table, **PLAIN)

        assert result.tally["created"] == 5
        assert table.client.count("BatchExecuteStatement") == 2

    def test_profile_over_400_kb_fails_alone(self, create_table, backfill):
        """DynamoDB can't store such a row, but the defaults can make the profile larger than its row."""
        table = create_table(plain_user("user0"), plain_user("user1"))
        big = {"S": "x" * 409_500}

        def grow(operation, parameters):
            if operation == "Scan":
                rows = [plain_user("user0"), plain_user("user1", firstName=big)]
                return {"Items": rows, "ResponseMetadata": {}}
            return None

        table.client.hooks = [grow]

        result = backfill(table, **PLAIN)

        assert result.tally == {"existed": 0, "created": 1, "failed": 1, "skipped": {}}
        assert "400 KB" in result.failures["user1"]

    def test_low_rate_makes_smaller_batches(self, create_table, backfill):
        table = create_table(*plain_users(6))

        backfill(table, stop=FakeTime(), rate=4.0, **PLAIN)

        assert batch_sizes(table) == [4, 2]


@pytest.fixture
def break_insert(create_table):
    """Create a table in which the server fails to insert some profiles."""

    def create(count, broken, *, is_whole_call, tries=1_000, error="InternalServerError"):
        table = create_table(*plain_users(count))
        keys = [f"USER#user{n:02d}" for n in broken]
        if not is_whole_call:
            table.client.batch_errors = {key: [error] * tries for key in keys}
            return table
        left = [tries]

        def fail(operation, parameters):
            if operation not in {"BatchExecuteStatement", "PutItem"} or left[0] == 0:
                return
            items = [statement["Parameters"] for statement in parameters.get("Statements", ())]
            items += [parameters["Item"].values()] if operation == "PutItem" else []
            if any({"S": key} in item for key in keys for item in items):
                left[0] -= 1
                raise client_error(operation, error, "injected by the test", status=500)

        table.client.hooks = [fail]
        return table

    return create


@pytest.mark.parametrize("is_whole_call", [False, True])
class TestPoison:
    REASON = "InternalServerError: injected by the test (3 tries)"

    def test_item_that_the_server_never_inserts_fails_after_3_tries(
        self, break_insert, backfill, is_whole_call
    ):
        table = break_insert(30, [3], is_whole_call=is_whole_call)

        result = backfill(table, **PLAIN)

        assert result.tally == {"existed": 0, "created": 29, "failed": 1, "skipped": {}}
        assert result.failures == {"user03": self.REASON}

    def test_single_item_of_a_table_fails_too(self, break_insert, backfill, is_whole_call):
        table = break_insert(1, [0], is_whole_call=is_whole_call)

        assert backfill(table, **PLAIN).failures == {"user00": self.REASON}
        assert batch_sizes(table) == [1, 1, 1]

    def test_item_that_is_inserted_at_the_last_try_is_created(self, break_insert, backfill, is_whole_call):
        table = break_insert(5, [3], is_whole_call=is_whole_call, tries=2)

        assert backfill(table, **PLAIN).tally["created"] == 5

    def test_throttled_item_is_no_poison(self, break_insert, backfill, is_whole_call):
        table = break_insert(5, [3], is_whole_call=is_whole_call, tries=7, error="ThrottlingException")

        assert backfill(table, stop=FakeTime(), **PLAIN).tally["created"] == 5

    def test_item_that_is_inserted_in_spite_of_the_error_is_created(
        self, break_insert, backfill, is_whole_call
    ):
        table = break_insert(5, [3], is_whole_call=is_whole_call)
        [hook] = table.client.hooks or [lambda *_: None]

        def insert_too(operation, parameters):
            for statement in parameters.get("Statements", ()):
                if {"S": "USER#user03"} in statement["Parameters"]:
                    errors, table.client.batch_errors = table.client.batch_errors, {}
                    table.client._insert(**statement)
                    table.client.batch_errors = errors
            return hook(operation, parameters)

        table.client.hooks = [insert_too]

        assert backfill(table, **PLAIN).tally == {"existed": 0, "created": 5, "failed": 0, "skipped": {}}

    def test_outage_of_the_server_fails_no_user(self, break_insert, backfill, is_whole_call):
        table = break_insert(5, range(5), is_whole_call=is_whole_call)
        recorder = Recorder()
        limits = replace(LIMITS, first_wait_s=0.1, longest_wait_s=1.0)

        with pytest.raises(BackfillFailedError, match="No call to DynamoDB succeeded"):
            backfill(table, recorder=recorder, stop=FakeTime(), limits=limits, **PLAIN)

        assert recorder.saved_states[0]["processed"] == 0

    def test_put_that_the_server_never_executes_fails(self, break_insert, backfill, is_whole_call):
        table = break_insert(5, [3], is_whole_call=True)
        table.client.denied = {"BatchExecuteStatement"}

        assert backfill(table, **PLAIN).failures == {"user03": self.REASON}
        assert table.client.count("PutItem") == 7
