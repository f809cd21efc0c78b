"""The workers of a function share its unpacked code."""

import io
import tempfile
import zipfile
from pathlib import Path

import pytest
from ministack.core import lambda_runtime
from pulumi_localaws.local.shared_code import _SharedFolders, share_code_of_workers


@pytest.fixture
def start_worker(monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(lambda_runtime, "zipfile", zipfile)
    monkeypatch.setattr(lambda_runtime.Worker, "_spawn", lambda_runtime.Worker._spawn)
    share_code_of_workers()
    workers = []

    def start(code, **config):
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as file:
            file.writestr(zipfile.ZipInfo("index.py"), code)  # without the time of this call
        arn = "arn:aws:lambda:us-east-1:000000000000:function:f"
        config = {
            "FunctionName": "f",
            "FunctionArn": arn,
            "Runtime": "python3.11",
            "Handler": "index.handler",
            **config,
        }
        workers.append(lambda_runtime.Worker("f", config, data.getvalue()))
        return workers[-1]

    yield start
    for worker in workers:
        _end(worker)


def _end(worker):
    process = worker._proc
    lambda_runtime.kill_workers([worker])
    if process is not None:
        for stream in (process.stdin, process.stdout, process.stderr):
            stream.close()


FOLDER = (
    "import os\ndef handler(event, context):\n    return os.path.realpath(os.environ['LAMBDA_TASK_ROOT'])"
)


def _invoke(worker):
    answer = worker.invoke({}, "request")
    assert answer["status"] == "ok", answer
    return answer["result"]


def test_two_workers_share_one_folder(start_worker):
    assert _invoke(start_worker(FOLDER)) == _invoke(start_worker(FOLDER))


@pytest.mark.long
def test_changed_code_gets_a_folder_of_its_own(start_worker):
    old = _invoke(start_worker(FOLDER))

    assert _invoke(start_worker(FOLDER + "  # changed")) != old


@pytest.mark.long
def test_the_end_of_a_worker_keeps_the_folder_for_the_others(start_worker):
    first, second = start_worker(FOLDER), start_worker(FOLDER)
    folder = _invoke(first)
    _end(first)

    assert _invoke(second) == folder
    assert list(Path(folder).iterdir())


@pytest.mark.long
def test_a_function_with_layers_keeps_its_own_copy(start_worker):
    shared = _invoke(start_worker(FOLDER))

    assert _invoke(start_worker(FOLDER, Layers=[{"Arn": ""}])) != shared


def test_damaged_code_is_refused_at_each_attempt(start_worker):
    worker = start_worker(FOLDER)
    worker.code_zip = worker.code_zip[:40]

    for _ in range(2):
        with pytest.raises(zipfile.BadZipFile):
            worker.invoke({}, "request")


def test_an_interrupted_attempt_leaves_no_files(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    code = tmp_path / "code.zip"
    with zipfile.ZipFile(code, "w") as file:
        file.writestr("a.py", "first")
        file.writestr("b.py", "second")
    code.write_bytes(code.read_bytes().replace(b"second", b"secomd", 1))
    folders = _SharedFolders()

    with pytest.raises(zipfile.BadZipFile):
        folders.unpack(code)

    assert list(folders._root.iterdir()) == []
