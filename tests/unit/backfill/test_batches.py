"""Batches that are denied, partly answered or too large."""

import pytest
from backfill_fixtures import FakeTime, client_error, plain_user, plain_users, profile
from userprofiles.backfill.errors import BackfillFailedError, ErrorKind
from userprofiles.backfill.table_shape import TableShape

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
