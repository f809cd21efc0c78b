"""Serve ministack on an open socket; a script for the emulator's own interpreter.

That interpreter may lack this package, so the script uses only ministack (with hypercorn), the standard
library and the modules beside it.
"""

import argparse
import asyncio
import contextlib
import functools
import gc
import hmac
import importlib.util
import json
import os
import re
import resource
import secrets
import signal
import sys
import threading
import types
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

# The emulator's threads search dictionaries that other threads change. With Python's default of 5 ms, up to 8
# percent of the sign-ups of 32 concurrent clients fail: "dictionary changed size during iteration". A thread
# still gives way whenever it waits for something, and a search takes milliseconds.
_SWITCH_INTERVAL_SECONDS = 1.0

# The server's secret number in a sign-in by SRP. RFC 5054 requires 256 bits; with the emulator's 3,072, each
# sign-in takes 0.02 seconds longer.
_SRP_SECRET_LIMIT = 1 << 256

# The emulator looks for due schedules and scheduled rules every 10 seconds by default.
_SCHEDULE_SECONDS = 1

_App = Callable[[Any, Any, Any], Awaitable[None]]


def _require_header(app: _App, header_line: bytes) -> _App:
    """Wrap an ASGI application: reject every request without a header, and remove the header from the others.

    The header is removed so that it reaches neither a log nor the event of a function.

    Args:
        app: The application.
        header_line: Name and secret value, ``Name: value``.
    """
    required_name, _, required_value = header_line.strip().partition(b": ")

    async def guard(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await app(scope, receive, send)
            return
        values = [value for name, value in scope["headers"] if name == required_name.lower()]
        if len(values) == 1 and hmac.compare_digest(values[0], required_value):
            headers = [(name, value) for name, value in scope["headers"] if name != required_name.lower()]
            await app({**scope, "headers": headers}, receive, send)
        elif scope["type"] == "http":
            await _reject(send)
        else:
            await send({"type": "websocket.close"})  # before it is accepted: the response is 403

    return guard


async def _reject(send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
    """Send 403 without CORS headers, so that a web page can't read the response."""
    message = (
        "pulumi-localaws: this port accepts only requests from the gateway."
        f" Call {os.environ.get('AWS_ENDPOINT_URL')} instead."
    )
    body = json.dumps({"__type": "AccessDenied", "message": message}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _exit_with_supervisor() -> None:
    """Wait until standard input ends, because the supervisor has ended; then kill all workers too."""
    while os.read(0, 1024):
        pass
    os.killpg(os.getpgrp(), signal.SIGKILL)


@functools.cache
def _load_module(name: str) -> Any:
    """Load a module beside this script, which is not on the path; each only once."""
    path = Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        sys.exit(f"{path} can't be loaded")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _shorten_schedule_interval() -> None:
    """Let schedules and scheduled rules fire within a second of their time."""
    from ministack.services import eventbridge, scheduler  # noqa: PLC0415

    scheduler._SCHEDULE_TICK_INTERVAL = _SCHEDULE_SECONDS  # noqa: SLF001 - the emulator's version is pinned
    eventbridge._SCHEDULER_TICK_INTERVAL = _SCHEDULE_SECONDS  # noqa: SLF001 - as above


def _speed_up_srp() -> None:
    """Let the emulator draw a smaller secret number for each sign-in by SRP."""
    from ministack.services import cognito  # noqa: PLC0415

    def draw_below(limit: int) -> int:
        return secrets.randbelow(min(limit, _SRP_SECRET_LIMIT))

    cognito.secrets = types.SimpleNamespace(**{**vars(secrets), "randbelow": draw_below})


def _delete_blank_attributes() -> None:
    """Let a blank value delete an attribute (Cognito API Reference, "AdminUpdateUserAttributes")."""
    from ministack.services import cognito  # noqa: PLC0415

    merge = cognito._merge_attributes  # noqa: SLF001 - the emulator's version is pinned

    def merge_without_blank(existing: list[dict[str, str]], updates: list[dict[str, str]]) -> Any:
        return [attribute for attribute in merge(existing, updates) if attribute["Value"] != ""]

    cognito._merge_attributes = merge_without_blank  # noqa: SLF001 - as above


def _match_line_breaks_in_paths() -> None:
    """Let a path parameter match a line break, which a client sends as ``%0A``."""
    from ministack.services import apigateway  # noqa: PLC0415

    def fullmatch(pattern: str, text: str) -> re.Match[str] | None:
        return re.fullmatch(pattern, text, re.DOTALL)

    apigateway.re = types.SimpleNamespace(**{**vars(re), "fullmatch": fullmatch})


def _change_services() -> None:
    """Change the emulator's services where they differ from AWS."""
    _load_module("cognito_forms").apply_cognito_forms()
    _load_module("password_history").enforce_password_history()
    _load_module("cognito_sign_in").check_sign_ins(_load_module)
    _load_module("cognito_answers").form_answers_as_aws()
    _load_module("embedded_metrics").publish_metrics_of_logs()
    _shorten_schedule_interval()
    _speed_up_srp()
    _load_module("fast_power").speed_up_sign_in()
    _delete_blank_attributes()
    _match_line_breaks_in_paths()
    _load_module("shared_code").share_code_of_workers()
    _load_module("function_output").log_all_output()
    _load_module("text_messages").record_times()
    _load_module("client_details").add_missing_details()
    replace_in_function = _load_module("source_patch").replace_in_function
    _load_module("state_machines").run_as_aws(replace_in_function)
    _load_module("stream_retries").retry_as_aws(replace_in_function)
    _load_module("sender_grants").check_grants()
    _load_module("worker_exits").name_exits_as_aws()
    _load_module("python_runtime").report_errors_as_aws()
    _load_module("iam_texts").escape_descriptions_and_tags()
    _load_module("emulator_permissions").name_actions_and_resources_as_aws()
    _load_module("function_reports").report_as_aws()
    if debug_folder := os.environ.pop("PULUMI_LOCALAWS_DEBUG_FOLDER", ""):
        _load_module("function_debugging").debug_functions(debug_folder)


def _change_emulator(app: Any) -> Any:
    """Replace functions of the emulator, and return the application to serve."""
    import_jobs = _load_module("cognito_actions").add_missing_actions(_load_module)
    _change_services()
    worker_queue = _load_module("worker_queue")
    served_app = worker_queue.answer_waits(app, worker_queue.wait_for_workers())
    served_app = import_jobs.answer_uploads(served_app)
    return _load_module("data_baseline").serve_baseline(served_app)


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--fd", type=int, required=True, help="the listening socket")
    parser.add_argument("--variable", required=True, help="variable for another interpreter, for messages")
    arguments = parser.parse_args()
    header_line = os.read(0, 1024)  # the supervisor writes one line and nothing else
    threading.Thread(target=_exit_with_supervisor, name="supervisor", daemon=True).start()
    sys.setswitchinterval(_SWITCH_INTERVAL_SECONDS)
    # As ministack's own main does: the limit of 1,024 open files is too low for a burst of connections.
    with contextlib.suppress(ValueError, OSError):
        _, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard_limit, hard_limit))

    gc.disable()  # until the imports are done: they create many objects, and no garbage
    # Imported late: they take most of the start, and the thread above must run first.
    try:
        from hypercorn.asyncio import serve  # noqa: PLC0415
        from hypercorn.config import Config  # noqa: PLC0415
        from ministack.app import app  # noqa: PLC0415
    except ModuleNotFoundError as error:
        sys.exit(
            f"the emulator's Python {sys.executable} has no module {error.name!r}. Install ministack there"
            f" (the extra `testing` includes it), or set {arguments.variable} to an interpreter that has it"
        )

    served_app = _change_emulator(app)
    gc.freeze()  # later collections do not visit the imported modules again
    gc.enable()
    config = Config()
    config.bind = [f"fd://{arguments.fd}"]
    config.keep_alive_timeout = 75
    config.loglevel = os.environ.get("LOG_LEVEL", "INFO")
    asyncio.run(serve(_require_header(served_app, header_line), config))


if __name__ == "__main__":
    # Python puts a script's folder first on the path, and ours has modules with common names.
    sys.path.pop(0)
    main()
