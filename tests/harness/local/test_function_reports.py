"""The log and the metrics of a function have its duration, its start and its memory."""

import io
import re
import zipfile

import pytest
from ministack.core import lambda_runtime
from ministack.services import cloudwatch, lambda_svc
from pulumi_localaws.local import function_reports

CODE = """
import time

memory = bytearray(50_000_000)
time.sleep(0.2)

def handler(event, context):
    print("REPORT of the handler")
    time.sleep(event["seconds"])
"""
REPORT = re.compile(
    r"REPORT RequestId: (?P<id>\S+)\tDuration: (?P<duration>[0-9.]+) ms\tBilled Duration: (?P<billed>\d+) ms"
    r"\tMemory Size: 512 MB\tMax Memory Used: (?P<memory>\d+) MB(\tInit Duration: (?P<init>[0-9.]+) ms)?"
)


@pytest.fixture
def metrics(monkeypatch):
    """Return the metrics that are recorded, in the order of time."""
    recorded = []
    monkeypatch.setattr(cloudwatch, "record_metric", lambda *values: recorded.append(values[1:3]))
    return recorded


@pytest.fixture
def logs(monkeypatch, metrics):
    """Report as AWS does, and return the texts of the logs."""
    texts = []

    def emit(_function, _request_id, text, _error, _duration_ms, *, log_source=None):
        texts.append((text, log_source))

    for name in ("_spawn", "invoke", "_drain_stderr", "_drain_stderr_bounded"):
        monkeypatch.setattr(lambda_runtime.Worker, name, getattr(lambda_runtime.Worker, name))
    monkeypatch.setattr(lambda_svc, "_emit_lambda_logs", emit)
    monkeypatch.setattr(lambda_svc, "_emit_lambda_metrics", lambda_svc._emit_lambda_metrics)
    function_reports.report_as_aws()
    return texts


@pytest.fixture
def invoke():
    """Return a function that invokes a function and has its log written, as the emulator does."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        file.writestr("index.py", CODE)
    config = {
        "FunctionName": "f",
        "FunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:f",
        "Runtime": "python3.11",
        "Handler": "index.handler",
        "MemorySize": 512,
        "Timeout": 1,
    }
    worker = lambda_runtime.Worker("f", config, data.getvalue())

    def run(seconds):
        result = worker.invoke({"seconds": seconds}, "id-1")
        error = result["status"] == "error"
        lambda_svc._emit_lambda_logs({"config": config}, "id-1", result["log"], error, 99_999)

    yield run
    process = worker._proc
    lambda_runtime.kill_workers([worker])
    for stream in (process.stdin, process.stdout, process.stderr) if process else ():
        stream.close()


def test_duration_excludes_the_start_and_memory_is_that_of_the_process(invoke, logs, metrics):
    invoke(0.1)
    invoke(0.0)

    (first, source), (second, _) = logs
    cold, warm = REPORT.search(first), REPORT.search(second)
    assert source == "rie"  # the emulator adds no second REPORT line
    assert first.splitlines()[:2] == ["START RequestId: id-1 Version: $LATEST", "REPORT of the handler"]
    assert 100 <= float(cold["duration"]) < float(cold["init"]) + 100
    assert float(cold["init"]) >= 200
    assert int(cold["billed"]) >= float(cold["duration"]) + float(cold["init"])
    assert warm["init"] is None
    assert 48 <= int(warm["memory"]) < 150
    assert [name for name, _ in metrics] == 2 * ["Invocations", "Errors", "Throttles", "Duration"]
    assert metrics[3][1] == pytest.approx(float(cold["duration"]), abs=0.01)


@pytest.mark.long
@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # of the killed process's pipes
def test_function_that_times_out_has_its_limit_as_duration(invoke, logs, metrics):
    invoke(20)

    report = REPORT.search(logs[0][0])
    assert 1_000 <= float(report["duration"]) < 5_000
    assert int(report["memory"]) >= 48
    assert metrics[1] == ("Errors", 1)


def test_throttled_request_is_counted_once_and_is_no_invocation(logs, metrics):
    lambda_svc._emit_lambda_metrics("f", duration_ms=0.0, error=False, throttle=True)
    lambda_svc._emit_lambda_metrics("f", duration_ms=1.5, error=False, throttle=True)
    lambda_svc._emit_lambda_metrics("f", duration_ms=0.0, error=False, throttle=False)

    assert metrics == [("Throttles", 1)]


def test_memory_of_an_ended_process_is_unknown():
    assert function_reports.read_peak_memory(2**22 + 1) == 0
