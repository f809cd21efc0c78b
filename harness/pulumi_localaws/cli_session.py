"""The commands ``up`` and ``run``: a local AWS and a deployment, both removed at the end of the command."""

import argparse
import errno
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pulumi_localaws.cli_outputs import (
    MAX_VARIABLE_BYTES,
    MAX_VARIABLES_BYTES,
    as_text,
    check_file_option,
    output_variables,
    outputs_writer,
    prepare_outputs_file,
    split_large_variables,
    write_outputs,
)
from pulumi_localaws.config.stack import select_region
from pulumi_localaws.deploy import Deployment, EngineProcess, Event
from pulumi_localaws.environment import DEFAULT_REGION, describe_too_large
from pulumi_localaws.errors import DeploymentError, LocalAwsError, LocalAwsGoneError
from pulumi_localaws.local_aws import LocalAws

_EXIT_FAILURE = 1
_EXIT_COMMAND_NOT_FOUND = 127  # as in a shell
_EXIT_SIGNAL_BASE = 128  # as in a shell, which adds the signal's number
_POLL_SECONDS = 0.2
_TERMINATE_SECONDS = 5


class Termination(BaseException):
    """SIGTERM or SIGHUP arrived: the command stops as with Ctrl-C."""


def serve(options: argparse.Namespace) -> int:
    """Deploy, write the outputs, serve until Ctrl-C or SIGTERM, and return the exit code."""
    start = time.monotonic()
    is_ready = False
    try:
        prepare_outputs_file(options.outputs)
        with (
            _default_sigint_handler(),
            _session(options) as (local, deployment),
            outputs_writer(options.outputs) as write,
        ):
            write({"endpoint": local.endpoint, "outputs": deployment.outputs})
            _print_outputs(deployment)
            seconds = time.monotonic() - start
            _print_status(f"Ready in {seconds:.1f} s: {local.endpoint} (press Ctrl-C to stop)")
            is_ready = True
            while True:
                local.wait(_POLL_SECONDS)
                local.check()
    except (KeyboardInterrupt, Termination):
        _print_status("Stopped." if is_ready else "Stopped before it was ready.")
        return 0 if is_ready else _EXIT_SIGNAL_BASE + signal.SIGINT
    except (DeploymentError, LocalAwsError, OSError) as error:
        _print_status(f"pulumi-localaws: {error}")
        return _EXIT_FAILURE


def run_command(options: argparse.Namespace, command: Sequence[str]) -> int:
    """Deploy, run the command, stop everything, and return the command's exit code."""
    try:
        with (
            _session(options) as (local, deployment),
            tempfile.TemporaryDirectory(dir=local.folder) as folder,
        ):
            file = Path(folder) / "outputs.json"
            write_outputs(file, {"endpoint": local.endpoint, "outputs": deployment.outputs})
            variables, left_out = split_large_variables(output_variables(deployment.outputs))
            _warn_of_large_outputs(left_out)
            extra = {
                "PULUMI_LOCALAWS_ENDPOINT": local.endpoint,
                "PULUMI_LOCALAWS_OUTPUTS": str(file),
                **variables,
            }
            return _run(list(command), command_environment(local, extra), local)
    except (KeyboardInterrupt, Termination):
        _print_status("Stopped.")
        return _EXIT_SIGNAL_BASE + signal.SIGINT
    except (DeploymentError, LocalAwsError, OSError) as error:
        _print_status(f"pulumi-localaws: {error}")
        return _EXIT_FAILURE


def _warn_of_large_outputs(sizes: Mapping[str, int]) -> None:
    for name, size in sorted(sizes.items()):
        _print_status(
            f"  warning: {name} is not set, because its output has {size:,} bytes."
            f" Allowed: {MAX_VARIABLE_BYTES:,} bytes for one variable,"
            f" {MAX_VARIABLES_BYTES:,} for all outputs."
            " The file in PULUMI_LOCALAWS_OUTPUTS contains every output."
        )


def command_environment(local: LocalAws, extra: Mapping[str, str]) -> dict[str, str]:
    """Return the caller's environment; the local AWS's variables replace all that configure a client."""
    inherited = {name: value for name, value in os.environ.items() if not _configures_client(name)}
    return {**inherited, **local.environment(extra)}


def _configures_client(name: str) -> bool:
    return name.startswith(("AWS_", "LOCALSTACK_")) or name.upper() in {
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
    }


@contextmanager
def _session(options: argparse.Namespace) -> Iterator[tuple[LocalAws, Deployment]]:
    """Start the local AWS and the engine at once: the program's imports take as long as the emulator."""
    config = _parse_config(options.config)
    # The options are checked here first, so that a mistake in them starts no process.
    region = select_region(options.directory, options.stack, config)
    if region is not None:
        config["aws:region"] = region
    if options.log is not None:
        check_file_option("--log", options.log)
    with _raise_on_termination():
        local = LocalAws(
            options.port,
            region=region or DEFAULT_REGION,
            log_file=options.log,
            allow_origins=options.allow_origin,
            debug_functions=options.debug_functions,
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
            local.start(on_open=engine.send_endpoint)
            deployment = _deploy(engine, local, is_quiet=options.quiet)
            try:
                yield local, deployment
            finally:
                deployment.discard_state()
        finally:
            # Nothing is undone: all resources end with the emulator.
            engine.kill()
            local.stop()


def _deploy(engine: EngineProcess, local: LocalAws, *, is_quiet: bool) -> Deployment:
    """Deploy, unless the local AWS ends: the error then names its process, not the resources that failed.

    Raises:
        LocalAwsError: The local AWS has ended.
        DeploymentError: The program or a resource failed.
    """
    try:
        return engine.deploy(on_event=None if is_quiet else _print_event)
    except LocalAwsGoneError:
        local.wait_for_failure()
        raise


def _parse_config(pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, text in pairs:
        try:
            values[key] = json.loads(text) if text[:1] in {"[", "{"} else text
        except json.JSONDecodeError as error:
            raise DeploymentError(
                f"--config {key}: {text!r} is not valid JSON: {error}."
                " A value that begins with [ or { must be JSON."
            ) from error
    return values


@contextmanager
def _default_sigint_handler() -> Iterator[None]:
    """Accept SIGINT even if a shell started the command with SIGINT ignored, as for ``up &`` in a script."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous_handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous_handler)


@contextmanager
def _raise_on_termination() -> Iterator[None]:
    """Turn SIGTERM and a closed terminal (SIGHUP) into an exception, so that everything is stopped."""

    def raise_termination(*_: object) -> None:
        raise Termination

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous_handlers = {
        number: signal.signal(number, raise_termination) for number in (signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for number, handler in previous_handlers.items():
            signal.signal(number, handler)


def _run(command: list[str], environment: dict[str, str], local: LocalAws) -> int:
    try:
        process = subprocess.Popen(command, env=environment)  # noqa: S603 the user's own command
    except FileNotFoundError:
        _print_status(f"pulumi-localaws: the command {command[0]!r} was not found. Check its name and PATH.")
        return _EXIT_COMMAND_NOT_FOUND
    except OSError as error:
        if error.errno != errno.E2BIG:
            raise
        raise DeploymentError(
            describe_too_large(environment, process="the command", arguments=command)
        ) from error
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
            process.wait(_TERMINATE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        raise
    return code if code >= 0 else _EXIT_SIGNAL_BASE - code


def _print_event(event: Event) -> None:
    if event["event"] == "resource":
        mark = "+" if event["status"] == "created" else "x"
        _print_status(f"  {mark} {event['ms']:>5} ms  {event['type']} {event['name']}")
    elif event["event"] == "log":
        _print_status(f"  {event['severity']}: {event['message']}")


def _print_outputs(deployment: Deployment) -> None:
    for name, value in sorted(deployment.outputs.items()):
        text = "[secret]" if name in deployment.secrets else as_text(value)
        _print_status(f"  {name}: {text}")


def _print_status(text: str) -> None:
    """Print to standard error, because standard output belongs to the command of ``run``."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201 the command's own status
