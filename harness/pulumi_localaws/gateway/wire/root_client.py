"""The gateway's own calls of the emulator, signed as its root user."""

import json
import re
from typing import Any
from urllib.parse import quote, urlencode
from xml.etree import ElementTree as ET

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from pulumi_localaws.environment import ACCESS_KEY, SECRET_KEY
from pulumi_localaws.gateway.wire.errors import AwsError, error_parts
from pulumi_localaws.gateway.wire.http_messages import Request, Response, SendToEmulator

_JSON_TARGETS = {
    "cognito-idp": ("AWSCognitoIdentityProviderService", "1.1"),
    "dynamodb": ("DynamoDB_20120810", "1.0"),
}
_QUERY_VERSIONS = {"iam": "2010-05-08", "sns": "2010-03-31"}


class RootClient:
    """Signs and sends requests as the emulator's root.

    Args:
        upstream: Sends a request to the emulator.
        region: The region where a call names no other.
        host: The Host header to sign; the emulator takes any.
    """

    def __init__(self, upstream: SendToEmulator, region: str, host: str = "127.0.0.1") -> None:
        self._upstream = upstream
        self._host = host
        self._credentials = Credentials(ACCESS_KEY, SECRET_KEY)
        self.region = region

    async def cognito(
        self, action: str, payload: dict[str, Any], region: str | None = None
    ) -> dict[str, Any]:
        """Call Cognito and return its answer.

        Raises:
            AwsError: The emulator refused.
        """
        pool_id = str(payload.get("UserPoolId") or "")
        if region is None and "_" in pool_id:
            region = pool_id.split("_", 1)[0]
        return _checked(await self.json("cognito-idp", action, payload, region))

    async def json(
        self, service: str, action: str, payload: dict[str, Any] | bytes, region: str | None = None
    ) -> Response:
        """Send a request of AWS's JSON protocol; a body in bytes goes as it stands."""
        prefix, version = _JSON_TARGETS[service]
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        headers = {
            "Content-Type": f"application/x-amz-json-{version}",
            "X-Amz-Target": f"{prefix}.{action}",
        }
        return await self.send(service, "POST", "/", headers=headers, body=body, region=region)

    async def query(self, service: str, action: str, params: dict[str, str]) -> ET.Element:
        """Send a request of AWS's query protocol and return the XML answer.

        Raises:
            AwsError: The emulator refused, or answered no XML.
        """
        body = urlencode({"Action": action, "Version": _QUERY_VERSIONS[service], **params}).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
        response = await self.send(service, "POST", "/", headers=headers, body=body)
        if response.is_error:
            raise AwsError(
                "ServiceException", f"{service} {action} answered {response.status}", response.status
            )
        try:
            return ET.fromstring(response.body)  # noqa: S314 - the emulator's own answer, on loopback
        except ET.ParseError as error:
            raise AwsError("ServiceException", f"{service} {action} answered no XML: {error}", 502) from error

    async def rest(
        self,
        service: str,
        method: str,
        path: str,
        *,
        payload: dict[str, Any] | bytes | None = None,
        query: dict[str, str] | None = None,
        region: str | None = None,
    ) -> Response:
        """Send a REST request (Lambda, API Gateway); the path comes encoded."""
        target = path + ("?" + urlencode(query, quote_via=quote) if query else "")
        body = (
            payload
            if isinstance(payload, bytes)
            else b""
            if payload is None
            else json.dumps(payload).encode()
        )
        headers = {"Content-Type": "application/json"} if body else {}
        return await self.send(service, method, target, headers=headers, body=body, region=region)

    async def send(
        self,
        service: str,
        method: str,
        target: str,
        *,
        headers: dict[str, str],
        body: bytes,
        region: str | None = None,
    ) -> Response:
        """Sign a request and send it."""
        request = AWSRequest(method=method, url=f"http://{self._host}{target}", data=body, headers=headers)
        SigV4Auth(self._credentials, service, region or self.region).add_auth(request)
        signed = [("Host", self._host), *((str(k), str(v)) for k, v in request.headers.items())]
        if body or method in {"POST", "PUT", "PATCH"}:
            signed.append(("Content-Length", str(len(body))))
        return await self._upstream(Request(method=method, target=target, headers=tuple(signed), body=body))


def _checked(response: Response) -> dict[str, Any]:
    if response.is_error:
        code, message = error_parts(response)
        raise AwsError(code or "InternalErrorException", message, response.status)
    document = response.json() if response.body else {}
    return document if isinstance(document, dict) else {}


def signed_region(request: Request) -> str:
    """Return the region in the scope of a request's signature, or an empty string."""
    scope = re.search(r"Credential=[^/,]+/\d+/([a-z0-9-]+)/", request.header("authorization"))
    return scope[1] if scope else ""
