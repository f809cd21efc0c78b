"""Deploys one Pulumi program to a local AWS, in a separate process because Pulumi's state is global.

``python -m pulumi_localaws.engine --dir DIR --stack S --endpoint URL [--config KEY=VALUE]… [--state FILE]``
prints one JSON object on each line:

- ``{"event": "resource", "type", "name", "id", "status", "ms"}`` for each resource
- ``{"event": "log", "severity", "message"}`` for each log line of the program
- at the end ``{"event": "outputs", "outputs", "secrets"}`` or ``{"event": "error", "message"}``

With ``--endpoint -``, the URL is read from standard input. The process can then start before the local AWS.
It ends when standard input is closed.
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
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from pulumi_localaws.config.provider import read_default_provider
from pulumi_localaws.config.secrets import PASSPHRASE_VARIABLES, read_passphrase
from pulumi_localaws.config.stack import StackSettings, load_stack_config
from pulumi_localaws.engine.messages import build_message
from pulumi_localaws.errors import DeploymentError
from pulumi_localaws.local.emulator import ACCOUNT_ID

if TYPE_CHECKING:
    from pulumi_localaws.config.sources import ConfigValue
    from pulumi_localaws.engine.monitor import Monitor

THREADS = 16
"""The number of resources that are created at the same time. On two cores, more threads are not faster."""

Emit = Callable[[dict[str, Any]], None]


def run_program(
    config: StackSettings, *, endpoint: Callable[[], str], state: Path | None, emit: Emit
) -> bool:
    """Deploy a program. If it fails, undo everything that it created.

    Args:
        config: The project and the config of its stack.
        endpoint: Returns the URL of the local AWS. May block until the URL is available.
        state: The state file, from which the deployment can be undone later.
        emit: Called with each event.

    Returns:
        Whether the deployment succeeded.
    """
    # Late: the import of pulumi takes half a second. An error in the config is reported without this delay.
    import pulumi  # noqa: PLC0415, F401

    from pulumi_localaws.engine.deployment_context import DeploymentContext  # noqa: PLC0415
    from pulumi_localaws.engine.monitor import Monitor  # noqa: PLC0415
    from pulumi_localaws.local.clients import Clients  # noqa: PLC0415
    from pulumi_localaws.resources.undo_log import UndoLog, undo  # noqa: PLC0415

    default_provider = read_default_provider(config.values, account=ACCOUNT_ID)
    if default_provider.region:
        # The SDK reads AWS_REGION for a provider without a region, as with the Pulumi CLI. boto3 reads
        # AWS_DEFAULT_REGION.
        os.environ["AWS_REGION"] = os.environ["AWS_DEFAULT_REGION"] = default_provider.region
    # If the program uses boto3, the calls must never reach the real AWS.
    os.environ["AWS_ENDPOINT_URL"] = endpoint()
    clients = Clients(endpoint())
    undo_log = UndoLog(state)
    monitor = Monitor(
        DeploymentContext(
            project=config.project,
            stack=config.stack,
            account=ACCOUNT_ID,
            default_provider=default_provider,
            clients=clients,
            undo_log=undo_log,
            emit=emit,
        )
    )
    failure = _run_with_monitor(config, monitor, emit)
    if failure is None and not monitor.problems:
        undo_log.close()
        emit({"event": "outputs", "outputs": monitor.outputs, "secrets": sorted(monitor.secret_outputs)})
        return True
    message = build_message(monitor.problems, failure, config.directory)
    try:
        undo(undo_log.list_resources(), clients, include_retained=True)
    except DeploymentError as undo_error:
        message = f"{message}\n{undo_error}"
    else:
        undo_log.clear()
    undo_log.close()
    emit({"event": "error", "message": message})
    return False


def _run_with_monitor(config: StackSettings, monitor: "Monitor", emit: Emit) -> BaseException | None:
    """Run a program with a monitor. Return the first error after all calls in progress have ended."""
    # Late: as above.
    from pulumi.runtime import mocks, set_all_config  # noqa: PLC0415
    from pulumi.runtime.settings import set_root_resource  # noqa: PLC0415
    from pulumi.runtime.stack import run_in_stack  # noqa: PLC0415

    from pulumi_localaws.engine.unknown_results import replace_unknown_results  # noqa: PLC0415

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    executor = ThreadPoolExecutor(THREADS, thread_name_prefix="resource")
    loop.set_default_executor(executor)
    error: BaseException | None = None
    try:
        mocks.set_mocks(
            None,  # type: ignore[arg-type] # the monitor handles every request
            project=config.project,
            stack=config.stack,
            preview=False,
            logger=_build_logger(emit),
            monitor=monitor,
            organization="organization",
        )
        replace_unknown_results(monitor.problems)
        set_all_config(config.values, list(config.secrets))
        # set_mocks creates a stack that ends at once. The exports need one that ends with the program.
        set_root_resource(None)  # type: ignore[arg-type]
        os.chdir(config.directory)
        sys.path.insert(0, str(config.directory))
        sys.argv = [str(config.program)]
        loop.run_until_complete(run_in_stack(lambda: _run(config.program)))
        if not monitor.problems:
            monitor.finish()
    except BaseException as raised_error:  # noqa: BLE001 returned below, after all calls have ended
        error = raised_error
    monitor.transforms.stopping.set()
    if error is not None and monitor.failure is None:
        monitor.failure = error
    # A call in progress can still create a resource. Wait for it, so that the resource is undone.
    executor.shutdown(wait=True, cancel_futures=True)
    return monitor.failure


def _run(program: Path) -> None:
    runpy.run_path(str(program), run_name="__main__")


def _build_logger(emit: Emit) -> logging.Logger:
    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            emit({"event": "log", "severity": record.levelname.lower(), "message": record.getMessage()})

    logger = logging.getLogger("pulumi_localaws.program")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.handlers = [Handler()]
    return logger


def _read_in_background(source: TextIO) -> Callable[[], str]:
    """Read the endpoint from the parent's pipe in a thread; return a function that waits for it."""
    is_read = threading.Event()
    lines: list[str] = []

    def read() -> None:
        for line in source:
            if line.strip():
                lines.append(line.strip())
                is_read.set()
        # The parent has ended, and the local AWS ends with it. There is nothing to undo.
        os._exit(1)

    threading.Thread(target=read, name="endpoint", daemon=True).start()

    def wait() -> str:
        is_read.wait()
        return lines[0]

    return wait


def _parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m pulumi_localaws.engine", description=__doc__)
    parser.add_argument("--dir", type=Path, required=True, help="folder of the Pulumi project")
    parser.add_argument("--stack", default="dev", help="name of the stack")
    parser.add_argument(
        "--endpoint", required=True, help="URL of the local AWS; - reads it from standard input"
    )
    parser.add_argument(
        "--config",
        action="append",
        default=[],
        metavar="KEY=JSON",
        help="config value; takes precedence over the stack's file",
    )
    parser.add_argument("--state", type=Path, help="file to write the undo steps to")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the engine's process, which exits with 0 if the deployment succeeded and with 1 otherwise."""
    options = _parse_arguments(argv)
    # The program can print to standard output: events use a copy of it, and the program's output goes to
    # standard error.
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
    overrides: dict[str, ConfigValue] = {}
    for pair in options.config:
        key, _, value = pair.partition("=")
        overrides[key] = json.loads(value)
    try:
        passphrase = read_passphrase(os.environ)
        for name in (*PASSPHRASE_VARIABLES, "AWS_REGION", "AWS_DEFAULT_REGION"):
            os.environ.pop(name, None)
        config = load_stack_config(
            options.dir.resolve(), options.stack, overrides=overrides, passphrase=passphrase
        )
        endpoint = (
            _read_in_background(sys.stdin) if options.endpoint == "-" else lambda: str(options.endpoint)
        )
        succeeded = run_program(config, endpoint=endpoint, state=options.state, emit=emit)
    except DeploymentError as error:
        emit({"event": "error", "message": str(error)})
        succeeded = False
    except KeyboardInterrupt:
        emit({"event": "error", "message": "The deployment was interrupted."})
        succeeded = False
    # Exit without waiting for the program's threads, such as those of gRPC.
    sys.stderr.flush()
    events.flush()
    os._exit(0 if succeeded else 1)
