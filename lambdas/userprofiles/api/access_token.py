"""Who calls, by the claims of an access token.

The authorizer of an HTTP API has checked signature, issuer, audience and expiry before. It can't tell an ID
token from an access token, so what kind it is and for which client it was made is checked here again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from userprofiles.api.errors import ApiError
from userprofiles.registration import cognito_user
from userprofiles.table import record


@dataclass(frozen=True)
class Caller:
    """Who calls. No other claim of the token is used, none is copied into a record.

    Attributes:
        sub: The id that never changes.
        user_name: The name to ask Cognito by.
    """

    sub: str
    user_name: str


def unauthorized() -> ApiError:
    """Make the one answer to every token that isn't good enough: it doesn't tell what was missing."""
    return ApiError(401, "unauthorized", "An access token of this application is needed: sign in again.")


def caller(event: Mapping[str, Any], client_ids: tuple[str, ...]) -> Caller:
    """Read who calls from an HTTP API's event (payload version 2.0).

    Args:
        event: The event.
        client_ids: The app clients whose tokens are taken.

    Raises:
        ApiError: 401; it is no access token of one of the clients.
    """
    claims: Any = event
    for part in ("requestContext", "authorizer", "jwt", "claims"):
        claims = claims.get(part) if isinstance(claims, Mapping) else None
    if not isinstance(claims, Mapping):
        raise unauthorized()
    if claims.get("token_use") != "access" or claims.get("client_id") not in client_ids:
        raise unauthorized()
    sub, name = claims.get("sub"), claims.get("username", claims.get("sub"))
    if not record.is_sub(sub) or not cognito_user.is_user_name(name):
        raise unauthorized()
    return Caller(str(sub), str(name))
