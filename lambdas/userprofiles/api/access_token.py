"""The caller of the API, from the claims of an access token.

The authorizer of the HTTP API has already checked signature, issuer, audience and expiry. It also accepts ID
tokens, so `token_use` and `client_id` are checked here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from userprofiles.api.errors import ApiError
from userprofiles.registration import cognito_user
from userprofiles.table import record


@dataclass(frozen=True)
class Caller:
    """The user who calls the API. No other claim of the token is used, and no claim is stored.

    Attributes:
        sub: The ID that never changes.
        user_name: The name by which Cognito finds the user.
        groups: The groups of the user pool that the user was in when the token was issued.
    """

    sub: str
    user_name: str
    groups: frozenset[str] = frozenset()


def unauthorized_error() -> ApiError:
    """Return the error for every token that isn't accepted. It doesn't say what is wrong with the token."""
    return ApiError(401, "unauthorized", "An access token of this application is required. Sign in again.")


def read_caller(event: Mapping[str, Any], client_ids: tuple[str, ...]) -> Caller:
    """Read the caller from an event of the HTTP API (payload version 2.0).

    Args:
        event: The event.
        client_ids: The app clients whose tokens are accepted.

    Raises:
        ApiError: 401; the token isn't an access token of one of the clients.
    """
    claims: Any = event
    for name in ("requestContext", "authorizer", "jwt", "claims"):
        claims = claims.get(name) if isinstance(claims, Mapping) else None
    if not isinstance(claims, Mapping):
        raise unauthorized_error()
    if claims.get("token_use") != "access" or claims.get("client_id") not in client_ids:
        raise unauthorized_error()
    sub, user_name = claims.get("sub"), claims.get("username", claims.get("sub"))
    if not record.is_sub(sub) or not cognito_user.is_user_name(user_name):
        raise unauthorized_error()
    return Caller(str(sub), str(user_name), _read_groups(claims.get("cognito:groups")))


def _read_groups(claim: Any) -> frozenset[str]:
    r"""Read the groups of a token.

    An HTTP API passes each claim as a text: a list arrives as `[admin support]`, which is not JSON (measured:
    pull request 2011 of floci-io/floci). The name of a group can contain brackets, commas and quotes, but no
    space: its pattern is `[\p{L}\p{M}\p{S}\p{N}\p{P}]+` (Amazon Cognito, CreateGroup). So only a space
    separates names, and each name is compared as a whole.
    """
    if isinstance(claim, str) and claim.startswith("[") and claim.endswith("]"):
        return frozenset(claim[1:-1].split(" "))
    return frozenset()
