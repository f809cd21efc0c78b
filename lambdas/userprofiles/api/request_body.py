"""The body of a request: strict JSON with a size limit."""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from typing import Any

from userprofiles.api.errors import ApiError

MAX_BODY_BYTES = 64 * 1024
_MAX_DEPTH = 20


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


def parse(body: bytes, max_bytes: int = MAX_BODY_BYTES) -> Any:
    """Parse the body of a request.

    Raises:
        ApiError: 413 or 400; the body is too large, not JSON, or nested too deeply.
    """
    if len(body) > max_bytes:
        raise ApiError(413, "too_large", f"The body must have at most {max_bytes} bytes.")
    try:
        # json.loads would accept UTF-16 and UTF-32 as bytes. The "sig" ignores a byte order mark.
        text = body.decode("utf-8-sig")
        document = json.loads(
            text, parse_constant=_reject_constant, object_pairs_hook=_build_object_of_unique_names
        )
    except (ValueError, RecursionError):
        raise ApiError(
            400, "invalid_json", "The body must be JSON in UTF-8, and each name of an object must be unique."
        ) from None
    if _depth(document) > _MAX_DEPTH:
        raise ApiError(400, "invalid_json", f"The body must have at most {_MAX_DEPTH} levels.")
    return document


def _reject_constant(name: str) -> Any:
    raise ValueError(f"{name} is not valid JSON")


def _build_object_of_unique_names(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) < len(pairs):
        raise ValueError("a name is not unique")
    return document


def _depth(document: Any) -> int:
    depth, level = 0, [document]
    while level and depth <= _MAX_DEPTH:
        depth += 1
        level = [
            member
            for value in level
            if isinstance(value, dict | list)
            for member in (value.values() if isinstance(value, dict) else value)
        ]
    return depth
