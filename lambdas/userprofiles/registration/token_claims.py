"""The claims that PreTokenGeneration adds to a user's tokens. Pure functions."""

from collections.abc import Mapping
from typing import Any

ROLE_CLAIM = "role"
"""Not one of the claims that Cognito protects (Amazon Cognito Developer Guide, "Pre token generation Lambda
trigger")."""


def add_role(event: dict[str, Any], role: str | None, role_attribute: str | None) -> None:
    """Add a user's role to the response of a PreTokenGeneration event.

    The event's version decides the format: version 1 (feature plan LITE) changes the ID token only, later
    versions change the access token as well.

    Args:
        event: The event. Its response is changed.
        role: The user's role; None for a user who has none.
        role_attribute: The Cognito attribute with the role that the user requested. An ID token never shows
            the requested role: the attribute's claim has the user's role, or is suppressed.
    """
    id_token = _overrides(role, [ROLE_CLAIM, *([role_attribute] if role_attribute else [])])
    if str(event.get("version")) == "1":
        details = {"claimsOverrideDetails": {**id_token, **_kept_groups(event)}}
    else:
        details = {
            "claimsAndScopeOverrideDetails": {
                "idTokenGeneration": id_token,
                "accessTokenGeneration": _overrides(role, [ROLE_CLAIM]),
                **_kept_groups(event),
            }
        }
    response = event.get("response")
    event["response"] = {**(response if isinstance(response, dict) else {}), **details}


def _overrides(role: str | None, claims: list[str]) -> dict[str, Any]:
    if role is None:
        return {"claimsToSuppress": claims}
    return {"claimsToAddOrOverride": dict.fromkeys(claims, role)}


def _kept_groups(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the user's groups unchanged.

    "If you provide an empty or null object in the response, then the groups are suppressed. To leave the
    existing group configuration as is, copy the value of the request's groupConfiguration object" (Amazon
    Cognito Developer Guide, "Pre token generation Lambda trigger"). Without groups there is nothing to keep.
    """
    request = event.get("request")
    groups = request.get("groupConfiguration") if isinstance(request, Mapping) else None
    if not isinstance(groups, Mapping) or not any(groups.values()):
        return {}
    return {"groupOverrideDetails": dict(groups)}
