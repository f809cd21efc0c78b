"""Batches that are denied, answered in part or too large."""

import pytest
from backfill_fixtures import client_error, plain_user, plain_users, profile
from userprofiles.backfill.errors import CannotGoOnError, ErrorKind
from userprofiles.backfill.table_shape import Shape

PLAIN = {"shape": Shape.PLAIN}


class TestRights:
    def test_denied_batch_reads_are_replaced_and_told_once(self, make_table, backfill):
        table = make_table(*plain_users(5), profile("user00"))
        table.client.denied = {"BatchGetItem"}

        outcome = backfill(table, **PLAIN)

        assert outcome.tally == {"existed": 1, "created": 4, "failed": 0, "skipped": {}}
        assert table.client.count("GetItem") == 5
        [message] = outcome.messages
        assert "dynamodb:BatchGetItem" in message
        assert "100 keys in a call" in message

    def test_denied_inserts_are_replaced_and_told_once(self, make_table, backfill):
        table = make_table(*plain_users(60))
        table.client.denied = {"BatchExecuteStatement"}

        outcome = backfill(table, **PLAIN)

        assert outcome.tally["created"] == 60
        assert table.client.count("BatchExecuteStatement") == 1
        assert table.client.count("PutItem") == 60
        [message] = outcome.messages
        assert "dynamodb:PartiQLInsert" in message
        assert "25 profiles in a call" in message

    def test_inserts_denied_one_by_one(self, make_table, backfill):
        """AWS answers 200 with AccessDenied in each statement."""
        table = make_table(*plain_users(30))
        table.client.batch_errors = {f"USER#user{n:02d}": ["AccessDenied"] for n in range(25)}

        outcome = backfill(table, **PLAIN)

        assert outcome.tally["created"] == 30
        assert len(outcome.messages) == 1

    def test_every_conditional_put_leaves_what_is_there(self, make_table, backfill):
        theirs = profile("user00")
        table = make_table(*plain_users(2))
        table.client.denied = {"BatchGetItem", "BatchExecuteStatement"}

        def sign_up(operation, parameters):
            if operation == "PutItem" and not table.profiles():
                table.put(theirs)

        table.client.before = [sign_up]

        outcome = backfill(table, **PLAIN)

        assert outcome.tally == {"existed": 1, "created": 1, "failed": 0, "skipped": {}}
        assert table.profiles()["USER#user00"] == theirs

    @pytest.mark.parametrize("denied", ["Scan", "GetItem", "PutItem"])
    def test_missing_right_that_nothing_replaces_ends_the_run(self, make_table, backfill, denied):
        table = make_table(*plain_users(2))
        table.client.denied = {"BatchGetItem", "BatchExecuteStatement", denied}

        with pytest.raises(CannotGoOnError, match="Access Denied") as caught:
            backfill(table, **PLAIN)

        assert caught.value.kind is ErrorKind.RIGHTS
        assert all(f"dynamodb:{action}" in str(caught.value) for action in ("Scan", "GetItem", "PutItem"))


class TestAnswersOfABatch:
    def test_each_statement_is_classified(self, make_table, backfill):
        table = make_table(*plain_users(5))
        table.client.batch_errors = {
            "USER#user00": ["ThrottlingError", "ProvisionedThroughputExceeded"],
            "USER#user01": ["ValidationError"],
            "USER#user02": ["InternalServerError"],
            "USER#user03": ["DuplicateItem"],
        }

        outcome = backfill(table, **PLAIN)

        assert outcome.tally == {"existed": 1, "created": 3, "failed": 1, "skipped": {}}
        assert outcome.failures == {"user01": "ValidationError: as the test wants it"}
        sizes = [
            len(given["Statements"]) for name, given in table.client.calls if name == "BatchExecuteStatement"
        ]
        assert sizes == [5, 2, 1]

    def test_one_statement_that_spoils_the_whole_call(self, make_table, backfill):
        table = make_table(*plain_users(4))

        def refuse(operation, parameters):
            spoilt = operation == "BatchExecuteStatement" and any(
                {"S": "USER#user02"} in statement["Parameters"] for statement in parameters["Statements"]
            )
            if spoilt:
                raise client_error(operation, "ValidationException", "the request is too large")

        table.client.before = [refuse]

        outcome = backfill(table, **PLAIN)

        assert outcome.tally == {"existed": 0, "created": 3, "failed": 1, "skipped": {}}
        assert outcome.failures == {"user02": "the request is too large"}

    def test_answer_shorter_than_the_question_is_asked_again(self, make_table, backfill):
        table = make_table(*plain_users(3))
        first = [{"Responses": [], "ResponseMetadata": {}}]
        table.client.before = [
            lambda operation, _: first.pop() if operation == "BatchExecuteStatement" and first else None
        ]

        assert backfill(table, **PLAIN).tally["created"] == 3

    def test_huge_profiles_are_sent_in_smaller_batches(self, make_table, backfill):
        table = make_table(*(plain_user(f"user{n}", firstName={"S": "x" * 300_000}) for n in range(5)))

        outcome = backfill(table, **PLAIN)

        assert outcome.tally["created"] == 5
        assert table.client.count("BatchExecuteStatement") == 2

    def test_profile_over_400_kb_fails_alone(self, make_table, backfill):
        """Such a row can't stand in DynamoDB itself: name and template add to what it holds."""
        table = make_table(plain_user("user0"), plain_user("user1"))
        big = {"S": "x" * 409_500}

        def grow(operation, parameters):
            if operation == "Scan":
                rows = [plain_user("user0"), plain_user("user1", firstName=big)]
                return {"Items": rows, "ResponseMetadata": {}}
            return None

        table.client.before = [grow]

        outcome = backfill(table, **PLAIN)

        assert outcome.tally == {"existed": 0, "created": 1, "failed": 1, "skipped": {}}
        assert "400 KB" in outcome.failures["user1"]
