"""A function that stops at a breakpoint waits for a terminal, and then continues."""

import io
import os
import socket
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ministack.core import lambda_runtime
from pulumi_localaws.errors import LocalAwsError
from pulumi_localaws.local import debug_sockets, function_debugging, python_runtime

CODE = """
import logging

def handler(event, context):
    number = event["number"]
    breakpoint()
    logging.info("number %s", number)
    return number
"""
CONFIG = {
    "FunctionName": "orders",
    "FunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:orders",
    "Runtime": "python3.11",
    "Handler": "index.handler",
    "Timeout": 1,
}


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """Return a worker of the function, as the emulator starts it with --debug-functions."""
    script = python_runtime.change_worker_script(lambda_runtime._PYTHON_WORKER_SCRIPT)
    monkeypatch.setattr(lambda_runtime, "_PYTHON_WORKER_SCRIPT", script)
    monkeypatch.setattr(lambda_runtime.Worker, "_spawn", lambda_runtime.Worker._spawn)
    function_debugging.debug_functions(str(tmp_path))
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        file.writestr("index.py", CODE)
    worker = lambda_runtime.Worker("orders", CONFIG, data.getvalue())
    yield worker
    process = worker._proc
    lambda_runtime.kill_workers([worker])
    for stream in (process.stdin, process.stdout, process.stderr):
        stream.close()


def connect(folder: Path) -> socket.socket:
    """Return a connection to the function that has stopped."""
    deadline = time.monotonic() + 10
    while not (paths := debug_sockets.list_sockets(folder)):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(str(paths[0]))
    return connection


def debug(folder: Path, commands: str, texts: list[str]) -> None:
    """Send commands to the function, and read until it continues."""
    with connect(folder) as connection, connection.makefile("rw") as stream:
        stream.write(commands)
        stream.flush()
        connection.shutdown(socket.SHUT_WR)
        texts.append(stream.read())


@pytest.mark.parametrize(
    "commands", ["p number\nnumber = 8\nc\n", "p number\nnumber = 8\nq\n", "p number\nnumber = 8\n"]
)
@pytest.mark.sample(3)
def test_function_stops_and_continues(worker: Any, tmp_path: Path, commands: str) -> None:
    """Also if the terminal quits, or ends without a command."""
    texts: list[str] = []
    terminal = threading.Thread(target=debug, args=(tmp_path, commands, texts))
    terminal.start()

    response = worker.invoke({"number": 7}, "id-1")

    terminal.join()
    assert response["result"] == 8
    assert "orders has stopped" in texts[0]
    assert "\n(Pdb) 7\n" in texts[0]
    assert "Run: pulumi-localaws attach" in response["log"]
    assert "[INFO]" in response["log"]
    assert "number 8" in response["log"]
    assert worker.config["Timeout"] == function_debugging.DEBUG_SECONDS
    assert debug_sockets.list_sockets(tmp_path) == []


def test_script_of_another_version_is_rejected() -> None:
    with pytest.raises(RuntimeError, match="has changed near"):
        function_debugging.change_worker_script("print()", "/tmp")


def test_folder_belongs_to_the_user_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(debug_sockets, "_PARENT", tmp_path)

    folder = debug_sockets.open_debug_folder()

    assert folder.stat().st_mode & 0o777 == 0o700
    assert debug_sockets.open_debug_folder() == folder


def test_folder_that_others_can_write_to_is_rejected(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(debug_sockets, "_PARENT", tmp_path)
    (tmp_path / f"pulumi-localaws-debug-{os.getuid()}").mkdir()

    with pytest.raises(LocalAwsError, match="must belong to you, with the permissions 700"):
        debug_sockets.open_debug_folder()


def test_link_instead_of_the_folder_is_rejected(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(debug_sockets, "_PARENT", tmp_path)
    (tmp_path / f"pulumi-localaws-debug-{os.getuid()}").symlink_to(tmp_path / "missing")

    with pytest.raises(LocalAwsError, match="must not be a link or a file"):
        debug_sockets.open_debug_folder()
