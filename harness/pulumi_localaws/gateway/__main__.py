"""Run the gateway: ``python -m pulumi_localaws.gateway --fd N --upstream URL --endpoint URL``."""

import argparse
import asyncio
import gc
import logging
import os
import socket

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from pulumi_localaws.gateway.server import Gateway, create_application

# Presigned URLs and tokens are long. The emulator accepts up to 64 KiB.
_MAX_LINE_BYTES = 1 << 16


class InvalidRequestFilter(logging.Filter):
    """Shortens aiohttp's report of a request that is not valid HTTP to one line without the request."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record; return True, because every record is logged."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError | ConnectionError):
            record.msg, record.args = "a request was not completed: %s", (type(error).__name__,)
            record.levelno, record.levelname = logging.INFO, "INFO"
            record.exc_info = record.exc_text = None
        return True


async def serve(listener: socket.socket, gateway: Gateway, stop: "asyncio.Event") -> None:
    """Serve the gateway on a listening socket until the stop event is set."""
    runner = web.AppRunner(
        create_application(gateway),
        access_log=None,
        auto_decompress=False,  # bodies are forwarded unchanged
        max_line_size=_MAX_LINE_BYTES,
        max_field_size=_MAX_LINE_BYTES,
        handle_signals=False,
        shutdown_timeout=1.0,
    )
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        await stop.wait()
    finally:
        await runner.cleanup()


async def main() -> None:
    """Serve until standard input is closed, which shows that the supervisor has ended.

    Its first line is the header that the emulator requires.
    """
    parser = argparse.ArgumentParser(prog="python -m pulumi_localaws.gateway")
    parser.add_argument("--fd", type=int, required=True, help="file descriptor of the listening socket")
    parser.add_argument("--upstream", required=True, help="URL of the emulator")
    parser.add_argument("--endpoint", required=True, help="public URL of the gateway")
    parser.add_argument("--region", required=True, help="region of the gateway's own calls")
    parser.add_argument("--account-id", required=True, help="account ID of the emulator")
    parser.add_argument("--allow-origin", action="append", default=[], help="allowed web origin (repeatable)")
    parser.add_argument(
        "--function-seconds", type=float, help="time limit of each function, instead of the limits of AWS"
    )
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s gateway %(levelname)s %(name)s %(message)s")
    logging.getLogger("aiohttp.server").addFilter(InvalidRequestFilter())

    emulator_header = os.read(0, 1024).decode().strip()  # the supervisor writes one line and nothing else
    if not emulator_header:
        return
    stop = asyncio.Event()

    def stop_at_end_of_input() -> None:
        if not os.read(0, 1024):
            stop.set()
            asyncio.get_running_loop().remove_reader(0)

    asyncio.get_running_loop().add_reader(0, stop_at_end_of_input)
    gateway = Gateway(
        emulator_url=arguments.upstream,
        emulator_header=emulator_header,
        endpoint=arguments.endpoint,
        region=arguments.region,
        account_id=arguments.account_id,
        allow_origins=arguments.allow_origin,
        function_seconds=arguments.function_seconds,
    )
    await serve(socket.socket(fileno=arguments.fd), gateway, stop)


if __name__ == "__main__":
    gc.freeze()  # later collections do not visit the imported modules again
    asyncio.run(main())
