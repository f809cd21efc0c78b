"""The function of the scheduled reconciliation: its environment, its result and its errors."""

import contextvars
import importlib
from types import SimpleNamespace

import pytest
from userprofiles.table.store_errors import StoreError
from userprofiles.telemetry import request_id

ENVIRONMENT = {
    "USERS_TABLE": "users",
    "AUDIT_TABLE": "audit",
    "STATE_TABLE": "state",
    "USER_POOL_ID": "us-east-1_abc",
    "INTERVAL_HOURS": "24",
    "UNCONFIRMED_DAYS": "7",
    "REQUESTS_PER_SECOND": "10",
}
CONTEXT = SimpleNamespace(aws_request_id="request-1", get_remaining_time_in_millis=lambda: 900_000)


@pytest.fixture
def module(monkeypatch):
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return importlib.import_module("userprofiles.handlers.reconciler")


@pytest.fixture
def invoke(module, monkeypatch):
    """Return a function that invokes the handler with a reconciliation that returns or raises something."""

    def invoke(run):
        created = []

        def create(report, **arguments):
            created.append(arguments)
            return SimpleNamespace(run=run)

        monkeypatch.setattr(module, "SETTINGS", SimpleNamespace(create_reconciliation=create))
        result = contextvars.copy_context().run(module.handler, {}, CONTEXT)
        return created, result

    return invoke


def test_result_and_request_id(invoke):
    ids = []

    def run(seconds):
        ids.append(request_id.get())
        return {"status": "idle", "seconds": seconds}

    [arguments], result = invoke(run)

    assert result == {"status": "idle", "seconds": 900}
    assert (ids, arguments["owner"]) == (["request-1"], "request-1")


def test_error_has_only_a_code(invoke, module, caplog):
    def fail(_):
        raise KeyError("canary@example.com")

    with pytest.raises(module.ReconcilerFailedError) as error:
        invoke(fail)

    assert (str(error.value), error.value.__suppress_context__) == ("KeyError", True)
    assert "canary" not in caplog.text


def test_error_of_the_store_is_named(invoke, module):
    def fail(_):
        raise StoreError("AccessDeniedException")

    with pytest.raises(module.ReconcilerFailedError, match="AccessDeniedException"):
        invoke(fail)
