"""The command `attach` connects the terminal to a function that has stopped."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pulumi_localaws import cli_attach
from pulumi_localaws.local import debug_sockets


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    folder = tmp_path / "s"
    folder.mkdir(mode=0o700)
    monkeypatch.setattr(cli_attach, "open_debug_folder", lambda: folder)
    return folder


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Return a file descriptor: what a test writes there is typed in the terminal."""
    read_end, write_end = os.pipe()
    with os.fdopen(read_end) as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        yield write_end
    os.close(write_end)


def serve(path: Path, lines: list[str]) -> threading.Thread:
    """Serve one connection as a function does: ask, and continue after one line."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen(1)

    def answer() -> None:
        with server, server.accept()[0] as connection, connection.makefile("r") as commands:
            connection.sendall(b"orders has stopped\n(Pdb) ")
            lines.append(commands.readline())

    thread = threading.Thread(target=answer)
    thread.start()
    return thread


def test_terminal_is_connected_to_the_function(
    folder: Path, terminal: int, capsys: pytest.CaptureFixture[str]
) -> None:
    lines: list[str] = []
    function = serve(folder / "1.sock", lines)
    os.write(terminal, b"c\n")

    exit_code = cli_attach.attach(once=True)

    function.join()
    output = capsys.readouterr()
    assert (exit_code, lines) == (0, ["c\n"])
    assert output.out == "orders has stopped\n(Pdb) "
    assert "Waiting for a function to stop at breakpoint()" in output.err


def test_socket_of_an_ended_process_is_deleted(folder: Path, terminal: int) -> None:
    with socket.socket(socket.AF_UNIX) as ended:
        ended.bind(str(folder / "1.sock"))
    os.utime(folder / "1.sock", (0, 0))
    function = serve(folder / "2.sock", [])
    os.write(terminal, b"c\n")

    cli_attach.attach(once=True)

    function.join()
    assert [path.name for path in debug_sockets.list_sockets(folder)] == ["2.sock"]


def test_function_that_reads_no_more_while_somebody_types(monkeypatch: pytest.MonkeyPatch) -> None:
    read_end, write_end = os.pipe()
    os.write(write_end, b"p 1\n")
    os.close(write_end)
    terminal, function = socket.socketpair()
    function.shutdown(socket.SHUT_RD)
    with os.fdopen(read_end) as stream, terminal, function:
        monkeypatch.setattr(sys, "stdin", stream)

        assert cli_attach._exchange(terminal) is False


def test_only_sockets_are_listed(folder: Path) -> None:
    (folder / "1.sock").mkdir()
    (folder / "2.sock").symlink_to(folder / "missing")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "3.sock"))

    assert debug_sockets.list_sockets(folder) == [folder / "3.sock"]


PROGRAM = """
import io, json, zipfile

import pytest

CODE = '''
import logging

def handler(event, context):
    answer = 41
    breakpoint()
    logging.info("the answer is %s", answer)
    return answer
'''

TRUST = json.dumps({
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    ],
})

@pytest.fixture
def function(localaws):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        file.writestr("index.py", CODE)
    role = localaws.client("iam").create_role(RoleName="orders", AssumeRolePolicyDocument=TRUST)["Role"]
    client = localaws.client("lambda")
    client.create_function(
        FunctionName="orders", Runtime="python3.13", Handler="index.handler", Timeout=1,
        Role=role["Arn"], Code={"ZipFile": data.getvalue()},
    )
    return client

def test_it(function, logs):
    payload = function.invoke(FunctionName="orders")["Payload"].read()
    assert json.loads(payload) == 42
    assert any("the answer is 42" in line for line in logs("orders"))
"""


@pytest.mark.long
def test_function_of_a_test_is_debugged_from_another_terminal(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(PROGRAM)
    command = [str(Path(sys.executable).with_name("pulumi-localaws")), "attach", "--once"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as terminal:
        assert terminal.stdin is not None
        terminal.stdin.write("p answer\nanswer = 42\nc\n")
        terminal.stdin.flush()
        tests = subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "-p",
                "no:cacheprovider",
                "--debug-functions",
                "test_it.py",
            ],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        if tests.returncode:
            terminal.kill()
        answers, _ = terminal.communicate(timeout=10)

    assert "1 passed" in tests.stdout
    assert "(Pdb) 41" in answers
