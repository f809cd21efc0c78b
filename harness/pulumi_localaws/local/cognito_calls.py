"""What the added and replaced actions of the emulator's Cognito share: errors, and the user of a call.

The emulator's interpreter loads this module beside its start script, so it uses only ministack and the
standard library.
"""

from collections.abc import Callable
from typing import Any

Handler = Callable[[dict[str, Any]], Any]


class Rejected(Exception):  # noqa: N818 - the name of AWS's error is in `code`
    """A call that Cognito rejects.

    Args:
        code: The error code.
        message: AWS's text, if it is known.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def translate(cognito: Any, handler: Handler) -> Handler:
    """Let a handler return a document or raise an error instead of returning the emulator's response.

    Args:
        cognito: The emulator's module.
        handler: Handles the parameters of a call.
    """

    def handle(parameters: dict[str, Any]) -> Any:
        try:
            answer = handler(parameters)
        except Rejected as error:
            return cognito.error_response_json(error.code, error.message, 400)
        return cognito.json_response(answer) if isinstance(answer, dict) else answer

    return handle


def find_pool(cognito: Any, parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the pool of a call.

    Raises:
        Rejected: There is no such pool.
    """
    pool_id = parameters.get("UserPoolId")
    pool: dict[str, Any] | None = cognito._user_pools.get(pool_id)
    if pool is None:
        raise Rejected("ResourceNotFoundException", f"User pool {pool_id} does not exist.")
    return pool


def find_user(cognito: Any, parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the user of a call: by access token, or by pool and name.

    Raises:
        Rejected: The token is not valid, or there is no such pool or user.
    """
    user: dict[str, Any] | None
    if "UserPoolId" not in parameters:
        user = cognito._user_for_access_token(parameters.get("AccessToken"))
        if user is None:
            raise Rejected("NotAuthorizedException", "Invalid Access Token")
        return user
    user = cognito._resolve_user(find_pool(cognito, parameters), parameters.get("Username"))[0]
    if user is None:
        raise Rejected("UserNotFoundException", "User does not exist.")
    return user
