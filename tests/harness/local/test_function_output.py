"""What a function prints is logged with its invocation, however late the emulator's threads are."""

import io
import subprocess
import threading
import types
import zipfile

import pytest
from ministack.core import lambda_runtime
from pulumi_localaws.local.function_output import log_all_output

PATCHED = ("_spawn", "_read_stderr", "_drain_stderr", "_drain_stderr_bounded")

CODE = """
import os, time
print("import")
def handler(event, context):
    print(event["text"], end=event.get("end", "\\n"))
    if event.get("fails"):
        raise ValueError("failed")
    if event.get("exits"):
        os._exit(1)
    time.sleep(event.get("seconds", 0))
"""


@pytest.fixture
def worker(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for name in PATCHED:
        monkeypatch.setattr(lambda_runtime.Worker, name, getattr(lambda_runtime.Worker, name))
    monkeypatch.setattr(lambda_runtime, "_PYTHON_WORKER_SCRIPT", lambda_runtime._PYTHON_WORKER_SCRIPT)
    log_all_output()
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        file.writestr("index.py", CODE)
    arn = "arn:aws:lambda:us-east-1:000000000000:function:f"
    config = {
        "FunctionName": "f",
        "FunctionArn": arn,
        "Runtime": "python3.11",
        "Handler": "index.handler",
        "Timeout": 1,
    }
    processes = []

    def start_process(*arguments, **options):
        processes.append(subprocess.Popen(*arguments, **options))
        return processes[-1]

    names = {**vars(subprocess), "Popen": start_process}
    monkeypatch.setattr(lambda_runtime, "subprocess", types.SimpleNamespace(**names))
    started_worker = lambda_runtime.Worker("f", config, data.getvalue())
    yield started_worker
    lambda_runtime.kill_workers([started_worker])
    _join_readers()
    for process in processes:
        for stream in (process.stdin, process.stdout, process.stderr):
            stream.close()


def _join_readers():
    for thread in threading.enumerate():
        if thread.name == "stderr-f":
            thread.join(5)


@pytest.fixture
def late_thread(monkeypatch):
    """Let the thread that reads the output never run, as if the computer was busy."""
    start = threading.Thread.start

    def start_others(thread):
        if thread.name != "stderr-f":
            start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_others)


def logged(worker, **event):
    return worker.invoke(event, "request")["log"]


def test_a_printed_line_is_logged_with_its_invocation(late_thread, worker):
    """This holds for a line without an end, too."""
    assert logged(worker, text="one") == "import\none"
    assert logged(worker, text="two", end="") == "two"
    assert logged(worker, text="three") == "three"


@pytest.mark.long
def test_more_lines_than_a_pipe_holds_are_logged(worker):
    text = "\n".join(f"line {number}" for number in range(20_000))

    assert logged(worker, text=text) == f"import\n{text}"


@pytest.mark.long
@pytest.mark.parametrize("event", [{"fails": True, "end": ""}, {"exits": True}, {"seconds": 60}])
def test_output_before_the_end_of_a_process_is_logged(late_thread, worker, event):
    """The emulator ends a process after an error and after a time-out."""
    result = worker.invoke({"text": "last words\n", **event}, "request")

    assert (result["status"], result["log"].splitlines()[:2]) == ("error", ["import", "last words"])


@pytest.mark.long
def test_another_process_of_the_worker_is_followed(worker):
    worker.invoke({"text": "one", "exits": True}, "request")

    assert logged(worker, text="two") == "import\ntwo"


def test_another_script_of_the_emulator_is_an_error(monkeypatch):
    for name in PATCHED:
        monkeypatch.setattr(lambda_runtime.Worker, name, getattr(lambda_runtime.Worker, name))
    monkeypatch.setattr(lambda_runtime, "_PYTHON_WORKER_SCRIPT", "")

    with pytest.raises(RuntimeError, match="has changed"):
        log_all_output()
