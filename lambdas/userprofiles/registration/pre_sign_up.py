"""The check before a sign-up, as a function's environment configures it. It fails closed."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from userprofiles import settings
from userprofiles.registration import cognito_user
from userprofiles.registration.cognito_user import UnreadableUserError
from userprofiles.settings import Roles
from userprofiles.telemetry import Report, error_code

_SOURCES = frozenset({"PreSignUp_SignUp", "PreSignUp_AdminCreateUser", "PreSignUp_ExternalProvider"})

_LONGEST_ATTRIBUTE = 2048  # Cognito's own limit for an attribute

# Everything below is shown to who signs up: nothing of it repeats what they typed or tells how this works.
# Cognito writes "PreSignUp failed with error <text>.": the full stop is its own.
UNREADABLE = "The sign-up could not be read. Please check what you entered and try again"
UNAVAILABLE = "Sign-up is not possible at the moment. Please try again later"
BAD_PHONE = (
    "The phone number has to be in international form: a plus sign, the country code and the number, "
    "digits only, such as +14155550123"
)
TOO_LONG = f"One of the values is too long; the most is {_LONGEST_ATTRIBUTE} characters"

_E164 = re.compile(r"\+[1-9][0-9]{1,14}")


class SignUpRefusedError(Exception):
    """A sign-up that is refused. The message is for who signs up."""


def _trigger_source(event: Any) -> str | None:
    """Return an event's trigger source if it is one of PreSignUp's, else None."""
    source = event.get("triggerSource") if isinstance(event, dict) else None
    return source if isinstance(source, str) and source in _SOURCES else None


def check_sign_up(event: Any, roles: Roles) -> Any:
    """Refuse a sign-up with a role outside the allow-list or a phone number that is not E.164.

    It fails closed: what it can't read, it refuses. It can't change an attribute (Cognito wouldn't take it).

    Args:
        event: The event of a PreSignUp trigger.
        roles: The allow-list.

    Returns:
        The event as it came.

    Raises:
        SignUpRefusedError: With a text for who signs up.
    """
    if _trigger_source(event) is None:
        raise SignUpRefusedError(UNREADABLE)
    try:
        attributes = cognito_user.attributes_of(event)
        "".join(attributes.values()).encode()
    except (UnreadableUserError, UnicodeEncodeError):
        raise SignUpRefusedError(UNREADABLE) from None
    if any(len(value) > _LONGEST_ATTRIBUTE for value in attributes.values()):
        raise SignUpRefusedError(TOO_LONG)
    asked = roles.asked(attributes)
    if asked is not None and asked not in roles.allowed:
        raise SignUpRefusedError(
            f"This role can't be chosen at sign-up. Roles to choose from: {', '.join(roles.allowed)}",
        )
    phone = attributes.get("phone_number")
    if phone and not _E164.fullmatch(phone):
        raise SignUpRefusedError(BAD_PHONE)
    return event


def from_environment(environment: Mapping[str, str], report: Report) -> Callable[[Any], Any]:
    """Make the gate.

    Args:
        environment: TEMPLATE, SIGN_UP_ROLES and DEFAULT_ROLE.
        report: Log lines and metrics.

    Returns:
        A function that returns the event, or raises SignUpRefusedError with a text for who signs up. Where
        the environment is wrong it refuses everybody, with a text that doesn't tell why; the log does.
    """
    try:
        roles = settings.roles(environment, settings.template(environment))
    except ValueError as error:
        problem = str(error)

        def closed(event: Any) -> Any:  # noqa: ARG001  (takes what the gate takes)
            report.error("the function is misconfigured", metric="SignUpRefused", problem=problem)
            raise SignUpRefusedError(UNAVAILABLE)

        return closed

    def gate(event: Any) -> Any:
        known = _trigger_source(event) or "unknown"
        try:
            passed = check_sign_up(event, roles)
        except SignUpRefusedError as refusal:
            # The texts are ours and repeat nothing that was typed.
            report.warning(
                "sign-up refused", metric="SignUpRefused", triggerSource=known, reason=str(refusal)
            )
            raise
        except Exception as error:  # noqa: BLE001  (fails closed: reported, and refused)
            report.error(
                "sign-up refused after an unexpected error",
                metric="SignUpRefused",
                triggerSource=known,
                error=error_code(error),
            )
            raise SignUpRefusedError(UNAVAILABLE) from None
        report.info("sign-up may go on", triggerSource=known)
        return passed

    return gate
