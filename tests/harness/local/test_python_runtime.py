"""Errors and logs of a Python function are those of Lambda's runtime."""

import io
import re
import zipfile

import pytest
from ministack.core import lambda_runtime
from ministack.services import lambda_svc
from pulumi_localaws.local import python_runtime

CODE = """
import logging
import os

logging.getLogger().setLevel("INFO")

class RefusedError(Exception):
    pass

def handler(event, context):
    logging.info("a message")
    if event == "break":
        breakpoint()
    if event == "raise":
        raise RefusedError("the run is done")
    return {1, 2} if event == "set" else os.getpid()
"""
CONFIG = {
    "FunctionName": "f",
    "FunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:f",
    "Runtime": "python3.11",
    "Handler": "index.handler",
}


@pytest.fixture
def execute(monkeypatch):
    """Return a function that invokes one worker, as the emulator does for each event."""
    for module, name in (
        (lambda_runtime, "_PYTHON_WORKER_SCRIPT"),
        (lambda_runtime.Worker, "invoke"),
        (lambda_svc, "_execute_function_warm"),
        (lambda_svc, "acquire_worker"),
    ):
        monkeypatch.setattr(module, name, getattr(module, name))
    python_runtime.report_errors_as_aws()
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        file.writestr("index.py", CODE)
    worker = lambda_runtime.Worker("f", CONFIG, data.getvalue())
    lambda_svc.acquire_worker = lambda *_arguments, **_options: (worker, "reused")

    yield lambda event: lambda_svc._execute_function_warm(
        {"config": CONFIG, "code_zip": data.getvalue()}, event, "id-1"
    )
    process = worker._proc
    lambda_runtime.kill_workers([worker])
    for stream in (process.stdin, process.stdout, process.stderr):
        stream.close()


def test_exception_has_its_class_and_the_process_lives_on(execute):
    first, failed, marshal, last = execute({}), execute("raise"), execute("set"), execute({})

    assert "error" not in first
    assert last["body"] == first["body"]  # the ID of the process
    assert (failed["error"], failed["body"]["errorType"], failed["body"]["errorMessage"]) == (
        True,
        "RefusedError",
        "the run is done",
    )
    [frame] = failed["body"]["stackTrace"]
    assert "index.py" in frame
    assert "[ERROR] RefusedError: the run is done" in failed["log"].splitlines()
    assert (marshal["error"], marshal["body"]["errorType"], marshal["body"]["stackTrace"]) == (
        True,
        "Runtime.MarshalError",
        [],
    )
    assert re.fullmatch(r"\[INFO\]\t[-0-9T:.]{23}Z\tid-1\ta message", first["log"])


def test_breakpoint_without_the_option_names_the_option(execute):
    stopped, last = execute("break"), execute({})

    assert "started with --debug-functions" in stopped["body"]["errorMessage"]
    assert "error" not in last


def test_another_script_of_the_emulator_is_rejected():
    with pytest.raises(RuntimeError, match="has changed near"):
        python_runtime.change_worker_script("def run():\n    pass\n")
