"""What the journal says about a request that passed through untouched: service and action, never a value."""

import re
import time
from collections.abc import Mapping
from typing import Final

from pulumi_localaws.gateway.wire.http_messages import JournalEntry

_SCOPE: Final = re.compile(r"Credential=[^/,]*/\d*/[^/,]*/(?P<service>[a-z0-9-]+)/aws4_request")
_UNSIGNED: Final = {
    "AWSCognitoIdentityProviderService": "cognito-idp",
    "DynamoDB": "dynamodb",
    "AmazonSQS": "sqs",
}
"""Services by the beginning of X-Amz-Target, for the calls that need no signature."""


def describe(method: str, target: str, headers: Mapping[str, str]) -> tuple[str, str]:
    """Return the service and the action of a request.

    The action is the API's where a header names it, else method and path: a query may hold signatures.
    """
    action = headers.get("X-Amz-Target", "")
    scope = _SCOPE.search(headers.get("Authorization", ""))
    if scope is not None:
        service = scope["service"]
    else:
        prefix = action.partition(".")[0].partition("_")[0]
        service = _UNSIGNED.get(prefix, "http")
    return service, action.rpartition(".")[2] or f"{method} {target.partition('?')[0]}"


def passed(method: str, target: str, headers: Mapping[str, str], status: int) -> JournalEntry:
    """Make the entry of a request that went straight through."""
    service, action = describe(method, target, headers)
    return JournalEntry(at=time.time(), service=service, action=action, status=status)
