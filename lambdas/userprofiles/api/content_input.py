"""The body of a request for new content."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from userprofiles.api.errors import ApiError, FieldError, json_pointer
from userprofiles.api.media import CONTENT_TYPES, MAX_MEDIA, MAX_MEDIA_BYTES

MAX_TITLE = 500
MAX_TEXT = 20_000
SHA256_PATTERN = "[A-Za-z0-9+/]{43}="
_FIELDS = ("title", "text", "record_time", "media")
_MEDIA_FIELDS = ("content_type", "bytes", "sha256")
_EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
_CLOCK_DIFFERENCE = timedelta(days=1)


@dataclass(frozen=True)
class NewMedium:
    """A medium to upload.

    Attributes:
        content_type: Its MIME type.
        size: Its exact size in bytes.
        sha256: Its SHA-256 in base64.
    """

    content_type: str
    size: int
    sha256: str


@dataclass(frozen=True)
class NewContent:
    """Content to create.

    Attributes:
        title: The title; can be empty.
        text: The text; can be empty.
        record_time: When it was recorded.
        media: The media to upload.
    """

    title: str
    text: str
    record_time: datetime
    media: tuple[NewMedium, ...]


def parse_content(document: Any, now: datetime) -> NewContent:
    """Check the body of a request.

    Args:
        document: The parsed body.
        now: The time of the request, which is the default of `record_time`.

    Raises:
        ApiError: 400 with all problems.
    """
    if not isinstance(document, dict):
        raise ApiError(400, "invalid_body", 'The body must be an object, such as {"title": "..."}.')
    errors = _unknown_fields(document, _FIELDS)
    title = _parse_text(document, "title", MAX_TITLE, errors)
    text = _parse_text(document, "text", MAX_TEXT, errors)
    record_time = _parse_time(document.get("record_time"), now, errors)
    media = _parse_media(document.get("media", []), errors)
    if not errors and not (title.strip() or text.strip() or media):
        errors.append(FieldError("", "empty", "must have a title, a text or media"))
    if errors:
        raise ApiError(400, "invalid_body", "The body is not accepted; see errors.", errors)
    return NewContent(title, text, record_time, media)


def _unknown_fields(document: dict[str, Any], allowed: tuple[str, ...], *path: object) -> list[FieldError]:
    detail = f"unknown field; allowed: {', '.join(allowed)}"
    return [
        FieldError(json_pointer(*path, name), "unknown_field", detail)
        for name in document
        if name not in allowed
    ]


def _parse_text(document: dict[str, Any], name: str, limit: int, errors: list[FieldError]) -> str:
    text = document.get(name, "")
    if not isinstance(text, str) or not _is_unicode(text):
        errors.append(FieldError(json_pointer(name), "type", "must be a text"))
        return ""
    if len(text) > limit:
        errors.append(FieldError(json_pointer(name), "maxLength", f"must have at most {limit} characters"))
    return text


def _is_unicode(text: str) -> bool:
    """Return whether a text has no half of a surrogate pair, which UTF-8 and DynamoDB don't have."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _parse_time(value: Any, now: datetime, errors: list[FieldError]) -> datetime:
    if value is None:
        return now
    try:
        moment = datetime.fromisoformat(value)
        is_allowed = moment.tzinfo is not None and _EARLIEST <= moment <= now + _CLOCK_DIFFERENCE
    except (TypeError, ValueError):
        is_allowed = False
    if is_allowed:
        return moment.astimezone(UTC)
    problem = "must be a time in the past in ISO 8601 with a time zone, such as 2019-05-17T09:30:00Z"
    errors.append(FieldError("/record_time", "format", problem))
    return now


def _parse_media(value: Any, errors: list[FieldError]) -> tuple[NewMedium, ...]:
    if not isinstance(value, list) or len(value) > MAX_MEDIA:
        errors.append(FieldError("/media", "maxItems", f"must be a list of at most {MAX_MEDIA} objects"))
        return ()
    media = [_parse_medium(number, entry, errors) for number, entry in enumerate(value)]
    return tuple(medium for medium in media if medium is not None)


def _parse_medium(number: int, entry: Any, errors: list[FieldError]) -> NewMedium | None:
    if not isinstance(entry, dict):
        errors.append(FieldError(json_pointer("media", number), "type", "must be an object"))
        return None
    problems = _unknown_fields(entry, _MEDIA_FIELDS, "media", number)
    content_type, size, sha256 = (entry.get(name) for name in _MEDIA_FIELDS)
    if content_type not in CONTENT_TYPES:
        detail = f"must be one of these: {', '.join(CONTENT_TYPES)}"
        problems.append(FieldError(json_pointer("media", number, "content_type"), "enum", detail))
    if type(size) is not int or not 1 <= size <= MAX_MEDIA_BYTES:
        detail = f"must be the size of the file, a whole number from 1 to {MAX_MEDIA_BYTES}"
        problems.append(FieldError(json_pointer("media", number, "bytes"), "range", detail))
    if not isinstance(sha256, str) or not re.fullmatch(SHA256_PATTERN, sha256):
        detail = "must be the SHA-256 of the file in base64, 44 characters"
        problems.append(FieldError(json_pointer("media", number, "sha256"), "pattern", detail))
    errors += problems
    return None if problems else NewMedium(str(content_type), int(size or 0), str(sha256))
