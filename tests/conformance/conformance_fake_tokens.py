"""Unsigned tokens of the fake Cognito."""

import base64
import json
from typing import Any


def encode_token(claims: dict[str, Any]) -> str:
    """Return an unsigned token; only the emulator verifies signatures."""
    return f"h.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.s"


def decode_claims(token: str) -> dict[str, Any]:
    """Return a token's claims."""
    part = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))


def apply_overrides(claims: dict[str, Any], overrides: dict[str, Any]) -> dict[str, Any]:
    """Return the claims with the changes of PreTokenGeneration in the emulator's form."""
    claims = {**claims, **overrides.get("claimsToAddOrOverride", {})}
    for claim in overrides.get("claimsToSuppress", []):
        claims.pop(claim, None)
    if groups := overrides.get("groupOverrideDetails"):
        claims["cognito:groups"] = groups["groupsToOverride"]
    return claims
