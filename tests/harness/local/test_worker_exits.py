"""A function whose process has ended is reported with the name that AWS has for it."""

import pytest
from ministack.services import lambda_svc
from pulumi_localaws.local.worker_exits import name_exits_as_aws


@pytest.mark.parametrize(
    ("message", "name"),
    [("Worker process died", "Runtime.ExitError"), ("division by zero", "Runtime.HandlerError")],
)
def test_only_the_end_of_the_process_has_another_name(monkeypatch, message, name):
    failure = {"body": {"errorType": "Runtime.HandlerError", "errorMessage": message}, "error": True}
    monkeypatch.setattr(lambda_svc, "_execute_function_warm", lambda *_: failure)
    name_exits_as_aws()

    result = lambda_svc._execute_function_warm({}, {}, "request-1")

    assert result["error"] is True
    assert result["body"]["errorType"] == name


def test_result_of_a_function_stays(monkeypatch):
    monkeypatch.setattr(lambda_svc, "_execute_function_warm", lambda *_: {"body": "Worker process died"})
    name_exits_as_aws()

    assert lambda_svc._execute_function_warm({}, {}, "request-1") == {"body": "Worker process died"}


def test_emulator_has_the_function_that_is_replaced():
    """The version of the emulator is pinned; another one may execute functions in another way."""
    assert lambda_svc._execute_function_warm.__code__.co_argcount == 3
