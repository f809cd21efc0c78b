"""A sign-up, before and after: who may sign up at all, and what is written of who did."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from userprofiles import audit, cognito_user, record
from userprofiles.audit import Action
from userprofiles.cognito_user import CognitoUser, UnreadableUserError
from userprofiles.settings import Roles
from userprofiles.store import Store, StoreBusyError
from userprofiles.template import Template

PRE_SIGN_UP_SOURCES = frozenset(
    {"PreSignUp_SignUp", "PreSignUp_AdminCreateUser", "PreSignUp_ExternalProvider"},
)

# Everything below is shown to who signs up: nothing of it repeats what they typed or tells how this works.
# Cognito writes "PreSignUp failed with error <text>.": the full stop is its own.
UNREADABLE = "The sign-up could not be read. Please check what you entered and try again"
UNAVAILABLE = "Sign-up is not possible at the moment. Please try again later"
BAD_PHONE = (
    "The phone number has to be in international form: a plus sign, the country code and the number, "
    "digits only, such as +14155550123"
)
TOO_LONG = "One of the values is too long; the most is 2048 characters"

_E164 = re.compile(r"\+[1-9][0-9]{1,14}")
_LONGEST_ATTRIBUTE = 2048  # Cognito's own limit for an attribute
_ATTEMPTS = 3


class SignUpRefusedError(Exception):
    """A sign-up that is refused. The message is for who signs up."""


def pre_sign_up_source(event: Any) -> str | None:
    """Return an event's trigger source if it is one of PreSignUp's, else None."""
    source = event.get("triggerSource") if isinstance(event, dict) else None
    return source if isinstance(source, str) and source in PRE_SIGN_UP_SOURCES else None


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
    if pre_sign_up_source(event) is None:
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


class Outcome(StrEnum):
    """What `register` found and did."""

    CREATED = "created"
    EXISTED = "existed"
    REPAIRED = "repaired"
    ERASED = "erased"


@dataclass(frozen=True)
class Registration:
    """How a registration ended.

    Attributes:
        outcome: What was found and done.
        role: The role that was decided; it counts only where an account was written.
        unfit: Fields whose value in Cognito didn't fit the template, and which have their default instead.
    """

    outcome: Outcome
    role: str
    unfit: tuple[str, ...]


def register(
    user: CognitoUser,
    *,
    store: Store,
    template: Template,
    roles: Roles,
    source: str,
    moment: datetime,
) -> Registration:
    """See to it that a user has exactly one account and one profile.

    The one way for everybody: the trigger, the outbox worker and the API on first access. It may run any
    number of times, also at the same time; what is there is never changed, and an erased user stays erased.

    Args:
        user: The user as Cognito tells it. Client metadata is no part of it: clients make it up.
        store: The tables.
        template: What account and profile look like.
        roles: The allow-list; a role outside it becomes the default, since some ways in pass no PreSignUp.
        source: Through what the registration came, for the audit row.
        moment: Now.

    Raises:
        userprofiles.store.StoreError: The table refused, or stayed busy.
        userprofiles.attribute_value.AttributeValueError: A template's value can't be stored.
    """
    role = roles.decide(user.attributes)
    now = record.timestamp(moment)
    system = {"sub": user.sub, "role": role, "now": now}
    account_fields, unfit_account = template.fill("account", role, user.attributes, system)
    profile_fields, unfit_profile = template.fill("profile", role, user.attributes, system)
    unfit = tuple(f"account.{name}" for name in unfit_account) + tuple(
        f"profile.{name}" for name in unfit_profile
    )

    def row(action: Action, previous: str | None, version: int) -> audit.Row:
        return audit.row(user.sub, action, source=source, previous=previous, version=version, moment=moment)

    def account(head: audit.Row) -> record.Item:
        return record.account_item(user.sub, role, now, account_fields, head["hash"])

    profile = record.profile_item(user.sub, profile_fields)
    for _ in range(_ATTEMPTS):
        first = row(Action.REGISTERED, None, 1)
        found = store.create(account(first), profile, first)
        if found.erased:
            return Registration(Outcome.ERASED, role, unfit)
        if found.whole:
            return Registration(Outcome.EXISTED, role, unfit)
        if found.account is None and found.profile is None:
            return Registration(Outcome.CREATED, role, unfit)
        if found.account is not None:
            repair = row(Action.REPAIRED, audit.chain_head(found.account), _next_version(found.account))
            repaired = store.add_profile(found.account, profile, repair)
        else:
            repair = row(Action.REPAIRED, None, 1)
            repaired = store.add_account(account(repair), repair)
        if repaired:
            return Registration(Outcome.REPAIRED, role, unfit)
        # Somebody else repaired, changed or erased the user in between: look again.
    raise StoreBusyError("RepairConflict")


def _next_version(account: Mapping[str, Any]) -> int:
    return int(account.get("version", 0)) + 1
