"""The handler of the worker: its input, its log lines, its metric and its errors."""

import importlib
import json
import traceback
from types import SimpleNamespace

import pytest
from backfill_fixtures import client_error, plain_user
from botocore import exceptions as boto
from userprofiles.backfill.errors import BackfillFailedError, ErrorKind, RefusedError
from userprofiles.backfill.state_machine.services import Services
from userprofiles.backfill.state_machine.worker import Worker
from userprofiles.backfill.state_machine.worker_settings import WorkerSettings
from userprofiles.jobs.table_ledger import TableLedger
from userprofiles.telemetry import error_code

CONTEXT = SimpleNamespace(get_remaining_time_in_millis=lambda: 90_000)


@pytest.fixture
def handler(monkeypatch, report):
    """The module of the function. Its log lines go to `log`."""
    monkeypatch.setenv("USERS_TABLE", "users")
    monkeypatch.setenv("MIGRATION_BUCKET", "reports")
    monkeypatch.setenv("LEDGER_TABLE", "ledger")
    monkeypatch.setenv("USERS_TABLE_ARN", "arn:aws:dynamodb:us-east-1:123456789012:table/users")
    module = importlib.import_module("userprofiles.handlers.migration_worker")
    monkeypatch.setattr(module, "REPORT", report)
    return module


@pytest.fixture
def raise_in_worker(monkeypatch):
    """Return a function that lets every action raise an error."""

    def replace(error):
        def handle(self, event, seconds_left):
            raise error

        monkeypatch.setattr("userprofiles.backfill.state_machine.worker.Worker.handle", handle)

    return replace


def log_lines(log):
    return [json.loads(line) for line in log.getvalue().splitlines()]


def metrics(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]


def test_event_and_remaining_time_reach_the_worker(handler, monkeypatch):
    calls = []

    def handle(self, event, seconds_left):
        calls.append((event, seconds_left))
        return {"runId": "r", "done": True}

    monkeypatch.setattr("userprofiles.backfill.state_machine.worker.Worker.handle", handle)
    event = {"action": "work", "runId": "r", "segment": 1}

    assert handler.handler(event, CONTEXT) == {"runId": "r", "done": True}
    assert calls == [(event, 90.0)]


@pytest.mark.parametrize(
    ("error", "error_type", "failures"),
    [
        (RefusedError("no"), RefusedError, 0),
        (BackfillFailedError(ErrorKind.TABLE, "gone"), BackfillFailedError, 1),
        (KeyError("bug"), BackfillFailedError, 1),
    ],
)
def test_refusal_does_not_count_as_failure(*, handler, raise_in_worker, capsys, error, error_type, failures):
    raise_in_worker(error)

    with pytest.raises(error_type):
        handler.handler({"action": "work"}, CONTEXT)

    failure_metrics = [metric for metric in metrics(capsys) if "MigrationFailed" in metric]
    assert len(failure_metrics) == failures


def test_failure_counts_in_the_namespace_of_the_other_functions(handler, raise_in_worker, capsys):
    raise_in_worker(BackfillFailedError(ErrorKind.TABLE, "gone"))

    with pytest.raises(BackfillFailedError):
        handler.handler({"action": "work"}, CONTEXT)

    [metric] = metrics(capsys)
    [directive] = metric["_aws"]["CloudWatchMetrics"]
    assert (directive["Namespace"], directive["Dimensions"]) == ("UserProfiles", [["service"]])
    assert (metric["service"], metric["MigrationFailed"]) == ("test", [1.0])


@pytest.mark.parametrize(
    "error",
    [
        RefusedError("Unknown input 'tabel'; allowed: dryRun, only."),
        BackfillFailedError(ErrorKind.SERVICE, "Segments [3] are left. Start the job again with this runId."),
    ],
)
def test_our_own_text_is_raised_and_logged_unchanged(handler, raise_in_worker, log, error):
    raise_in_worker(error)

    with pytest.raises(type(error)) as raised:
        handler.handler({"action": "finish", "runId": "r"}, CONTEXT)

    [line] = log_lines(log)
    assert (str(raised.value), line["why"]) == (str(error), str(error))
    assert (line["action"], line["runId"]) == ("finish", "r")


class FailingTable:
    """A ledger table whose calls fail, or return a document that is not JSON."""

    def __init__(self, error=None):
        self.error = error
        self.meta = SimpleNamespace(region_name="us-east-1", endpoint_url="https://dynamodb.example")

    def get_item(self, **parameters):
        if self.error:
            raise self.error
        return {"Item": {"PK": {"S": "RUN#r"}, "SK": {"S": "RUN"}, "job": {"S": "{CANARY"}}}


def check_no_canary(raised, log, capsys):
    """Check all logged texts: our lines, and the raised error as Lambda logs it."""
    printed = capsys.readouterr()
    texts = [
        log.getvalue(),
        printed.out,
        printed.err,
        *traceback.format_exception(raised),
        *traceback.format_tb(raised.__traceback__),
        str(raised),
    ]
    assert "CANARY" not in "".join(texts)


@pytest.mark.parametrize(
    ("error", "step"),
    [
        (client_error("Scan", "ResourceNotFoundException", "CANARY"), "Scan failed (table)"),
        (client_error("Scan", "AccessDeniedException", "CANARY"), "Scan failed (rights)"),
        (client_error("Scan", "ValidationException", "CANARY"), "Scan failed (table)"),
        (client_error("Scan", "ExpiredTokenException", "CANARY"), "Scan failed (credentials)"),
        (client_error("Scan", "StrangeException", "CANARY"), "Scan failed (service)"),
        (client_error("Scan", "Strange", "CANARY"), "Scan failed (endpoint)"),
        (boto.EndpointConnectionError(endpoint_url="CANARY"), "The call failed (network)"),
        (boto.ParamValidationError(report="CANARY"), "The call failed (service)"),
        (ValueError("CANARY"), "Unexpected error"),
    ],
)
def test_error_of_the_table_is_reported_by_its_code(
    *, handler, monkeypatch, create_machine, log, capsys, error, step
):
    def fail(operation, parameters):
        raise error

    machine = create_machine(plain_user("CANARY"))
    machine.table.client.hooks = [fail]
    monkeypatch.setattr(handler, "WORKER", machine.worker)

    with pytest.raises(BackfillFailedError) as raised:
        handler.handler({"action": "prepare"}, CONTEXT)

    [line] = log_lines(log)
    assert (line["level"], line["error"], line["why"]) == ("ERROR", error_code(error), str(raised.value))
    assert str(raised.value).startswith(f"{step}: {error_code(error)}.")
    check_no_canary(raised.value, log, capsys)


@pytest.mark.parametrize(
    ("error", "step"),
    [
        (
            client_error("GetItem", "InternalServerError", "CANARY"),
            "GetItem failed (ledger): InternalServerError.",
        ),
        (boto.ReadTimeoutError(endpoint_url="CANARY"), "The call failed (ledger): ReadTimeoutError."),
        (UnicodeError("CANARY"), "Unexpected error: UnicodeError."),
        (None, "The call failed (ledger): JSONDecodeError."),
    ],
)
def test_error_of_the_ledger_is_reported_by_its_code(*, handler, monkeypatch, log, capsys, error, step):
    client = FailingTable(error)
    settings = WorkerSettings("users", "reports")
    services = Services(settings, TableLedger(client, "ledger"), client, None, handler.REPORT.warning)
    monkeypatch.setattr(handler, "WORKER", Worker(services))

    with pytest.raises(BackfillFailedError) as raised:
        handler.handler({"action": "finish", "runId": "r", "token": 1}, CONTEXT)

    assert str(raised.value).startswith(step)
    check_no_canary(raised.value, log, capsys)


def test_error_of_the_bucket_is_reported_by_its_code(*, handler, monkeypatch, create_machine, log, capsys):
    machine = create_machine(plain_user("CANARY"))
    payload = machine.prepare(segments=1)
    machine.process(payload)
    machine.s3.denied = {"PutObject"}
    monkeypatch.setattr(handler, "WORKER", machine.worker)

    with pytest.raises(BackfillFailedError) as raised:
        handler.handler({"action": "finish", **payload}, CONTEXT)

    assert str(raised.value).startswith("PutObject failed (report): AccessDenied.")
    check_no_canary(raised.value, log, capsys)


def test_counts_of_a_finished_run_are_logged(handler, monkeypatch, log):
    payload = {"runId": "r", "processed": 3, "created": 2, "failed": 0, "failures": [{"userId": "someone"}]}
    monkeypatch.setattr("userprofiles.backfill.state_machine.worker.Worker.handle", lambda *_: payload)

    handler.handler({"action": "finish", "runId": "r"}, CONTEXT)

    [line] = log_lines(log)
    assert (line["message"], line["counts"]) == ("carried out", {"processed": 3, "created": 2, "failed": 0})
    assert "someone" not in log.getvalue()
