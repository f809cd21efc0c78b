"""Entries of the gateway's journal: service, action and status of a request, never a value from it."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

JOURNAL_LENGTH: Final = 2_000
"""Number of requests that the journal keeps."""

_CREDENTIAL_SCOPE: Final = re.compile(r"Credential=[^/,]*/\d*/[^/,]*/(?P<service>[a-z0-9-]+)/aws4_request")
_UNSIGNED_SERVICES: Final = {
    "AWSCognitoIdentityProviderService": "cognito-idp",
    "DynamoDB": "dynamodb",
    "AmazonSQS": "sqs",
}
"""Services by the prefix of X-Amz-Target, for calls without a signature."""
_DATED_API: Final = re.compile(r"/20\d\d-\d\d-\d\d/")
_NAMED_API: Final = re.compile(r"/(_|v\d/|oauth2/)")


@dataclass(frozen=True)
class JournalEntry:
    """What the gateway did with a request.

    Attributes:
        at: Seconds since the epoch.
        service: The AWS service by the emulator's name for it (``cognito-idp``), or ``http``.
        action: The API action, or method and path.
        status: The HTTP status of the response.
        notes: Fired triggers and applied rules, never a value from the request.
    """

    at: float
    service: str
    action: str
    status: int
    notes: tuple[str, ...] = field(default_factory=tuple)


def parse_service_and_action(method: str, target: str, headers: Mapping[str, str]) -> tuple[str, str]:
    """Return the service and the action of a request.

    The action is the API action if a header names it, otherwise method and the beginning of the path. The
    query is left out because it may contain a signature.
    """
    aws_target = headers.get("X-Amz-Target", "")
    scope = _CREDENTIAL_SCOPE.search(headers.get("Authorization", ""))
    if scope is not None:
        service = scope["service"]
    else:
        prefix = aws_target.partition(".")[0].partition("_")[0]
        service = _UNSIGNED_SERVICES.get(prefix, "http")
    return service, aws_target.rpartition(".")[2] or f"{method} {shorten_path(target)}"


def shorten_path(target: str) -> str:
    """Return the beginning of a path, which names an API or a bucket.

    The rest may be an object's key, an address or the secret part of an upload URL. Paths with a date, such
    as Lambda's, are returned whole: they contain names of functions.
    """
    path = target.partition("?")[0]
    if _DATED_API.match(path):
        return path
    segments = path.split("/")
    return "/".join(segments[: 4 if _NAMED_API.match(path) else 2])


def create_streamed_entry(method: str, target: str, headers: Mapping[str, str], status: int) -> JournalEntry:
    """Create the entry of a request that was streamed to the emulator unchanged."""
    service, action = parse_service_and_action(method, target, headers)
    return JournalEntry(at=time.time(), service=service, action=action, status=status)
