"""DefineAuthChallenge: decides whether a sign-in by code continues. It calls no AWS service."""

from typing import Any

from userprofiles.phone_sign_in import challenge_event
from userprofiles.phone_sign_in.challenge_event import CUSTOM_CHALLENGE
from userprofiles.registration.cognito_user import UnreadableUserError
from userprofiles.registration.trigger_response import add_response
from userprofiles.telemetry import Report

MAX_ANSWERS = 3
"""Answers in one session. The wrong answers for a phone number are counted in the table of codes as well."""

_ISSUE_TOKENS = {"issueTokens": True, "failAuthentication": False}
_CONTINUE = {"challengeName": CUSTOM_CHALLENGE, "issueTokens": False, "failAuthentication": False}
_FAIL = {"issueTokens": False, "failAuthentication": True}


def define_challenge(event: Any) -> dict[str, Any]:
    """Return the response for an event.

    Tokens are issued to an existing user whose last answer was right, if no other challenge was passed.

    Raises:
        UnreadableUserError: The event doesn't have Cognito's format.
    """
    request = challenge_event.read_request(event)
    results = challenge_event.read_session(request)
    if any(result.name != CUSTOM_CHALLENGE for result in results):
        return dict(_FAIL)
    if results and results[-1].is_right:
        return dict(_ISSUE_TOKENS if challenge_event.is_known_user(request) else _FAIL)
    return dict(_FAIL if len(results) >= MAX_ANSWERS else _CONTINUE)


def handle_event(event: Any, report: Report) -> Any:
    """Add the response to an event. A sign-in whose event is unreadable fails."""
    try:
        response = define_challenge(event)
    except UnreadableUserError as error:
        report.error("unreadable event", metric="UnreadableEvent", problem=str(error))
        response = dict(_FAIL)
    event = add_response(event)
    if isinstance(event, dict):
        event["response"] |= response
    return event
