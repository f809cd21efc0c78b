"""Runs one Pulumi program on a local AWS; a process of its own, since Pulumi's state is global.

``python -m pulumi_localaws.engine --dir DIR --stack S --endpoint URL [--config KEY=VALUE]… [--state FILE]``
prints one JSON object a line: ``{"event": "resource", "type", "name", "status", "ms"}``, ``{"event": "log",
"severity", "message"}``, and at the end ``{"event": "outputs", "outputs", "secrets"}`` or ``{"event":
"error", "message"}``. With ``--endpoint -`` the URL is read from standard input, so that the program can
begin before the local AWS is there; the end of standard input then ends the process.
"""

import argparse
import asyncio
import json
import logging
import os
import runpy
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from pulumi_localaws.config.provider import provider_from_config
from pulumi_localaws.config.secrets import PASSPHRASE_VARIABLES, passphrase_from
from pulumi_localaws.config.stack import StackConfig, load_stack_config
from pulumi_localaws.environment import PACKAGE_PARENT
from pulumi_localaws.errors import CancelledError, DeploymentError
from pulumi_localaws.local.emulator import ACCOUNT_ID

if TYPE_CHECKING:
    from pulumi_localaws.config.project import ConfigValue
    from pulumi_localaws.engine.monitor import Monitor

THREADS = 16
"""Resources that are made at the same time; more brought nothing on two cores."""

_HARNESS = PACKAGE_PARENT / "pulumi_localaws"
_PACKAGES = frozenset((".venv", "venv", "site-packages"))

Emit = Callable[[dict[str, Any]], None]


def run_program(config: StackConfig, *, endpoint: Callable[[], str], state: Path | None, emit: Emit) -> bool:
    """Run a program to its end; after a failure everything that it made is undone.

    Args:
        config: The project and its settings.
        endpoint: Returns the local AWS's URL, or waits until it is there.
        state: File that takes what is needed to undo the deployment later.
        emit: Is given each event.

    Returns:
        Whether all was made.
    """
    # Late: pulumi takes half a second, and a mistake in the settings needs none of it.
    import pulumi  # noqa: PLC0415, F401

    from pulumi_localaws.engine.monitor import Monitor, Surroundings  # noqa: PLC0415
    from pulumi_localaws.local.clients import Clients  # noqa: PLC0415
    from pulumi_localaws.resources.ledger import Ledger, undo  # noqa: PLC0415

    default_provider = provider_from_config(config.values, account=ACCOUNT_ID)
    if default_provider.region:
        # Where a provider in the program names no region, the SDK looks here, as under the Pulumi CLI.
        # boto looks at the second.
        os.environ["AWS_REGION"] = os.environ["AWS_DEFAULT_REGION"] = default_provider.region
    # A program may use boto by itself: it must not find the real AWS, not even while the local one starts.
    os.environ["AWS_ENDPOINT_URL"] = endpoint()
    clients = Clients(endpoint())
    ledger = Ledger(state)
    monitor = Monitor(
        Surroundings(
            project=config.project,
            stack=config.stack,
            account=ACCOUNT_ID,
            default_provider=default_provider,
            clients=clients,
            ledger=ledger,
            emit=emit,
        )
    )
    failure = _run_with_monitor(config, monitor, emit)
    if failure is None:
        ledger.close()
        emit({"event": "outputs", "outputs": monitor.outputs, "secrets": sorted(monitor.secret_outputs)})
        return True
    message = _message(failure, config)
    try:
        undo(ledger.records(), clients, include_retained=True)
    except DeploymentError as remainder:
        message = f"{message}\n{remainder}"
    else:
        ledger.clear()
    ledger.close()
    emit({"event": "error", "message": message})
    return False


def _run_with_monitor(config: StackConfig, monitor: "Monitor", emit: Emit) -> BaseException | None:
    """Run a program whose resources a monitor creates; return the first error when nothing is in flight."""
    # Late: as above.
    from pulumi.runtime import mocks, set_all_config  # noqa: PLC0415
    from pulumi.runtime.settings import set_root_resource  # noqa: PLC0415
    from pulumi.runtime.stack import run_in_stack  # noqa: PLC0415

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    executor = ThreadPoolExecutor(THREADS, thread_name_prefix="resource")
    loop.set_default_executor(executor)
    error: BaseException | None = None
    try:
        mocks.set_mocks(
            None,  # type: ignore[arg-type] # the monitor answers everything
            project=config.project,
            stack=config.stack,
            preview=False,
            logger=_logger(emit),
            monitor=monitor,
            organization="organization",
        )
        set_all_config(config.values, list(config.secrets))
        # set_mocks ends a stack of its own; exports only arrive from one that ends after the program.
        set_root_resource(None)  # type: ignore[arg-type]
        os.chdir(config.directory)
        sys.path.insert(0, str(config.directory))
        sys.argv = [str(config.program)]
        loop.run_until_complete(run_in_stack(lambda: _run(config.program)))
        monitor.finish()
    except BaseException as raised:  # noqa: BLE001 returned below, after the rest has ended
        error = raised
    monitor.transforms.stopping.set()
    if error is not None and monitor.failure is None:
        monitor.failure = error
    # What is in flight may still create something: wait, or it would be left behind.
    executor.shutdown(wait=True, cancel_futures=True)
    return monitor.failure


def _run(program: Path) -> None:
    runpy.run_path(str(program), run_name="__main__")


def _message(error: BaseException, config: StackConfig) -> str:
    if isinstance(error, DeploymentError) and not isinstance(error, CancelledError):
        return str(error)
    if isinstance(error, KeyboardInterrupt):
        return "The deployment was interrupted; what had been made is undone."
    if isinstance(error, SystemExit):
        return f"The program ended itself with sys.exit({error.code!r})."
    # Late: it is loaded by now.
    from pulumi import RunError  # noqa: PLC0415

    if isinstance(error, RunError):
        # Pulumi's error for a user's mistake: its message says all, as under the Pulumi CLI.
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if _is_users(Path(frame.filename), config.directory)]
    lines = [
        f"  {Path(frame.filename).relative_to(config.directory)}:{frame.lineno}: {frame.line}"
        for frame in own
    ]
    if isinstance(error, SyntaxError):
        lines = [f"  {error.filename}:{error.lineno}: {(error.text or '').strip()}"]
    return "\n".join([f"The program failed with {type(error).__name__}: {error}", *lines])


def _is_users(file: Path, directory: Path) -> bool:
    """Tell whether code is the user's own; packages and this harness may lie in the project's folder too."""
    if not file.is_relative_to(directory) or file.is_relative_to(_HARNESS):
        return False
    in_environment = sys.prefix != sys.base_prefix and file.is_relative_to(sys.prefix)
    return not in_environment and not _PACKAGES.intersection(file.relative_to(directory).parts)


def _logger(emit: Emit) -> logging.Logger:
    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            emit({"event": "log", "severity": record.levelname.lower(), "message": record.getMessage()})

    logger = logging.getLogger("pulumi_localaws.program")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.handlers = [Handler()]
    return logger


def _waits_for(source: TextIO) -> Callable[[], str]:
    """Return a function that waits for the endpoint, which a thread reads from the parent's pipe."""
    known = threading.Event()
    found: list[str] = []

    def read() -> None:
        for line in source:
            if line.strip():
                found.append(line.strip())
                known.set()
        # The parent is gone: nothing of ours may stay, and the local AWS goes with the parent.
        os._exit(1)

    threading.Thread(target=read, name="endpoint", daemon=True).start()

    def wait() -> str:
        known.wait()
        return found[0]

    return wait


def main(argv: Sequence[str] | None = None) -> int:
    """Run the engine's process; returns 0 when all was made, else 1."""
    parser = argparse.ArgumentParser(prog="python -m pulumi_localaws.engine", description=__doc__)
    parser.add_argument("--dir", type=Path, required=True, help="the Pulumi project's folder")
    parser.add_argument("--stack", default="dev", help="the stack's name")
    parser.add_argument(
        "--endpoint", required=True, help="the local AWS's URL; - reads it from standard input"
    )
    parser.add_argument(
        "--config",
        action="append",
        default=[],
        metavar="KEY=JSON",
        help="a config value over the stack's file",
    )
    parser.add_argument("--state", type=Path, help="file that takes what is needed to undo the deployment")
    options = parser.parse_args(argv)
    # The program may print: events have a channel of their own, and its output goes to standard error.
    events = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)
    lock = threading.Lock()

    def emit(event: dict[str, Any]) -> None:
        with lock:
            events.write(json.dumps(event, default=str) + "\n")
            events.flush()

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    passphrase = passphrase_from(os.environ)
    for name in (*PASSPHRASE_VARIABLES, "AWS_REGION", "AWS_DEFAULT_REGION"):
        os.environ.pop(name, None)
    overrides: dict[str, ConfigValue] = {}
    for pair in options.config:
        key, _, value = pair.partition("=")
        overrides[key] = json.loads(value)
    try:
        config = load_stack_config(
            options.dir.resolve(), options.stack, overrides=overrides, passphrase=passphrase
        )
        endpoint = _waits_for(sys.stdin) if options.endpoint == "-" else lambda: str(options.endpoint)
        made = run_program(config, endpoint=endpoint, state=options.state, emit=emit)
    except DeploymentError as error:
        emit({"event": "error", "message": str(error)})
        made = False
    except KeyboardInterrupt:
        emit({"event": "error", "message": "The deployment was interrupted."})
        made = False
    # Threads of the program's own (gRPC's among them) must not keep the process.
    sys.stderr.flush()
    events.flush()
    os._exit(0 if made else 1)
