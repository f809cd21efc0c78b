"""The check before a sign-up, configured by a function's environment. It rejects what it can't check."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from userprofiles import settings
from userprofiles.registration import cognito_user
from userprofiles.registration.cognito_user import UnreadableUserError
from userprofiles.settings import Roles
from userprofiles.telemetry import Report, error_code

_SOURCES = frozenset({"PreSignUp_SignUp", "PreSignUp_AdminCreateUser", "PreSignUp_ExternalProvider"})

_MAX_ATTRIBUTE = 2048  # Cognito's limit for an attribute

# The messages below are shown to the user who signs up. They don't repeat the user's input and don't explain
# how the check works.
# Cognito shows "PreSignUp failed with error <text>." and adds the full stop itself.
UNREADABLE = "The sign-up could not be read. Please check your input and try again"
UNAVAILABLE = "Sign-up is not possible at the moment. Please try again later"
INVALID_PHONE = (
    "The phone number must be in international format: a plus sign, the country code and the number, "
    "digits only, such as +14155550123"
)
TOO_LONG = f"One of the values is too long; at most {_MAX_ATTRIBUTE} characters are allowed"

_E164 = re.compile(r"\+[1-9][0-9]{1,14}")


class SignUpRefusedError(Exception):
    """A sign-up is rejected. The message is shown to the user."""


def _trigger_source(event: Any) -> str | None:
    """Return an event's trigger source if it is one of PreSignUp's, else None."""
    source = event.get("triggerSource") if isinstance(event, dict) else None
    return source if isinstance(source, str) and source in _SOURCES else None


def check_sign_up(event: Any, roles: Roles) -> Any:
    """Reject a sign-up with a role outside the allow-list or a phone number that is not E.164.

    It also rejects an event that it can't read. It can't change an attribute, because Cognito ignores that.

    Args:
        event: The event of a PreSignUp trigger.
        roles: The allow-list.

    Returns:
        The event, unchanged.

    Raises:
        SignUpRefusedError: The sign-up is rejected. The message is shown to the user.
    """
    if _trigger_source(event) is None:
        raise SignUpRefusedError(UNREADABLE)
    try:
        attributes = cognito_user.read_attributes(event)
        "".join(attributes.values()).encode()
    except (UnreadableUserError, UnicodeEncodeError):
        raise SignUpRefusedError(UNREADABLE) from None
    if any(len(value) > _MAX_ATTRIBUTE for value in attributes.values()):
        raise SignUpRefusedError(TOO_LONG)
    requested_role = roles.find_requested_role(attributes)
    if requested_role is not None and requested_role not in roles.allowed:
        raise SignUpRefusedError(
            f"This role can't be chosen at sign-up. Available roles: {', '.join(roles.allowed)}",
        )
    phone = attributes.get("phone_number")
    if phone and not _E164.fullmatch(phone):
        raise SignUpRefusedError(INVALID_PHONE)
    return event


def from_environment(environment: Mapping[str, str], report: Report) -> Callable[[Any], Any]:
    """Create the check.

    Args:
        environment: TEMPLATE, SIGN_UP_ROLES and DEFAULT_ROLE.
        report: Log lines and metrics.

    Returns:
        A function that returns the event, or raises SignUpRefusedError with a message for the user. If the
        environment is wrong, it rejects every sign-up. The message doesn't say why, but the log does.
    """
    try:
        roles = settings.roles(environment, settings.template(environment))
    except ValueError as error:
        problem = str(error)

        def reject_event(event: Any) -> Any:  # noqa: ARG001  (same parameters as check_event)
            report.error("the function is misconfigured", metric="SignUpRefused", problem=problem)
            raise SignUpRefusedError(UNAVAILABLE)

        return reject_event

    def check_event(event: Any) -> Any:
        source = _trigger_source(event) or "unknown"
        try:
            accepted_event = check_sign_up(event, roles)
        except SignUpRefusedError as refusal:
            # The messages are ours and don't repeat the user's input.
            report.warning(
                "sign-up rejected", metric="SignUpRefused", triggerSource=source, reason=str(refusal)
            )
            raise
        except Exception as error:  # noqa: BLE001  (logged, and the sign-up is rejected)
            report.error(
                "sign-up rejected after an unexpected error",
                metric="SignUpRefused",
                triggerSource=source,
                error=error_code(error),
            )
            raise SignUpRefusedError(UNAVAILABLE) from None
        report.info("sign-up accepted", triggerSource=source)
        return accepted_event

    return check_event
