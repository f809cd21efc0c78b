"""Serve ministack on an open socket; a script for the emulator's own interpreter.

That interpreter may lack this package, so the script uses only ministack (with hypercorn) and the standard
library.
"""

import argparse
import asyncio
import contextlib
import os
import resource
import signal
import sys
import threading


def _exit_with_supervisor() -> None:
    """Wait until standard input ends, because the supervisor has ended; then kill all workers too."""
    while os.read(0, 1024):
        pass
    os.killpg(os.getpgrp(), signal.SIGKILL)


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--fd", type=int, required=True, help="the listening socket")
    parser.add_argument("--variable", required=True, help="variable for another interpreter, for messages")
    arguments = parser.parse_args()
    threading.Thread(target=_exit_with_supervisor, name="supervisor", daemon=True).start()
    # As ministack's own main does: the limit of 1,024 open files is too low for a burst of connections.
    with contextlib.suppress(ValueError, OSError):
        _, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard_limit, hard_limit))

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

    config = Config()
    config.bind = [f"fd://{arguments.fd}"]
    config.keep_alive_timeout = 75
    config.loglevel = os.environ.get("LOG_LEVEL", "INFO")
    asyncio.run(serve(app, config))


if __name__ == "__main__":
    # Python puts a script's folder first on the path, and ours has modules with common names.
    sys.path.pop(0)
    main()
