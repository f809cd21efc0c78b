"""What the triggers of the custom challenge read from their events."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from userprofiles.phone_sign_in import phone_input
from userprofiles.phone_sign_in.claim import Claim, Identity
from userprofiles.phone_sign_in.code_settings import CodeSettings
from userprofiles.phone_sign_in.phone_input import PhoneNumberError
from userprofiles.registration import cognito_user
from userprofiles.registration.cognito_user import UnreadableUserError

CUSTOM_CHALLENGE = "CUSTOM_CHALLENGE"
_METADATA_PREFIX = "CODE-"


@dataclass(frozen=True)
class ChallengeResult:
    """The result of an earlier challenge of a sign-in.

    Attributes:
        name: Name of the challenge.
        is_right: Whether the answer was right.
        claim_id: ID of the claim whose code was asked for; empty if there is none.
    """

    name: str
    is_right: bool
    claim_id: str


def read_request(event: Any) -> Mapping[str, Any]:
    """Return the request of an event.

    Raises:
        UnreadableUserError: It is missing.
    """
    request = event.get("request") if isinstance(event, dict) else None
    if not isinstance(request, dict):
        raise UnreadableUserError("request must be an object")
    return request


def is_known_user(request: Mapping[str, Any]) -> bool:
    """Return whether the user exists. Cognito sends true or false only if it hides the existence of users."""
    return not request.get("userNotFound")


def read_session(request: Mapping[str, Any]) -> list[ChallengeResult]:
    """Return the results of the earlier challenges, oldest first.

    Raises:
        UnreadableUserError: The session is not a list of results.
    """
    session = request.get("session") or []
    if not isinstance(session, list) or not all(isinstance(entry, dict) for entry in session):
        raise UnreadableUserError("request.session must be a list of objects")
    return [
        ChallengeResult(
            name=str(entry.get("challengeName")),
            is_right=entry.get("challengeResult") is True,
            claim_id=_claim_id(entry.get("challengeMetadata")),
        )
        for entry in session
    ]


def to_metadata(claim: Claim) -> str:
    """Return the metadata with which Cognito keeps a claim in the session."""
    return _METADATA_PREFIX + claim.claim_id


def _claim_id(metadata: object) -> str:
    if isinstance(metadata, str) and metadata.startswith(_METADATA_PREFIX):
        return metadata.removeprefix(_METADATA_PREFIX)
    return ""


def read_identity(event: Any, code_settings: CodeSettings) -> Identity:
    """Return who a sign-in is for.

    Only the verified phone number of an existing user gets a code. Everyone else has an identity that leads
    to the same calls. It never is the phone number that was typed: a request that sends nothing would replace
    or use up the codes that the owner of the number requests from the endpoints.

    Raises:
        UnreadableUserError: The event has no user.
    """
    request = read_request(event)
    _, user_name = cognito_user.read_pool_and_name(event)
    decoy = Identity.decoy(f"user:{user_name}")
    if not is_known_user(request):
        return decoy
    attributes = cognito_user.read_attributes(event)
    if attributes.get("phone_number_verified") != "true":
        return decoy
    phone = _normalize(attributes.get("phone_number"), code_settings)
    return decoy if phone is None else Identity.of_phone(phone, attributes.get("locale") or None)


def _normalize(phone_number: str | None, code_settings: CodeSettings) -> str | None:
    try:
        return phone_input.normalize(phone_number, allowed_countries=code_settings.allowed_countries)
    except PhoneNumberError:
        return None


def to_private_parameters(claim: Claim) -> dict[str, str]:
    """Return a claim as the parameters that Cognito passes to the verification only."""
    return {"key": claim.key, "claimId": claim.claim_id, "codeMac": claim.code_mac}


def read_claim(request: Mapping[str, Any]) -> Claim:
    """Return the claim in the private parameters of a verification.

    Raises:
        UnreadableUserError: A parameter is missing.
    """
    parameters = request.get("privateChallengeParameters")
    names = ("key", "claimId", "codeMac")
    if not isinstance(parameters, dict) or not all(isinstance(parameters.get(name), str) for name in names):
        raise UnreadableUserError(
            f"request.privateChallengeParameters must have the texts {', '.join(names)}"
        )
    return Claim(*(parameters[name] for name in names))
