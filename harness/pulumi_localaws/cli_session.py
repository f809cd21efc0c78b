"""What ``up`` and ``run`` do: a local AWS and a deployment for a while, and nothing left afterwards."""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pulumi_localaws.config.stack import read_stack_region
from pulumi_localaws.deploy import Deployment, EngineProcess, Event
from pulumi_localaws.environment import DEFAULT_REGION
from pulumi_localaws.errors import DeploymentError
from pulumi_localaws.local.processes import LocalAwsError
from pulumi_localaws.local_aws import LocalAws

_COULD_NOT = 1
_NOT_FOUND = 127  # what a shell returns for a command that isn't there
_SIGNALLED = 128  # and adds to the number of the signal that ended one
_POLL_SECONDS = 0.2


class Terminated(BaseException):
    """SIGTERM came: everything is taken down, as with Ctrl-C."""


def serve(options: argparse.Namespace) -> int:
    """Deploy, write the outputs and serve until Ctrl-C or SIGTERM; returns the exit code."""
    began = time.monotonic()
    ready = False
    try:
        _prepare(options.outputs)
        with _interruptible(), _session(options) as (local, deployment), _outputs(options.outputs) as write:
            write({"endpoint": local.endpoint, "outputs": deployment.outputs})
            _show_outputs(deployment)
            seconds = time.monotonic() - began
            _say(f"Ready in {seconds:.1f} s: {local.endpoint} (Ctrl-C ends it)")
            ready = True
            while True:
                local.wait(_POLL_SECONDS)
                local.check()
    except (KeyboardInterrupt, Terminated):
        _say("Stopped." if ready else "Stopped before it was ready.")
        return 0 if ready else _SIGNALLED + signal.SIGINT
    except (DeploymentError, LocalAwsError, OSError) as error:
        _say(f"pulumi-localaws: {error}")
        return _COULD_NOT


def _prepare(outputs: Path | None) -> None:
    """Find out early that a file can't be written; an older one goes, so that its being there means ready."""
    if outputs is None:
        return
    if outputs.is_dir() or not outputs.parent.is_dir():
        raise DeploymentError(f"--outputs {outputs}: a file in a folder that exists is expected.")
    if not os.access(outputs.parent, os.W_OK | os.X_OK):
        raise DeploymentError(f"--outputs {outputs}: you may not write to the folder {outputs.parent}.")
    outputs.unlink(missing_ok=True)


@contextmanager
def _outputs(file: Path | None) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    """Yield what writes the outputs; the file goes at the end, since nobody answers at its endpoint then."""

    def write(document: Mapping[str, Any]) -> None:
        if file is not None:
            write_outputs(file, document)

    try:
        yield write
    finally:
        if file is not None:
            file.unlink(missing_ok=True)


def run_command(options: argparse.Namespace, command: Sequence[str]) -> int:
    """Deploy, run the command, take all down; returns the command's exit code."""
    try:
        with (
            _session(options) as (local, deployment),
            tempfile.TemporaryDirectory(dir=local.folder) as folder,
        ):
            file = Path(folder) / "outputs.json"
            write_outputs(file, {"endpoint": local.endpoint, "outputs": deployment.outputs})
            extra = {
                "PULUMI_LOCALAWS_ENDPOINT": local.endpoint,
                "PULUMI_LOCALAWS_OUTPUTS": str(file),
                **output_variables(deployment.outputs),
            }
            return _run(list(command), command_environment(local, extra), local)
    except (KeyboardInterrupt, Terminated):
        _say("Stopped.")
        return _SIGNALLED + signal.SIGINT
    except (DeploymentError, LocalAwsError, OSError) as error:
        _say(f"pulumi-localaws: {error}")
        return _COULD_NOT


def output_variables(outputs: Mapping[str, Any]) -> dict[str, str]:
    """Return each export as a variable: ``userPoolId`` is ``PULUMI_OUTPUT_USER_POOL_ID``; no text: JSON."""
    made = {}
    for name, value in outputs.items():
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^A-Za-z0-9]+", "_", name)
        made[f"PULUMI_OUTPUT_{words.upper()}"] = value if isinstance(value, str) else json.dumps(value)
    return made


def command_environment(local: LocalAws, extra: Mapping[str, str]) -> dict[str, str]:
    """Return the caller's environment, with the local AWS's variables in place of all that steer a client."""
    own = {name: value for name, value in os.environ.items() if not _steers(name)}
    return {**own, **local.environment(extra)}


def _steers(name: str) -> bool:
    return name.startswith(("AWS_", "LOCALSTACK_")) or name.upper() in {
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
    }


def write_outputs(file: Path, document: Mapping[str, Any]) -> None:
    """Write the file whole or not at all, readable by its owner alone: exports can be secret.

    Raises:
        OSError: It can't be written.
    """
    part = file.with_name(f".{file.name}.part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(json.dumps(document, indent=2) + "\n")
    part.replace(file)


@contextmanager
def _session(options: argparse.Namespace) -> Iterator[tuple[LocalAws, Deployment]]:
    """Start both at the same time: the program's imports take as long as the emulator."""
    config = _config(options.config)
    # The settings are read here first: a mistake in them starts nothing.
    region = read_stack_region(options.directory, options.stack, config) or DEFAULT_REGION
    with _sigterm():
        local = LocalAws(
            options.port, region=region, log_file=options.log, allow_origins=options.allow_origin
        )
        try:
            engine = EngineProcess(
                options.directory,
                stack=options.stack,
                config=config,
                environment=dict(options.env),
                scratch=local.folder,
            )
        except BaseException:
            local.stop()
            raise
        try:
            local.start()
            deployment = engine.deploy(local.endpoint, None if options.quiet else _progress)
            try:
                yield local, deployment
            finally:
                deployment.forget()
        finally:
            # The emulator is thrown away: nothing has to be undone.
            engine.kill()
            local.stop()


def _config(pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, text in pairs:
        try:
            values[key] = json.loads(text) if text[:1] in {"[", "{"} else text
        except json.JSONDecodeError as error:
            raise DeploymentError(f"--config {key}: {text!r} is not valid JSON: {error}") from error
    return values


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let SIGINT end it even where a shell has it ignored, as for ``up &`` in a script."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _sigterm() -> Iterator[None]:
    """Turn SIGTERM (and a closed terminal) into an exception, so that all is taken down."""

    def end(*_: object) -> None:
        raise Terminated

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _run(command: list[str], environment: dict[str, str], local: LocalAws) -> int:
    try:
        process = subprocess.Popen(command, env=environment)  # noqa: S603 the user's own command
    except FileNotFoundError:
        _say(f"pulumi-localaws: the command {command[0]!r} was not found.")
        return _NOT_FOUND
    try:
        while True:
            try:
                code = process.wait(_POLL_SECONDS)
                break
            except subprocess.TimeoutExpired:
                local.check()
    except BaseException:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        raise
    return code if code >= 0 else _SIGNALLED - code


def _progress(event: Event) -> None:
    if event["event"] == "resource":
        mark = "+" if event["status"] == "created" else "x"
        _say(f"  {mark} {event['ms']:>5} ms  {event['type']} {event['name']}")
    elif event["event"] == "log":
        _say(f"  {event['severity']}: {event['message']}")


def _show_outputs(deployment: Deployment) -> None:
    for name, value in sorted(deployment.outputs.items()):
        shown = (
            "[secret]"
            if name in deployment.secrets
            else value
            if isinstance(value, str)
            else json.dumps(value)
        )
        _say(f"  {name}: {shown}")


def _say(text: str) -> None:
    """Print to standard error: standard output belongs to the command that is run."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201 the command's own progress
