"""Compares a user of the pool with the user's items. Pure functions: no clock, no AWS calls."""

from dataclasses import dataclass

from userprofiles.lifecycle.reconciliation.inventory import DifferenceKind
from userprofiles.registration import contact_data
from userprofiles.registration.cognito_user import CognitoUser
from userprofiles.table import deletion
from userprofiles.table.store import UserItems
from userprofiles.template import Template


@dataclass(frozen=True)
class UserDifference:
    """How the items of a user differ from the pool.

    Attributes:
        kind: MISSING, CONTACT or ERASED.
        detail: Names of items or fields.
    """

    kind: DifferenceKind
    detail: str = ""


def compare(template: Template, user: CognitoUser, items: UserItems, now: str) -> UserDifference | None:
    """Compare a user who must have a profile with the user's items.

    Args:
        template: Defines the fields and their sources in Cognito.
        user: The user of the pool.
        items: The items of the user.
        now: The current time, as `record.timestamp` formats it.

    Returns:
        None if nothing differs, or if the account is marked for deletion.
    """
    if items.is_erased:
        return UserDifference(DifferenceKind.ERASED)
    if deletion.find_request(items.account):
        return None
    if not items.is_complete:
        missing_items = {"account": items.account, "profile": items.profile}
        names = ", ".join(name for name, item in missing_items.items() if item is None)
        return UserDifference(DifferenceKind.MISSING, names)
    update = contact_data.find_update(template, items, user.attributes, now)
    return None if update is None else UserDifference(DifferenceKind.CONTACT, ", ".join(update.fields))
