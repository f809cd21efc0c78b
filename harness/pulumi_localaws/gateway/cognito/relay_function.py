"""A function in the emulator whose invocations the emulator forwards to the gateway by HTTP.

If a function has the environment variable ``MINISTACK_LAMBDA_PROXY_URL``, the emulator posts its events to
that address and never runs its code.
"""

import base64
import io
import json
import secrets
import zipfile
from http import HTTPStatus
from typing import Any

from pulumi_localaws.gateway.cognito.pool_models import UserPool
from pulumi_localaws.gateway.wire.errors import AwsError, json_response
from pulumi_localaws.gateway.wire.http_messages import Request, Response
from pulumi_localaws.gateway.wire.root_client import RootClient

_TIMEOUT_SECONDS = 60  # longer than three calls of five seconds each


class RelayFunction:
    """Creates a relay function and recognizes its invocations.

    Args:
        name: The function's name.
        path: The gateway's path for its invocations, with a slash at the end.
        root_client: Creates the function.
        endpoint: The gateway's URL.
    """

    def __init__(self, name: str, path: str, root_client: RootClient, endpoint: str) -> None:
        self._name = name
        self._root_client = root_client
        # The token prevents other local processes from calling the relay as if they were the emulator.
        self._target = path + secrets.token_urlsafe(18)
        self._url = endpoint + self._target
        self._regions: set[str] = set()

    def clear(self) -> None:
        """Forget the created functions after a reset of the emulator."""
        self._regions.clear()

    def arn(self, pool: UserPool) -> str:
        """Return the ARN of the function in a pool's region."""
        return f"arn:aws:lambda:{pool.region}:{pool.account_id}:function:{self._name}"

    def is_invocation(self, request: Request) -> bool:
        """Return whether a request is an invocation by the emulator."""
        return secrets.compare_digest(request.target.encode(), self._target.encode())

    async def create(self, region: str) -> None:
        """Create the function in a region, if it does not exist yet.

        Raises:
            AwsError: The emulator rejected the function.
        """
        if region in self._regions:
            return
        response = await self._root_client.call_rest(
            "lambda",
            "POST",
            "/2015-03-31/functions",
            payload={
                "FunctionName": self._name,
                "Description": "The local gateway handles its invocations; its code never runs",
                "Runtime": "python3.13",
                "Handler": "relay.handler",
                "Role": "",  # the code never runs, so it needs no permissions
                "Timeout": _TIMEOUT_SECONDS,
                "Code": {"ZipFile": base64.b64encode(_zip_relay()).decode()},
                "Environment": {"Variables": {"MINISTACK_LAMBDA_PROXY_URL": self._url}},
            },
            region=region,
        )
        if response.status not in {HTTPStatus.CREATED, HTTPStatus.CONFLICT}:
            text = response.body.decode("utf-8", "replace")
            raise AwsError("InternalErrorException", f"{self._name} could not be created: {text}", 500)
        self._regions.add(region)


def parse_event(request: Request) -> dict[str, Any]:
    """Return the event of a relay function's invocation, or {} if it is not a JSON object."""
    try:
        document = json.loads(request.body or b"{}")
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def relay_response(document: dict[str, Any], status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Return the result of a relay function; any status except 2xx is an error of the function."""
    return json_response(document, status=status, content_type="application/json")


def _zip_relay() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("relay.py", "def handler(event, context):\n    raise RuntimeError('not reached')\n")
    return buffer.getvalue()
