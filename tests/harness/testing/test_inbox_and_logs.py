"""Messages and log lines of one test, read from stand-ins."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from pulumi_localaws.errors import LocalAwsError
from pulumi_localaws.testing.function_logs import FunctionLogs
from pulumi_localaws.testing.inbox import Inbox
from pulumi_localaws.testing.polling import wait_for


def email(to: str, text: str, time: float) -> dict[str, Any]:
    return {"To": [to], "Subject": "Code", "BodyText": text, "BodyHtml": "", "Timestamp": time}


def text_message(number: str, text: str, time: float) -> SimpleNamespace:
    return SimpleNamespace(number=number, text=text, time=time)


def test_messages_are_in_the_order_of_time_and_only_of_this_test() -> None:
    inbox = Inbox(
        lambda: [email("late@example.com", "b", 12.0), email("early@example.com", "a", 9.0)],
        lambda: [text_message("+1206", "c", 11.0)],
        since=10.0,
    )

    assert [(message.kind, message.to) for message in inbox.messages()] == [
        ("sms", ("+1206",)),
        ("email", ("late@example.com",)),
    ]


def test_message_to_an_address_is_found_in_any_case() -> None:
    inbox = Inbox(lambda: [email("Ana@Example.com", "Your code is 123456.", 1.0)], list, since=0.0)

    assert inbox.wait_for("ana@example.com", timeout=0).code == "123456"


def test_missing_message_names_the_other_receivers() -> None:
    inbox = Inbox(lambda: [email("bob@example.com", "a", 1.0)], list, since=0.0)

    with pytest.raises(LocalAwsError, match=r"0 messages to ana@example.com instead of 1.*bob@example.com"):
        inbox.wait_for("ana@example.com", timeout=0)


def test_html_is_the_text_of_an_email_without_a_plain_text() -> None:
    record = email("ana@example.com", "", 1.0) | {"BodyHtml": "<b>654321</b>"}

    [message] = Inbox(lambda: [record], list, since=0.0).messages()

    assert message.code == "654321"


def test_message_without_a_code_is_named() -> None:
    [message] = Inbox(lambda: [email("ana@example.com", "Hello 1234567", 1.0)], list, since=0.0).messages()

    with pytest.raises(LocalAwsError, match=r"ana@example\.com has no code of six digits"):
        _ = message.code


def test_wait_returns_the_first_true_result() -> None:
    results = iter([[], [], ["line"]])

    assert wait_for(lambda: next(results), timeout=5, describe=str) == ["line"]


class GroupMissingError(Exception):
    """The log group does not exist."""


class FakeLogs:
    """Log groups with events."""

    exceptions = SimpleNamespace(ResourceNotFoundException=GroupMissingError)

    def __init__(self, **groups: list[str]) -> None:
        self._groups = groups
        self.start_times: list[int] = []

    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self, **parameters: Any) -> Iterator[dict[str, Any]]:
        self.start_times.append(parameters["startTime"])
        group = parameters["logGroupName"]
        if group not in self._groups:
            raise GroupMissingError
        yield {"events": [{"message": message} for message in self._groups[group]]}


class FakeFunctions:
    """Functions, each with its own log group."""

    def __init__(self, *names: str) -> None:
        self._names = names

    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self) -> list[dict[str, Any]]:
        functions = [{"FunctionName": name, "LoggingConfig": {"LogGroup": name}} for name in self._names]
        return [{"Functions": functions}]


def open_logs(functions: FakeFunctions, cloudwatch: FakeLogs, since: float | None = None) -> FunctionLogs:
    clients = {"lambda": functions, "logs": cloudwatch}
    return FunctionLogs(lambda service: clients[service], since)


LINES = ["START RequestId: 1 Version: $LATEST\n", "hello\nworld\n", "REPORT RequestId: 1\tDuration: 1 ms\n"]


def test_lines_are_those_of_the_function_itself() -> None:
    cloudwatch = FakeLogs(orders=LINES)
    logs = open_logs(FakeFunctions("orders"), cloudwatch, since=10.0)

    assert logs("order") == ["hello", "world"]
    assert cloudwatch.start_times == [9_998]


def test_whole_name_is_chosen_although_it_is_part_of_another() -> None:
    logs = open_logs(FakeFunctions("orders", "orders-retry"), FakeLogs(orders=["a"]))

    assert logs("orders") == ["a"]


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("order", "'order' is part of several names: orders-a, orders-b"),
        ("users", "No function has 'users' in its name. Functions: orders-a, orders-b"),
    ],
)
def test_name_must_match_one_function(function: str, message: str) -> None:
    """The gateway's own functions do not count."""
    logs = open_logs(FakeFunctions("orders-a", "orders-b", "localaws-users-relay"), FakeLogs())

    with pytest.raises(LocalAwsError, match=message):
        logs(function)


def test_function_that_has_not_run_has_no_lines() -> None:
    logs = open_logs(FakeFunctions("orders", "mails"), FakeLogs(mails=["sent"]))

    assert logs("orders") == []
    assert logs.read_all() == {"mails": ["sent"]}


def test_missing_line_is_reported_with_the_existing_ones() -> None:
    logs = open_logs(FakeFunctions("orders"), FakeLogs(orders=["hello"]))

    with pytest.raises(LocalAwsError, match=r"No line of orders contains 'bye'. .*\['hello'\]"):
        logs.wait_for("orders", "bye", timeout=0)
