"""The filter of ListUsers: its syntax and its attributes.

Sources: Cognito API Reference, "ListUsers". Texts were seen in aws-sdk-php#1088 and moto#4407.
"""

import re

from pulumi_localaws.gateway.cognito.call import CognitoCall
from pulumi_localaws.gateway.wire.errors import AwsError
from pulumi_localaws.gateway.wire.gateway_rules import GatewayRule
from pulumi_localaws.gateway.wire.http_messages import Response

_SEARCHABLE_ATTRIBUTES = frozenset({
    "username", "email", "phone_number", "name", "given_name", "family_name", "preferred_username",
    "cognito:user_status", "status", "sub",
})  # fmt: skip
_FILTER = re.compile(r"""\s*(?P<quote>"?)(?P<name>[\w:.-]+)(?P=quote)\s*\^?=\s*"(?:[^"\\]|\\.)*"\s*""")


async def list_users(call: CognitoCall) -> Response:
    """Handle ListUsers: reject a filter that Cognito rejects."""
    if call.enforces(GatewayRule.USER_FILTER):
        check_filter(str(call.parameters.get("Filter") or ""))
    return await call.forward()


def check_filter(expression: str) -> None:
    """Check a filter; an empty one returns all users.

    Raises:
        AwsError: InvalidParameterException.
    """
    if not expression:
        return
    match = _FILTER.fullmatch(expression)
    if match is None:
        raise AwsError("InvalidParameterException", "Error while parsing filter.")
    if match["name"] not in _SEARCHABLE_ATTRIBUTES:
        raise AwsError("InvalidParameterException", f"Invalid search attribute: {match['name']}")
