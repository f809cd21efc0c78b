"""HTTP requests and responses of the profile API, and one log line for each request."""

import base64
import binascii
import json
from collections.abc import Mapping
from decimal import Decimal
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response
from botocore.exceptions import BotoCoreError, ClientError

from userprofiles.api.errors import ApiError
from userprofiles.api.profile_service import ProfileDocument
from userprofiles.table.error_codes import INVALID_REQUEST_CODES
from userprofiles.table.store_errors import StoreError
from userprofiles.telemetry import Report, error_code

_JSON = "application/json"
# Responses contain personal data: no cache may store them.
_HEADERS = {"Cache-Control": "no-store"}


def _convert_to_json_type(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def to_json(document: Any) -> str:
    """Return the body of a response."""
    return json.dumps(document, default=_convert_to_json_type, separators=(",", ":"))


def read_body(event: Mapping[str, Any]) -> bytes:
    """Return the body of a request in its original form.

    Raises:
        ApiError: 400; the event marks the body as base64, but it isn't.
    """
    body = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(body).encode(errors="surrogatepass")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise ApiError(400, "invalid_json", "The body can't be decoded.") from None


def json_response(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Response[Any]:
    """Create a response."""
    return Response(
        status_code=status,
        content_type=_JSON,
        body=to_json(body),
        headers={**_HEADERS, **(headers or {})},
    )


def profile_response(document: ProfileDocument) -> Response[Any]:
    """Create the response with a user's account and profile."""
    return json_response(200, document.body, {"ETag": document.etag})


def error_response(error: ApiError) -> Response[Any]:
    """Create the response for an error of the request."""
    headers = {"WWW-Authenticate": "Bearer"} if error.status == HTTPStatus.UNAUTHORIZED else None
    return json_response(error.status, error.body(), headers)


def exception_response(error: Exception, report: Report) -> Response[Any]:
    """Create the response for any exception: details for an error of the request, none for our own errors."""
    if isinstance(error, ApiError):
        return error_response(error)
    code = error_code(error)
    is_unavailable = isinstance(error, StoreError | ClientError | BotoCoreError)
    if is_unavailable and code not in INVALID_REQUEST_CODES:
        report.error("a call to AWS failed", metric="ApiUnavailable", error=code)
        unavailable = ApiError(
            503, "unavailable", "The service is not available. Try again in a few seconds."
        )
        return json_response(unavailable.status, unavailable.body(), {"Retry-After": "2"})
    report.error("unexpected error", metric="ApiFailed", error=code)
    return error_response(ApiError(500, "internal", "An internal error occurred."))


def log_request(event: Any, response: Mapping[str, Any], report: Report) -> None:
    """Log a request: its route as the API defines it, never what the caller sent."""
    route = event.get("routeKey", "") if isinstance(event, dict) else ""
    report.info("request completed", route=route, status=response.get("statusCode"))
