"""Serves ministack on a socket that is open already; run as a script by the emulator's own interpreter.

It need not have this package: only ministack (with hypercorn) and the standard library are used here.
"""

import argparse
import asyncio
import contextlib
import os
import resource
import signal
import sys
import threading


def _end_with_keeper() -> None:
    """Wait until standard input ends, which says that the keeper is gone; then end with all workers."""
    while os.read(0, 1024):
        pass
    os.killpg(os.getpgrp(), signal.SIGKILL)


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--fd", type=int, required=True, help="the listening socket")
    parser.add_argument("--variable", required=True, help="what names another interpreter, for messages")
    arguments = parser.parse_args()
    threading.Thread(target=_end_with_keeper, name="keeper", daemon=True).start()
    # As ministack's own main does: a burst of connections must not end at 1,024.
    with contextlib.suppress(ValueError, OSError):
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    # Late: they take most of the start, and the thread above has to be there first.
    try:
        from hypercorn.asyncio import serve  # noqa: PLC0415
        from hypercorn.config import Config  # noqa: PLC0415
        from ministack.app import app  # noqa: PLC0415
    except ModuleNotFoundError as error:
        sys.exit(
            f"{sys.executable} is to run the emulator and has no module {error.name!r}. Install ministack "
            f"there (the extra `testing` does), or name an interpreter that has it by {arguments.variable}"
        )

    config = Config()
    config.bind = [f"fd://{arguments.fd}"]
    config.keep_alive_timeout = 75
    config.loglevel = os.environ.get("LOG_LEVEL", "INFO")
    asyncio.run(serve(app, config))


if __name__ == "__main__":
    # A script's own folder comes first on the path, and ours has modules with everyday names.
    sys.path.pop(0)
    main()
