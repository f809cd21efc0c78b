"""HTTP as the profile API speaks it: bodies in, answers out, one log line each."""

import base64
import binascii
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from aws_lambda_powertools.event_handler import Response
from botocore.exceptions import BotoCoreError, ClientError

from userprofiles.api.errors import ApiError
from userprofiles.api.profile_service import Document
from userprofiles.table.store import StoreBusyError, StoreError
from userprofiles.telemetry import Report, error_code

_JSON = "application/json"
# The answers are about one person: no cache on the way may keep them.
_HEADERS = {"Cache-Control": "no-store"}


def _default(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} is no JSON")


def to_json(document: Any) -> str:
    """Write an answer's body."""
    return json.dumps(document, default=_default, separators=(",", ":"))


def body_of(event: Mapping[str, Any]) -> bytes:
    """Return a request's body as it was sent.

    Raises:
        ApiError: 400; it isn't the base64 that the event says it is.
    """
    body = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(body).encode(errors="surrogatepass")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise ApiError(400, "invalid_json", "The body can't be read.") from None


def plain(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Response[Any]:
    """Make an answer."""
    return Response(
        status_code=status,
        content_type=_JSON,
        body=to_json(body),
        headers={**_HEADERS, **(headers or {})},
    )


def found(document: Document) -> Response[Any]:
    """Answer with a user."""
    return plain(200, document.body, {"ETag": document.etag})


def refused(error: ApiError) -> Response[Any]:
    """Answer with what is wrong about the request."""
    return plain(error.status, error.body(), {"WWW-Authenticate": "Bearer"} if error.status == 401 else None)  # noqa: PLR2004  (Unauthorized)


def failed(error: Exception, report: Report) -> Response[Any]:
    """Answer whatever was raised: the caller's mistakes by name, ours without telling what they are."""
    if isinstance(error, ApiError):
        return refused(error)
    code = error_code(error)
    if isinstance(error, StoreBusyError | ClientError | BotoCoreError | StoreError):
        report.error("AWS refused", metric="ApiUnavailable", error=code)
        busy = ApiError(503, "unavailable", "This is not possible at the moment: try again in a few seconds.")
        return plain(503, busy.body(), {"Retry-After": "2"})
    report.error("unexpected error", metric="ApiFailed", error=code)
    return plain(500, ApiError(500, "internal", "Something went wrong on our side.").body())


def tell(event: Any, answer: Mapping[str, Any], report: Report) -> None:
    """Write the one line about a request: its route as the API knows it, never what the caller typed."""
    route = event.get("routeKey", "") if isinstance(event, dict) else ""
    report.info("answered", route=route, status=answer.get("statusCode"))
