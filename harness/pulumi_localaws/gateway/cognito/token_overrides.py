"""What a PreTokenGeneration function changes in the tokens, in the form that the emulator applies."""

from typing import Any

from pulumi_localaws.gateway.wire.errors import AwsError

GROUPS_CLAIM = "cognito:groups"
_RESERVED_CLAIMS = frozenset({
    "acr", "amr", "at_hash", "auth_time", "azp", "client_id", "device_key", "event_id", "exp", "iat",
    "identities", "iss", "jti", "nbf", "nonce", "origin_jti", "scope", "sub", "token_use", "username",
    "version",
})  # fmt: skip
"""Claims that a function can't change; Cognito ignores such a change without an error."""


def translate_response(version: str, response: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """Return the emulator's form of a function's response, and whether it left out a reserved claim.

    With version 1, the function changes claims of the ID token only; its groups replace those of both tokens.
    From version 2 on, it also changes claims and scopes of the access token (developer guide, "Pre token
    generation Lambda trigger").

    Args:
        version: The event's version: ``1``, ``2`` or ``3``.
        response: The ``response`` object of the function.

    Raises:
        AwsError: InvalidLambdaResponseException.
    """
    if version == "1":
        details = _get_object(response, "claimsOverrideDetails")
        id_overrides, access_overrides = details, {}
    else:
        details = _get_object(response, "claimsAndScopeOverrideDetails")
        id_overrides = _get_object(details, "idTokenGeneration")
        access_overrides = _get_object(details, "accessTokenGeneration")
    sections: dict[str, Any] = {}
    is_claim_left_out = False
    for name, overrides in (("idTokenGeneration", id_overrides), ("accessTokenGeneration", access_overrides)):
        section, is_left_out = _translate_section(name, overrides, only_text=version == "1")
        is_claim_left_out |= is_left_out
        _override_groups(section, details)
        sections[name] = section
    return {"claimsAndScopeOverrideDetails": sections}, is_claim_left_out


def _translate_section(
    name: str, overrides: dict[str, Any], *, only_text: bool
) -> tuple[dict[str, Any], bool]:
    requested_claims = _get_object(overrides, "claimsToAddOrOverride")
    if only_text and not all(isinstance(value, str) for value in requested_claims.values()):
        raise _unrecognizable_output()
    requested_suppressions = _get_names(overrides, "claimsToSuppress")
    claims = {k: v for k, v in requested_claims.items() if not _is_reserved(name, k)}
    suppressed_claims = [claim for claim in requested_suppressions if not _is_reserved(name, claim)]
    section: dict[str, Any] = {"claimsToAddOrOverride": claims, "claimsToSuppress": suppressed_claims}
    if name == "accessTokenGeneration":
        section |= {key: _get_names(overrides, key) for key in ("scopesToAdd", "scopesToSuppress")}
    is_claim_left_out = len(claims) < len(requested_claims) or len(suppressed_claims) < len(
        requested_suppressions
    )
    return section, is_claim_left_out


def _override_groups(section: dict[str, Any], details: dict[str, Any]) -> None:
    """Replace the groups in a token; an empty or null object removes them."""
    if "groupOverrideDetails" not in details:
        return
    groups = _get_names(_get_object(details, "groupOverrideDetails"), "groupsToOverride")
    if groups:
        section["groupOverrideDetails"] = {"groupsToOverride": groups}
    else:
        section["claimsToSuppress"] = [*section["claimsToSuppress"], GROUPS_CLAIM]


def _is_reserved(section: str, claim: str) -> bool:
    return (
        claim in _RESERVED_CLAIMS
        or claim.startswith("cognito:")
        or (claim == "aud" and section == "idTokenGeneration")
    )


def _get_object(parent: dict[str, Any], key: str) -> dict[str, Any]:
    value = parent.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _unrecognizable_output()
    return value


def _get_names(parent: dict[str, Any], key: str) -> list[str]:
    value = parent.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise _unrecognizable_output()
    return value


def _unrecognizable_output() -> AwsError:
    return AwsError("InvalidLambdaResponseException", "Unrecognizable lambda output")
