"""HTTP requests and responses of the profile API, and one log line for each request."""

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
from userprofiles.template import Template

_JSON = "application/json"
_PROBLEM = "application/problem+json"
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


def json_response(
    status: int, body: Any, headers: Mapping[str, str] | None = None, content_type: str = _JSON
) -> Response[Any]:
    """Create a response."""
    return text_response(status, to_json(body), headers, content_type)


def text_response(
    status: int, text: str, headers: Mapping[str, str] | None = None, content_type: str = _JSON
) -> Response[Any]:
    """Create a response from the text of its body."""
    return Response(
        status_code=status,
        content_type=content_type,
        body=text,
        headers={**_HEADERS, **(headers or {})},
    )


def profile_response(document: ProfileDocument, if_none_match: str | None = None) -> Response[Any]:
    """Create the response with a user's account and profile.

    Args:
        document: The account and profile.
        if_none_match: The If-None-Match header of the request: 304 if it contains the document's tag.
    """
    headers = {"ETag": document.etag}
    if if_none_match is not None and _contains_tag(if_none_match, document.etag):
        return Response(status_code=304, body="", headers={**_HEADERS, **headers})
    return json_response(200, document.body, headers)


def _contains_tag(if_none_match: str, etag: str) -> bool:
    """Compare weakly, as RFC 9110 requires for If-None-Match: `W/` makes no difference."""
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in tags or etag in tags


def redirect_response(url: str) -> Response[Any]:
    """Create the response that sends a client to another URL. No cache stores it: the URL expires."""
    return Response(status_code=302, body="", headers={**_HEADERS, "Location": url})


def error_response(error: ApiError, headers: Mapping[str, str] | None = None) -> Response[Any]:
    """Create the response for an error of the request."""
    challenge = {"WWW-Authenticate": "Bearer"} if error.status == HTTPStatus.UNAUTHORIZED else {}
    return json_response(error.status, error.body(), {**challenge, **(headers or {})}, _PROBLEM)


def openapi_response(
    template: Template, *, has_phone_sign_in: bool = False, has_social: bool = False
) -> Response[Any]:
    """Create the response with the OpenAPI document.

    Args:
        template: Defines the fields of account and profile.
        has_phone_sign_in: Whether the stack has the routes of phone sign-in.
        has_social: Whether the stack has the routes of `social`.
    """
    from userprofiles.api import openapi  # noqa: PLC0415 - few requests need it

    document = openapi.build_document(template, has_phone_sign_in=has_phone_sign_in, has_social=has_social)
    return json_response(200, document, {"Cache-Control": "public, max-age=3600"})


def unknown_route_response() -> Response[Any]:
    """Create the response for an unknown path or method."""
    return error_response(ApiError(404, "not_found", "This path or method doesn't exist."))


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
        return error_response(unavailable, {"Retry-After": "2"})
    report.error("unexpected error", metric="ApiFailed", error=code)
    return error_response(ApiError(500, "internal", "An internal error occurred."))


def log_request(event: Any, response: Mapping[str, Any], report: Report) -> None:
    """Log a request: its route as the API defines it, never what the caller sent."""
    route = event.get("routeKey", "") if isinstance(event, dict) else ""
    report.info("request completed", route=route, status=response.get("statusCode"))
