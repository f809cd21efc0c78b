"""Conditional inserts in batches."""

import pytest
from import_table import LIMITS, client_error
from userprofiles.backfill.errors import BackfillFailedError, ErrorKind, StoppedError
from userprofiles.backfill.stop import Stop
from userprofiles.legacy.table_inserts import TableInserts

RUN = "run-1"


def item(number, run_id=RUN, **fields):
    return {"PK": f"USER#{number:03d}", "SK": "CONTENT#1", "title": "old", "migrationRunId": run_id, **fields}


def key(number):
    return f"USER#{number:03d}", "CONTENT#1"


def outcomes(results):
    return [result.outcome for result in results]


def batch_sizes(table):
    return sorted(
        len(parameters["Statements"])
        for operation, parameters in table.client.calls
        if operation == "BatchExecuteStatement"
    )


class TestResults:
    def test_all_items_are_created_in_full_batches(self, table, inserts):
        items = [item(number) for number in range(60)]

        results = inserts.insert(items)

        assert outcomes(results) == ["created"] * 60
        assert table.items() == items
        assert batch_sizes(table) == [10, 25, 25]

    def test_an_item_of_another_writer_is_never_changed(self, table, inserts):
        existing = item(2, run_id="another-run", title="new")
        table.put(existing, {**key_attributes(3), "title": "of a user"})

        results = inserts.insert([item(number) for number in range(5)])

        assert outcomes(results) == ["created", "created", "existed", "existed", "created"]
        assert table.get(*key(2)) == existing
        assert table.get(*key(3))["title"] == "of a user"

    def test_a_repeated_call_of_the_same_run_has_the_same_results(self, table, inserts):
        """A killed run repeats its last pages when it resumes."""
        items = [item(number) for number in range(30)]
        first = inserts.insert(items)

        assert inserts.insert(items) == first
        assert table.items() == items

    def test_results_have_the_order_of_the_items(self, table, inserts):
        table.put(*(item(number, run_id="another-run") for number in range(0, 100, 3)))

        results = inserts.insert([item(number) for number in reversed(range(100))])

        assert outcomes(results) == [
            "existed" if number % 3 == 0 else "created" for number in reversed(range(100))
        ]

    def test_the_first_of_two_items_with_the_same_key_is_inserted(self, table, inserts):
        results = inserts.insert([item(1, title="first"), item(1, title="second")])

        assert outcomes(results) == ["created", "created"]
        assert [row["title"] for row in table.items()] == ["first"]

    def test_no_items(self, table, inserts):
        assert inserts.insert([]) == []
        assert table.client.calls == []

    def test_write_units_are_those_of_the_item(self, table, inserts):
        [small, large] = inserts.insert([item(1), item(2, title="x" * 2048)])

        assert (small.write_units, large.write_units) == (1.0, 3.0)


class TestFailures:
    def test_throttled_and_unanswered_statements_are_sent_again(self, table, inserts):
        table.client.statement_errors = {
            key(0): ["ThrottlingError", "ProvisionedThroughputExceeded"],
            key(3): ["InternalServerError"],
        }

        def answer_in_part(operation, parameters):
            if operation == "BatchExecuteStatement" and len(parameters["Statements"]) == 8:
                table.client.hooks = []
                response = table.client.batch_execute_statement(Statements=parameters["Statements"][:6])
                return {"Responses": response["Responses"]}
            return None

        table.client.hooks = [answer_in_part]

        results = inserts.insert([item(number) for number in range(8)])

        assert outcomes(results) == ["created"] * 8
        assert len(table.items()) == 8

    def test_an_item_whose_response_was_lost_is_created(self, table, inserts):
        table.client.lost_responses = {key(1)}

        results = inserts.insert([item(number) for number in range(3)])

        assert outcomes(results) == ["created"] * 3

    def test_a_rejected_item_fails_alone_without_its_values_in_the_reason(self, table, inserts):
        table.client.statement_errors = {key(1): ["ValidationError"]}

        results = inserts.insert([item(number, title="+1 555 0100") for number in range(3)])

        assert outcomes(results) == ["created", "failed", "created"]
        assert results[1].reason == "DynamoDB rejected the item (ValidationError)"

    @pytest.mark.parametrize(
        ("value", "reason"),
        [
            ("x" * 401_000, "the item has more than 400,000 bytes"),
            ("\ud800 secret", "A text contains an unpaired surrogate, which UTF-8 can't encode."),
        ],
    )
    def test_an_item_that_cannot_be_stored_fails_alone(self, table, inserts, value, reason):
        results = inserts.insert([item(1), item(2, text=value), item(3)])

        assert outcomes(results) == ["created", "failed", "created"]
        assert results[1].reason == reason

    def test_denied_batches_are_replaced_by_single_puts(self, table):
        warnings = []
        inserts = TableInserts(table.client, table.name, threads=1, limits=LIMITS, warn=warnings.append)

        def deny(operation, parameters):
            if operation == "BatchExecuteStatement":
                raise client_error(operation, "AccessDeniedException")

        table.client.hooks = [deny]
        table.put(item(1, run_id="another-run"))

        results = inserts.insert([item(number) for number in range(4)])
        inserts.close()

        assert outcomes(results) == ["created", "existed", "created", "created"]
        assert [warning.split(" ")[0] for warning in warnings] == ["dynamodb:PartiQLInsert"]

    def test_a_missing_table_ends_the_run(self, table, inserts):
        def miss(operation, parameters):
            raise client_error(operation, "ResourceNotFoundException")

        table.client.hooks = [miss]

        with pytest.raises(BackfillFailedError) as raised:
            inserts.insert([item(number) for number in range(60)])

        assert raised.value.kind is ErrorKind.TABLE

    def test_a_stop_ends_the_wait_for_a_throttled_table(self, table):
        stop = Stop()

        def throttle(operation, parameters):
            stop.request()
            raise client_error(operation, "ThrottlingException")

        table.client.hooks = [throttle]
        inserts = TableInserts(table.client, table.name, threads=1, stop=stop)

        with pytest.raises(StoppedError):
            inserts.insert([item(1)])
        inserts.close()


def key_attributes(number):
    partition, sort = key(number)
    return {"PK": partition, "SK": sort}
