"""A user as Cognito tells it: in a trigger's event, or asked by AdminGetUser."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from botocore.exceptions import ClientError

from userprofiles.table import record

# "userpool id: [\w-]+_[0-9a-zA-Z]+, at most 55" and "Username: 1 to 128" (AWS, AdminGetUser).
_POOL_ID = re.compile(r"[\w-]{1,40}_[0-9A-Za-z]{1,40}", re.ASCII)
_LONGEST_NAME = 128


class UnreadableUserError(ValueError):
    """An event or answer that isn't what Cognito sends. The message names the place, never the value."""


@dataclass(frozen=True)
class CognitoUser:
    """Who signed up.

    Attributes:
        sub: The id that never changes.
        name: The user name, which is not the sub for federated users.
        pool_id: The pool, from the event: no function knows its pool from its environment.
        attributes: The user's attributes.
        status: Such as `CONFIRMED`; empty where an event doesn't tell.
    """

    sub: str
    name: str
    pool_id: str
    attributes: Mapping[str, str]
    status: str


class Directory(Protocol):
    """What reads users: a botocore client of Cognito."""

    def admin_get_user(self, *, UserPoolId: str, Username: str) -> Mapping[str, Any]:  # noqa: N803
        """Return the user as Cognito has it."""


def is_user_name(value: object) -> bool:
    """Tell whether a value can be a user's name."""
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_NAME


def pool_and_name(document: Mapping[str, Any]) -> tuple[str, str]:
    """Return `userPoolId` and `userName` of an event or an outbox message.

    Raises:
        UnreadableUserError: One of them is missing or wrong.
    """
    pool_id, name = document.get("userPoolId"), document.get("userName")
    if not isinstance(pool_id, str) or not _POOL_ID.fullmatch(pool_id):
        raise UnreadableUserError("userPoolId must be the id of a user pool")
    if not isinstance(name, str) or not is_user_name(name):
        raise UnreadableUserError(f"userName must have 1 to {_LONGEST_NAME} characters")
    return pool_id, name


def attributes_of(event: Any) -> dict[str, str]:
    """Return `request.userAttributes` of a trigger's event.

    Raises:
        UnreadableUserError: They aren't there, or aren't texts.
    """
    request = event.get("request") if isinstance(event, dict) else None
    attributes = request.get("userAttributes") if isinstance(request, dict) else None
    if not isinstance(attributes, dict):
        raise UnreadableUserError("request.userAttributes is no object")
    if not all(isinstance(value, str) for value in attributes.values()):
        raise UnreadableUserError("an attribute in request.userAttributes is no text")
    return attributes


def from_event(event: Any) -> CognitoUser:
    """Read the user from a trigger's event.

    Raises:
        UnreadableUserError: The event lacks what a record needs.
    """
    attributes = attributes_of(event)
    if not record.is_sub(attributes.get("sub")):
        raise UnreadableUserError("request.userAttributes.sub is no id")
    pool_id, name = pool_and_name(event)
    return CognitoUser(
        sub=attributes["sub"],
        name=name,
        pool_id=pool_id,
        attributes=attributes,
        status=attributes.get("cognito:user_status", ""),
    )


def ask(directory: Directory, pool_id: str, name: str) -> CognitoUser | None:
    """Ask Cognito for a user.

    Returns:
        None if the pool doesn't know the user, or has disabled them.

    Raises:
        botocore.exceptions.ClientError: Cognito refused to answer.
        UnreadableUserError: The answer has no sub.
    """
    try:
        answer = directory.admin_get_user(UserPoolId=pool_id, Username=name)
    except ClientError as error:
        if error.response["Error"]["Code"] == "UserNotFoundException":
            return None
        raise
    if answer.get("Enabled") is False:
        return None
    attributes = {entry["Name"]: entry.get("Value", "") for entry in answer.get("UserAttributes", ())}
    if not record.is_sub(attributes.get("sub")):
        raise UnreadableUserError("the user that Cognito returned has no sub")
    return CognitoUser(attributes["sub"], name, pool_id, attributes, answer.get("UserStatus", ""))
