"""A user of Cognito, as a trigger's event or AdminGetUser describes it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from botocore.exceptions import ClientError

from userprofiles.table import record

# "userpool id: [\w-]+_[0-9a-zA-Z]+, at most 55" and "Username: 1 to 128" (AWS, AdminGetUser).
_POOL_ID = re.compile(r"[\w-]{1,40}_[0-9A-Za-z]{1,40}", re.ASCII)
_MAX_USER_NAME = 128


class UnreadableUserError(ValueError):
    """An event or a response doesn't have Cognito's format. The message names the field, never its value."""


@dataclass(frozen=True)
class CognitoUser:
    """A user of a user pool.

    Attributes:
        sub: The ID that never changes.
        name: The user name, which is not the sub for federated users.
        pool_id: The user pool. It comes from the event: no function has its pool in its environment.
        attributes: The user's attributes.
        status: For example `CONFIRMED`; empty if an event doesn't contain it.
    """

    sub: str
    name: str
    pool_id: str
    attributes: Mapping[str, str]
    status: str


class CognitoClient(Protocol):
    """A botocore client of Cognito, as far as this module uses it."""

    def admin_get_user(self, *, UserPoolId: str, Username: str) -> Mapping[str, Any]:  # noqa: N803
        """Return a user of a pool."""


def is_user_name(value: object) -> bool:
    """Return whether a value can be a user name."""
    return isinstance(value, str) and 0 < len(value) <= _MAX_USER_NAME


def read_pool_and_name(document: Mapping[str, Any]) -> tuple[str, str]:
    """Return `userPoolId` and `userName` of an event or an outbox message.

    Raises:
        UnreadableUserError: One of them is missing or invalid.
    """
    pool_id, name = document.get("userPoolId"), document.get("userName")
    if not isinstance(pool_id, str) or not _POOL_ID.fullmatch(pool_id):
        raise UnreadableUserError("userPoolId must be the ID of a user pool")
    if not isinstance(name, str) or not is_user_name(name):
        raise UnreadableUserError(f"userName must have 1 to {_MAX_USER_NAME} characters")
    return pool_id, name


def read_attributes(event: Any) -> dict[str, str]:
    """Return `request.userAttributes` of a trigger's event.

    Raises:
        UnreadableUserError: They are missing, or their values aren't texts.
    """
    request = event.get("request") if isinstance(event, dict) else None
    attributes = request.get("userAttributes") if isinstance(request, dict) else None
    if not isinstance(attributes, dict):
        raise UnreadableUserError("request.userAttributes must be an object")
    if not all(isinstance(value, str) for value in attributes.values()):
        raise UnreadableUserError("all attributes in request.userAttributes must be texts")
    return attributes


def from_event(event: Any) -> CognitoUser:
    """Read the user from a trigger's event.

    Raises:
        UnreadableUserError: A required field of the event is missing or invalid.
    """
    attributes = read_attributes(event)
    if not record.is_sub(attributes.get("sub")):
        raise UnreadableUserError("request.userAttributes.sub must be the sub of a user")
    pool_id, name = read_pool_and_name(event)
    return CognitoUser(
        sub=attributes["sub"],
        name=name,
        pool_id=pool_id,
        attributes=attributes,
        status=attributes.get("cognito:user_status", ""),
    )


def get_user(client: CognitoClient, pool_id: str, name: str) -> CognitoUser | None:
    """Get a user from Cognito.

    Returns:
        None if the pool doesn't have the user, or the user is disabled.

    Raises:
        botocore.exceptions.ClientError: Cognito returned another error.
        UnreadableUserError: The response has no sub.
    """
    try:
        response = client.admin_get_user(UserPoolId=pool_id, Username=name)
    except ClientError as error:
        if error.response["Error"]["Code"] == "UserNotFoundException":
            return None
        raise
    if response.get("Enabled") is False:
        return None
    return from_entries(
        pool_id, name, response.get("UserAttributes", ()), status=response.get("UserStatus", "")
    )


def from_entries(
    pool_id: str, name: str, entries: Iterable[Mapping[str, str]], *, status: str
) -> CognitoUser:
    """Create a user from the attributes in a response of Cognito.

    Raises:
        UnreadableUserError: The response has no sub.
    """
    attributes = {entry["Name"]: entry.get("Value", "") for entry in entries}
    if not record.is_sub(attributes.get("sub")):
        raise UnreadableUserError("Cognito's response must contain the sub of the user")
    return CognitoUser(attributes["sub"], name, pool_id, attributes, status)
