"""The gateway's process: ``python -m pulumi_localaws.gateway --fd N --upstream URL --endpoint URL``."""

import argparse
import asyncio
import logging
import os
import socket

from aiohttp import web

from pulumi_localaws.gateway.server import Gateway, application

# Presigned URLs and tokens are long; the emulator takes up to 64 KiB.
_LONGEST_LINE = 1 << 16


async def serve(listener: socket.socket, gateway: Gateway, until: "asyncio.Event") -> None:
    """Serve the gateway on a socket that is open already, until the event is set."""
    runner = web.AppRunner(
        application(gateway),
        access_log=None,
        auto_decompress=False,  # a body passes as it is
        max_line_size=_LONGEST_LINE,
        max_field_size=_LONGEST_LINE,
        handle_signals=False,
        shutdown_timeout=1.0,
    )
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        await until.wait()
    finally:
        await runner.cleanup()


async def main() -> None:
    """Serve until standard input ends: then the process that keeps this one is gone."""
    parser = argparse.ArgumentParser(prog="python -m pulumi_localaws.gateway")
    parser.add_argument("--fd", type=int, required=True, help="the listening socket")
    parser.add_argument("--upstream", required=True, help="the emulator's URL")
    parser.add_argument("--endpoint", required=True, help="the gateway's own public URL")
    parser.add_argument("--region", required=True, help="the region of the gateway's own calls")
    parser.add_argument("--account-id", required=True, help="the emulator's account")
    parser.add_argument("--allow-origin", action="append", default=[], help="of a web page that may call")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s gateway %(levelname)s %(name)s %(message)s")

    until = asyncio.Event()

    def read() -> None:
        if not os.read(0, 1024):
            until.set()
            asyncio.get_running_loop().remove_reader(0)

    asyncio.get_running_loop().add_reader(0, read)
    gateway = Gateway(
        upstream_url=arguments.upstream,
        endpoint=arguments.endpoint,
        region=arguments.region,
        account_id=arguments.account_id,
        allow_origins=arguments.allow_origin,
    )
    await serve(socket.socket(fileno=arguments.fd), gateway, until)


if __name__ == "__main__":
    asyncio.run(main())
