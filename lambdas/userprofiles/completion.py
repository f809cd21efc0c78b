"""Completion of a profile: which of the template's completion fields somebody has set.

A field counts if it is not empty and either its name is in `setFields` of its item or its value differs from
the template's default. `setFields` has the names of the completion fields that somebody has set: Cognito's
attributes at sign-up, the user, an administrator or an import. So a default does not count until somebody
writes that field, even with the same value.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from userprofiles.template import Template
from userprofiles.template_check import ITEM_KINDS, ItemKind

SET_FIELDS = "setFields"
PROFILE_COMPLETED = "profile_completed"


@dataclass(frozen=True)
class Completion:
    """How complete a profile is.

    Attributes:
        is_complete: Whether no field is missing.
        completion_percentage: Weight of the fields that count, from 0 to 100, rounded down. 100 only if no
            field is missing.
        missing_fields: Names of the other fields in the template's order. A field of the account has the
            prefix `account.` if the profile has a field of the same name.
    """

    is_complete: bool
    completion_percentage: int
    missing_fields: tuple[str, ...]


def completion(
    template: Template, role: str, account_item: Mapping[str, Any], profile_item: Mapping[str, Any]
) -> Completion:
    """Compute the completion of a user.

    Args:
        template: Defines the completion fields and their weights.
        role: The user's role, which can add completion fields.
        account_item: The account as stored, with `setFields`.
        profile_item: The profile as stored, with `setFields`.
    """
    items: dict[ItemKind, Mapping[str, Any]] = {"account": account_item, "profile": profile_item}
    profile_names = template.schema("profile", role)["properties"]
    total = reached = 0
    missing_fields = []
    for kind, weights in completion_weights(template, role).items():
        defaults = template.defaults(kind, role)
        for name, weight in weights.items():
            total += weight
            if _counts(name, items[kind], defaults):
                reached += weight
            else:
                is_ambiguous = kind == "account" and name in profile_names
                missing_fields.append(f"account.{name}" if is_ambiguous else name)
    percentage = 100 * reached // total if total else 100
    return Completion(not missing_fields, percentage, tuple(missing_fields))


def completion_weights(template: Template, role: str) -> dict[ItemKind, dict[str, int]]:
    """Return the weights of a role's completion fields, for account and profile."""
    document = template.document.get("completion", {})
    role_document = document.get("roles", {}).get(role, {})
    return {kind: {**document.get(kind, {}), **role_document.get(kind, {})} for kind in ITEM_KINDS}


def _counts(name: str, item: Mapping[str, Any], defaults: Mapping[str, Any]) -> bool:
    value = item.get(name)
    if is_empty(value):
        return False
    return name in (item.get(SET_FIELDS) or ()) or name not in defaults or value != defaults[name]


def is_empty(value: Any) -> bool:
    """Return whether a value is null, blank, or a list or object without any other value."""
    if isinstance(value, Mapping):
        return all(map(is_empty, value.values()))
    if isinstance(value, str):
        return not value.strip()
    return value is None or (isinstance(value, list) and all(map(is_empty, value)))


def changed_set_fields(
    template: Template,
    role: str,
    kind: ItemKind,
    item: Mapping[str, Any],
    *,
    written: Iterable[str],
    reset: Iterable[str] = (),
) -> list[str]:
    """Return `setFields` of an item after a write.

    Args:
        template: Defines the completion fields.
        role: The user's role.
        kind: Account or profile.
        item: The item before the write. Names that this template does not have are kept: a newer template may
            have them.
        written: The fields that somebody writes, also those whose value stays the same.
        reset: The fields that the write resets to the template's default.
    """
    weights = completion_weights(template, role)[kind]
    names = {*(item.get(SET_FIELDS) or ()), *(name for name in written if name in weights)}
    return sorted(names - set(reset))


def has_completed_field(template: Template) -> bool:
    """Return whether the profile has the field `profile_completed`, which each write stores."""
    return PROFILE_COMPLETED in template.document["profile"]["properties"]
