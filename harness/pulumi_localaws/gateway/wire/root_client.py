"""The gateway's own calls to the emulator, signed as the account's root user."""

import json
import re
from typing import Any
from urllib.parse import quote, urlencode
from xml.etree import ElementTree as ET

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from pulumi_localaws.environment import ACCESS_KEY, SECRET_KEY
from pulumi_localaws.gateway.wire.errors import AwsError, parse_error
from pulumi_localaws.gateway.wire.http_messages import Request, Response, SendToEmulator

_JSON_TARGETS = {
    "cognito-idp": ("AWSCognitoIdentityProviderService", "1.1"),
    "dynamodb": ("DynamoDB_20120810", "1.0"),
    "kms": ("TrentService", "1.1"),
}
_QUERY_VERSIONS = {"iam": "2010-05-08", "sns": "2010-03-31"}


class RootClient:
    """Signs requests as root and sends them to the emulator.

    Args:
        send_to_emulator: Sends a request to the emulator.
        region: The region of calls that name none.
        host: The Host header to sign; the emulator accepts any.
    """

    def __init__(self, send_to_emulator: SendToEmulator, region: str, host: str = "127.0.0.1") -> None:
        self._send_to_emulator = send_to_emulator
        self._host = host
        self._credentials = Credentials(ACCESS_KEY, SECRET_KEY)
        self.region = region

    async def call_cognito(
        self, action: str, payload: dict[str, Any], region: str | None = None
    ) -> dict[str, Any]:
        """Call Cognito and return the parsed response.

        Raises:
            AwsError: The emulator returned an error.
        """
        pool_id = str(payload.get("UserPoolId") or "")
        if region is None and "_" in pool_id:
            region = pool_id.split("_", 1)[0]
        return _parse_document(await self.call_json("cognito-idp", action, payload, region))

    async def call_kms(self, action: str, payload: dict[str, Any], region: str) -> dict[str, Any]:
        """Call KMS and return the parsed response.

        Raises:
            AwsError: The emulator returned an error.
        """
        return _parse_document(await self.call_json("kms", action, payload, region))

    async def call_json(
        self, service: str, action: str, payload: dict[str, Any] | bytes, region: str | None = None
    ) -> Response:
        """Send a request of AWS's JSON protocol; a payload in bytes is sent unchanged."""
        prefix, version = _JSON_TARGETS[service]
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        headers = {
            "Content-Type": f"application/x-amz-json-{version}",
            "X-Amz-Target": f"{prefix}.{action}",
        }
        return await self.send(service, "POST", "/", headers=headers, body=body, region=region)

    async def call_query(self, service: str, action: str, parameters: dict[str, str]) -> ET.Element:
        """Send a request of AWS's query protocol and return the XML response.

        Raises:
            AwsError: The emulator returned an error, or something other than XML.
        """
        body = urlencode({"Action": action, "Version": _QUERY_VERSIONS[service], **parameters}).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
        response = await self.send(service, "POST", "/", headers=headers, body=body)
        if response.is_error:
            raise AwsError(
                "ServiceException", f"{service} {action} returned {response.status}", response.status
            )
        try:
            return ET.fromstring(response.body)  # noqa: S314 - the emulator's own response, on loopback
        except ET.ParseError as error:
            raise AwsError(
                "ServiceException", f"{service} {action} did not return XML: {error}", 502
            ) from error

    async def call_rest(
        self,
        service: str,
        method: str,
        path: str,
        *,
        payload: dict[str, Any] | bytes | None = None,
        query: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        region: str | None = None,
    ) -> Response:
        """Send a REST request (Lambda, API Gateway); the path must be encoded."""
        target = path + ("?" + urlencode(query, quote_via=quote) if query else "")
        body = (
            payload
            if isinstance(payload, bytes)
            else b""
            if payload is None
            else json.dumps(payload).encode()
        )
        all_headers = {**({"Content-Type": "application/json"} if body else {}), **(headers or {})}
        return await self.send(service, method, target, headers=all_headers, body=body, region=region)

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
        signed_headers = [("Host", self._host), *((str(k), str(v)) for k, v in request.headers.items())]
        if body or method in {"POST", "PUT", "PATCH"}:
            signed_headers.append(("Content-Length", str(len(body))))
        return await self._send_to_emulator(
            Request(method=method, target=target, headers=tuple(signed_headers), body=body)
        )


def _parse_document(response: Response) -> dict[str, Any]:
    if response.is_error:
        code, message = parse_error(response)
        raise AwsError(code or "InternalErrorException", message, response.status)
    document = response.json() if response.body else {}
    return document if isinstance(document, dict) else {}


def parse_signed_region(request: Request) -> str:
    """Return the region in the credential scope of a request's signature, or an empty string."""
    scope = re.search(r"Credential=[^/,]+/\d+/([a-z0-9-]+)/", request.header("authorization"))
    return scope[1] if scope else ""
