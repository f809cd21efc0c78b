"""The exports of a deployment: the file of ``up``, and file and variables of ``run``."""

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from pulumi_localaws.errors import DeploymentError

MAX_VARIABLE_BYTES = 128 * 1024 - 1
"""Size of one variable, ``NAME=value``: Linux refuses longer ones (MAX_ARG_STRLEN in execve(2))."""

MAX_VARIABLES_BYTES = 512 * 1024
"""Size of all exports' variables: macOS allows 1 MiB for all arguments and variables, Linux mostly 2 MiB."""


def prepare_outputs_file(outputs: Path | None) -> None:
    """Check early that the file can be written, and delete an old one: the file exists only when ready.

    Raises:
        DeploymentError: The file can't be written, or it belongs to another ``up`` that still serves.
    """
    if outputs is None:
        return
    check_file_option("--outputs", outputs)
    if not os.access(outputs.parent, os.W_OK | os.X_OK):
        raise DeploymentError(
            f"--outputs must be a file in a folder that you can write to. Got: {outputs}."
            f" Choose another folder, or change the permissions of {outputs.parent}."
        )
    if not outputs.exists():
        return
    if not outputs.is_file():  # replacing /dev/null would break every other program
        raise DeploymentError(
            f"--outputs must be a regular file. Got: {outputs}, a device, a pipe or a socket."
            " Choose another name, or omit the option."
        )
    try:
        with outputs.open() as stream:
            _lock(stream)
            outputs.unlink()
    except BlockingIOError as error:
        raise DeploymentError(
            f"--outputs must be a file that no other process uses. Got: {outputs}, the file of another"
            " pulumi-localaws up that is still running. Stop that one, or choose another file."
        ) from error


def check_file_option(option: str, file: Path) -> None:
    """Check that an option names a file in an existing folder.

    Raises:
        DeploymentError: It does not.
    """
    if file.is_dir() or not file.parent.is_dir():
        raise DeploymentError(f"{option} must be a file in an existing folder. Got: {file}.")


@contextmanager
def outputs_writer(file: Path | None) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    """Yield a function that writes the outputs; delete the file at the end, as its endpoint is gone then.

    The file is locked until then, so that other processes can see that it is in use. A file that another
    process has written in the meantime is not deleted.
    """
    streams: list[IO[str]] = []

    def write(document: Mapping[str, Any]) -> None:
        if file is not None:
            streams.append(_write_locked(file, document))

    try:
        yield write
    finally:
        for stream in streams:
            with stream:
                if file is not None and _is_same_file(file, stream):
                    file.unlink()


def _is_same_file(file: Path, stream: IO[str]) -> bool:
    try:
        return os.path.samestat(file.stat(), os.fstat(stream.fileno()))
    except FileNotFoundError:
        return False


def write_outputs(file: Path, document: Mapping[str, Any]) -> None:
    """Write the file as a whole or not at all; only its owner can read it, as exports can be secret.

    Raises:
        OSError: The file can't be written.
    """
    _write_locked(file, document).close()


def _write_locked(file: Path, document: Mapping[str, Any]) -> IO[str]:
    """Write the file as `write_outputs` does; return the open file, which is locked until it is closed."""
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    stream = os.fdopen(handle, "w", encoding="utf-8")
    try:
        _lock(stream)
        stream.write(json.dumps(document, indent=2) + "\n")
        stream.flush()
        part.replace(file)
    except BaseException:
        stream.close()
        part.unlink(missing_ok=True)
        raise
    return stream


def _lock(stream: IO[str]) -> None:
    """Lock a file until it is closed or this process ends.

    Raises:
        BlockingIOError: Another process has locked it.
    """
    import fcntl  # noqa: PLC0415  not on Windows, where the local AWS reports that it can't start

    fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)


def output_variables(outputs: Mapping[str, Any]) -> dict[str, str]:
    """Return each export as a variable: ``userPoolId`` is ``PULUMI_OUTPUT_USER_POOL_ID``.

    Values other than text are JSON.
    """
    return {variable_name(name): as_text(value) for name, value in outputs.items()}


def variable_name(name: str) -> str:
    """Return the name of an export's variable."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^A-Za-z0-9]+", "_", name)
    return f"PULUMI_OUTPUT_{words.upper()}"


def as_text(value: Any) -> str:
    """Return an export's value as text; JSON if it is not text."""
    return value if isinstance(value, str) else json.dumps(value)


def split_large_variables(variables: Mapping[str, str]) -> tuple[dict[str, str], dict[str, int]]:
    """Leave out variables that are too large for the environment of a process, the largest first.

    Returns:
        The variables that remain, and the size in bytes of each one that is left out.
    """
    sizes = {name: len(f"{name}={value}".encode(errors="surrogatepass")) for name, value in variables.items()}
    remaining: dict[str, str] = {}
    total = 0
    for name in sorted(sizes, key=lambda name: sizes[name]):
        total += sizes[name]
        if sizes[name] <= MAX_VARIABLE_BYTES and total <= MAX_VARIABLES_BYTES:
            remaining[name] = variables[name]
    return remaining, {name: size for name, size in sizes.items() if name not in remaining}
