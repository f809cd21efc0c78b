"""LocalStack's own paths, below ``/_localstack/`` and ``/_aws/``, for tools and tests that use them.

The forms: LocalStack documentation, "Internal Endpoints", and the OpenAPI document of LocalStack's REST API.
A path that is not here is the emulator's.
"""

import json
import platform
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlencode

from pulumi_localaws.gateway.localstack_inboxes import (
    describe_emails,
    describe_queue_messages,
    parse_queue_url,
    to_query_document,
    to_xml,
)
from pulumi_localaws.gateway.wire.errors import CORS_HEADERS, AwsError, json_response
from pulumi_localaws.gateway.wire.http_messages import Request, Response, SendToEmulator
from pulumi_localaws.gateway.wire.root_client import parse_signed_region

_HEALTH_PATH = "/_localstack/health"
_INFO_PATH = "/_localstack/info"
_INIT_PATH = "/_localstack/init"
_RESET_PATH = "/_localstack/state/reset"
_EMAILS_PATH = "/_aws/ses"
_QUEUE_MESSAGES_PATH = "/_aws/sqs/messages"
_TEXT_MESSAGES_PATH = "/_aws/sns/sms-messages"

_EMULATOR_QUEUE_MESSAGES = "/_ministack/sqs/messages"
_EMULATOR_TEXT_MESSAGES = "/_ministack/sns/sms-messages"
_INIT_STAGES = ("BOOT", "START", "READY", "SHUTDOWN")
_NAMES = (_HEALTH_PATH, _INFO_PATH, _INIT_PATH, _RESET_PATH)
_JSON = "application/json"
_SQS_JSON = "application/x-amz-json-1.0"
_TRUE_VALUES = ("true", "1")

ReadEmails = Callable[[], Awaitable[list[dict[str, Any]]]]
DeleteEmail = Callable[[str], None]


def is_localstack_request(request: Request) -> bool:
    """Return whether a request is for one of LocalStack's paths that the gateway serves."""
    path = request.target.partition("?")[0]
    if path.startswith("/_localstack/"):
        return path not in {_HEALTH_PATH, _RESET_PATH}
    return path in {_EMAILS_PATH, _TEXT_MESSAGES_PATH} or (path + "/").startswith(_QUEUE_MESSAGES_PATH + "/")


class LocalStackPaths:
    """Serves LocalStack's paths.

    Args:
        send_to_emulator: Sends a request to the emulator.
        region: The region of requests without one.
        read_emails: Reads the e-mails in the emulator's form.
        delete_email: Deletes the e-mail with an ID.
    """

    def __init__(
        self,
        send_to_emulator: SendToEmulator,
        *,
        region: str,
        read_emails: ReadEmails,
        delete_email: DeleteEmail,
    ) -> None:
        self._send_to_emulator = send_to_emulator
        self._region = region
        self._read_emails = read_emails
        self._delete_email = delete_email
        self._session_id = str(uuid.uuid4())
        self._started_at = time.monotonic()

    async def handle(self, request: Request) -> Response:
        """Return the response to a request for one of the paths."""
        path, _, query = request.target.partition("?")
        parameters = {name: values[0] for name, values in parse_qs(query).items()}
        try:
            return await self._handle_path(request, path, parameters)
        except AwsError as error:
            return error.to_response(_JSON)

    async def _handle_path(self, request: Request, path: str, parameters: dict[str, str]) -> Response:
        if path == _EMAILS_PATH:
            return await self._serve_emails(request.method, parameters)
        if path == _TEXT_MESSAGES_PATH:
            return await self._list_text_messages(request, parameters)
        if (path + "/").startswith(_QUEUE_MESSAGES_PATH + "/"):
            return await self._list_queue_messages(request, path, parameters)
        _require_method(request, path, "GET")
        if path == _INFO_PATH:
            return json_response(await self._describe_session(), content_type=_JSON)
        if path == _INIT_PATH or path.removeprefix(_INIT_PATH + "/").upper() in _INIT_STAGES:
            return json_response(_describe_init(path), content_type=_JSON)
        raise AwsError(
            "NotFound",
            f"pulumi-localaws: {path[:200]} does not exist here. Of LocalStack's paths, these exist:"
            f" {', '.join(_NAMES)}, {_EMAILS_PATH}, {_QUEUE_MESSAGES_PATH}, {_TEXT_MESSAGES_PATH}.",
            HTTPStatus.NOT_FOUND,
        )

    async def _describe_session(self) -> dict[str, Any]:
        response = await self._send_to_emulator(Request("GET", _HEALTH_PATH, (("Host", "127.0.0.1"),)))
        health = response.json() if response.status == HTTPStatus.OK else {}
        return {
            "version": str(health.get("version") or "unknown"),
            "edition": str(health.get("edition") or "community"),
            "is_license_activated": False,
            "session_id": self._session_id,
            "machine_id": "pulumi-localaws",
            "system": platform.system().lower(),
            "is_docker": False,
            "server_time_utc": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
            "uptime": int(time.monotonic() - self._started_at),
        }

    async def _serve_emails(self, method: str, parameters: Mapping[str, str]) -> Response:
        message_id = parameters.get("id", "")
        emails = await self._read_emails()
        if method == "GET":
            messages = describe_emails(
                emails, region=self._region, message_id=message_id, source=parameters.get("email", "")
            )
            return json_response({"messages": messages}, content_type=_JSON)
        if method == "DELETE":
            for email in describe_emails(emails, region=self._region, message_id=message_id, source=""):
                self._delete_email(email["Id"])
            return Response(HTTPStatus.NO_CONTENT, CORS_HEADERS)
        raise _wrong_method(method, _EMAILS_PATH, "GET, DELETE")

    async def _list_text_messages(self, request: Request, parameters: Mapping[str, str]) -> Response:
        _require_method(request, _TEXT_MESSAGES_PATH, "GET")
        names = {"accountId": "account", "region": "region", "phoneNumber": "phoneNumber"}
        query = urlencode({names[name]: value for name, value in parameters.items() if name in names})
        return await self._send_to_emulator(
            replace(request, target=f"{_EMULATOR_TEXT_MESSAGES}?{query}", body=b"")
        )

    async def _list_queue_messages(self, request: Request, path: str, parameters: dict[str, str]) -> Response:
        uses_json_protocol = request.header("content-type").startswith(_SQS_JSON)
        parameters = parameters | _parse_parameters(request)
        try:
            region, account, name = _find_queue(path, parameters.get("QueueUrl", ""))
            messages = await self._read_queue(region or parse_signed_region(request), account, name)
        except ValueError as error:
            return _reject_queue(str(error), uses_json_protocol=uses_json_protocol)
        described_messages = describe_queue_messages(
            messages,
            shows_invisible=parameters.get("ShowInvisible", "").lower() in _TRUE_VALUES,
            shows_delayed=parameters.get("ShowDelayed", "").lower() in _TRUE_VALUES,
        )
        if uses_json_protocol:
            return json_response({"Messages": described_messages}, content_type=_SQS_JSON)
        document = to_query_document(described_messages)
        if request.header("accept").startswith(_JSON):
            return json_response(document, content_type=_JSON)
        return Response(200, (("Content-Type", "text/xml"), *CORS_HEADERS), to_xml(document))

    async def _read_queue(self, region: str, account: str, name: str) -> list[dict[str, Any]]:
        """Return the messages of a queue in the emulator's form.

        Raises:
            ValueError: The queue does not exist.
        """
        url = f"http://127.0.0.1/{account}/{name}"
        query = {"account": account, "QueueUrl": url} | ({"region": region} if region else {})
        response = await self._send_to_emulator(
            Request("GET", f"{_EMULATOR_QUEUE_MESSAGES}?{urlencode(query)}", (("Host", "127.0.0.1"),))
        )
        queues = response.json().get("messages", {}).get(account, {})
        for queue_region in sorted(queues, key=lambda key: key != self._region):
            for messages in queues[queue_region].values():
                return list(messages)
        place = f"the region {region}" if region else "any region"
        raise ValueError(f"The specified queue does not exist: {name} in {place} and the account {account}.")


def _find_queue(path: str, url: str) -> tuple[str, str, str]:
    """Return region, account and name of the queue that the path or the parameter QueueUrl names."""
    segments = path.removeprefix(_QUEUE_MESSAGES_PATH).strip("/").split("/")
    if len(segments) == 3:  # noqa: PLR2004 - region, account and name
        return segments[0], segments[1], segments[2]
    return parse_queue_url(url)


def _parse_parameters(request: Request) -> dict[str, str]:
    """Return the parameters in the body of a ReceiveMessage call, which a client sent to this path."""
    if request.header("content-type").startswith(_SQS_JSON):
        try:
            document = json.loads(request.body or b"{}")
        except ValueError:
            return {}
        return {k: str(v) for k, v in document.items()} if isinstance(document, dict) else {}
    return {name: values[0] for name, values in parse_qs(request.body.decode(errors="replace")).items()}


def _describe_init(path: str) -> dict[str, Any]:
    """Return the state of init scripts, which do not exist here: a start is complete without them."""
    stage = path.removeprefix(_INIT_PATH).strip("/").upper()
    if stage:
        return {"stage": stage, "completed": stage != "SHUTDOWN", "scripts": []}
    return {"completed": {stage: stage != "SHUTDOWN" for stage in _INIT_STAGES}, "scripts": []}


def _reject_queue(message: str, *, uses_json_protocol: bool) -> Response:
    code = "AWS.SimpleQueueService.NonExistentQueue"
    if uses_json_protocol:
        return AwsError("com.amazonaws.sqs#QueueDoesNotExist", message).to_response(_SQS_JSON)
    error = {"Type": "Sender", "Code": code, "Message": message}
    document = {"ErrorResponse": {"Error": error, "RequestId": str(uuid.uuid4())}}
    return Response(HTTPStatus.BAD_REQUEST, (("Content-Type", "text/xml"), *CORS_HEADERS), to_xml(document))


def _require_method(request: Request, path: str, method: str) -> None:
    if request.method not in {method, "OPTIONS"}:
        raise _wrong_method(request.method, path, method)


def _wrong_method(method: str, path: str, allowed: str) -> AwsError:
    return AwsError(
        "MethodNotAllowed",
        f"pulumi-localaws: {method} is not allowed for {path}. Allowed: {allowed}.",
        HTTPStatus.METHOD_NOT_ALLOWED,
    )
