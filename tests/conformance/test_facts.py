"""The facts, the documents and the table of a run agree."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from pulumi_localaws.conformance import runner
from pulumi_localaws.conformance.fact import Fact, FactError, NotTriedError, load_facts
from pulumi_localaws.conformance.kit import expect, expect_error
from pulumi_localaws.conformance.not_run import NOT_RUN
from pulumi_localaws.conformance.report import Table, format_outcome, is_success
from pulumi_localaws.conformance.runner import FAILS, HOLDS, NOT_TRIED, Outcome, Run, run_facts, try_fact

DOCS = Path(__file__).resolve().parents[2] / "docs"
LINES = {entry.line for entry in load_facts()}


def read_rows(document: str) -> list[list[str]]:
    """Return the rows of a document's table of lines, which has more columns than its other tables."""
    text = (DOCS / document).read_text(encoding="utf-8")
    rows = [re.split(r"(?<!\\)\|", row)[1:-1] for row in re.findall(r"^\| \d+ \|.*\|$", text, re.MULTILINE)]
    return [[cell.strip() for cell in row] for row in rows if len(row) > 3]


def test_each_claimed_line_is_tried_or_has_a_reason():
    """Our own rule: a line without a fact has a reason in not_run.py."""
    rows = read_rows("cognito-behaviour.md")
    claimed = {int(row[0]) for row in rows if row[2] != "not claimed"}

    assert claimed - LINES - set(NOT_RUN) == set()
    assert LINES - claimed == set()
    assert set(NOT_RUN) & LINES == set()
    assert set(NOT_RUN) - claimed == set()


def test_the_table_of_backends_has_a_row_for_each_fact():
    """Our own rule: docs/conformance.md is written again when a fact changes."""
    rows = [(int(row[0]), row[1]) for row in read_rows("conformance.md")]

    assert rows == [(entry.line, entry.behaviour) for entry in load_facts()]


def test_each_fact_holds_on_the_local_aws_according_to_the_table():
    """Our own rule: the first column is the local AWS."""
    assert [row[:3] for row in read_rows("conformance.md") if row[2] != HOLDS] == []


def client_error(code: str = "CodeMismatchException", message: str = "No.") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "SignUp")


def fail_with(error: BaseException):
    def check(kit):
        raise error

    return check


@pytest.mark.parametrize(
    ("check", "result", "text"),
    [
        (lambda kit: "as on AWS", HOLDS, "as on AWS"),
        (fail_with(FactError("another")), FAILS, "another"),
        (fail_with(NotTriedError("no Lambda")), NOT_TRIED, "no Lambda"),
        (fail_with(client_error()), FAILS, "SignUp: CodeMismatchException: No."),
        (fail_with(EndpointConnectionError(endpoint_url="http://a")), NOT_TRIED, "did not respond"),
        (fail_with(KeyError("UserSub")), FAILS, "KeyError: 'UserSub'"),
    ],
    ids=["holds", "fails", "not tried", "error", "no connection", "field"],
)
def test_outcome(check, result, text):
    """Our own rule: every error becomes an outcome."""
    outcome = try_fact(Fact(1, "a", "b", check), None)

    assert outcome.result == result
    assert text in outcome.observation


def test_expected_error():
    """Our own rule: code and text of an error are compared."""

    def sign_up():
        raise client_error()

    assert expect_error("CodeMismatchException", sign_up) == "sign_up: CodeMismatchException"
    pattern = r"^sign_up: CodeMismatchException: No\., expected AliasExistsException$"
    with pytest.raises(FactError, match=pattern):
        expect_error("AliasExistsException", sign_up)
    with pytest.raises(FactError, match=r"expected CodeMismatchException: Yes\.$"):
        expect_error("CodeMismatchException", sign_up, "Yes.")
    with pytest.raises(FactError, match=r"succeeded, expected AliasExistsException$"):
        expect_error("AliasExistsException", lambda: None)


def test_expected_value():
    """Our own rule: the comparison names both values."""
    assert expect("events", [], []) == "events: []"
    with pytest.raises(FactError, match=r'^events: \["a"\], expected \[\]$'):
        expect("events", ["a"], [])


class FakeKit:
    """A kit whose resources note their deletion."""

    def __init__(self, backend):
        self.resources = SimpleNamespace(delete_all=backend.delete_all)


def test_interrupted_run_deletes_what_it_created(monkeypatch):
    """Our own rule: Ctrl-C ends the run, and the deletion follows."""
    monkeypatch.setattr(runner, "Kit", FakeKit)
    backend = SimpleNamespace(delete_all=lambda: ["queue q: denied"])
    facts = [Fact(1, "a", "b", lambda kit: "c"), Fact(2, "a", "b", fail_with(KeyboardInterrupt()))]

    run = run_facts(backend, facts, report=lambda outcome: None)

    assert ([o.fact.line for o in run.outcomes], run.is_interrupted) == ([1], True)
    assert run.undeleted == ["queue q: denied"]


@pytest.mark.parametrize(
    ("results", "undeleted", "expected"),
    [
        ([HOLDS, NOT_TRIED], [], True),
        ([HOLDS, FAILS], [], False),
        ([NOT_TRIED], [], False),
        ([HOLDS], ["queue q: denied"], False),
    ],
)
def test_success(results, undeleted, expected):
    """Our own rule: a fact that was not tried does not fail the run."""
    outcomes = [Outcome(Fact(1, "a", "b", str), result, "c") for result in results]

    assert is_success(Run(outcomes, undeleted)) == expected


def test_report():
    """Our own rule: the lines of a run."""
    outcome = Outcome(Fact(7, "A function must return an event", "guide", str), FAILS, "no error")
    table = Table("moto", "5", "http://a", "2026-11-22", Run([outcome], []))

    assert format_outcome(outcome) == (
        "x   7 fails     A function must return an event\n                seen: no error"
    )
    assert table.summarize() == "moto 5 at http://a, 2026-11-22: 0 hold, 1 fail, 0 not tried"
    assert '"result": "fails"' in table.to_json()
