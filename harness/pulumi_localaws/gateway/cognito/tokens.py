"""What an access token says: its claims, its app client and its user. Only the emulator verifies tokens."""

import base64
import json
from typing import Any

from pulumi_localaws.gateway.cognito.call import CognitoCall
from pulumi_localaws.gateway.cognito.pool_models import AppClient, PoolUser, UserPool


def decode_claims(token: Any) -> dict[str, Any]:
    """Return a token's claims, or {} if it is not readable; the signature is not verified."""
    try:
        part = str(token).split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}


def pool_id_of(claims: dict[str, Any]) -> str:
    """Return the ID of the pool that issued a token."""
    return str(claims.get("iss") or "").rsplit("/", 1)[-1]


async def find_client_of_token(call: CognitoCall) -> AppClient | None:
    """Return the app client of the call's access token, or None."""
    claims = decode_claims(call.parameters.get("AccessToken"))
    client = await call.dependencies.directory.get_client(str(claims.get("client_id") or ""))
    return client if client is not None and client.pool.id == pool_id_of(claims) else None


async def find_user_of_token(call: CognitoCall, pool: UserPool) -> PoolUser | None:
    """Return the user of the call's access token, or None."""
    name = str(decode_claims(call.parameters.get("AccessToken")).get("username") or "")
    return await call.dependencies.directory.get_user(pool, name)
