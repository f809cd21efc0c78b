"""The first values of a user's fields: at sign-up, on first access, and at an import."""

from collections.abc import Mapping
from dataclasses import dataclass

from userprofiles import completion
from userprofiles.table.record import Item
from userprofiles.template import Template
from userprofiles.template_check import ITEM_KINDS, ItemKind


@dataclass(frozen=True)
class FirstValues:
    """The first values of a user's fields.

    Attributes:
        account: The fields of the account, with `templateVersion` and `setFields`.
        profile: The fields of the profile, with `setFields`.
        unfit_fields: Fields whose value in Cognito doesn't match the template's schema.
    """

    account: Item
    profile: Item
    unfit_fields: tuple[str, ...]


def first_values(
    template: Template, sub: str, attributes: Mapping[str, str], role: str, now: str
) -> FirstValues:
    """Return the first values of a user's fields.

    Args:
        template: Defines the fields of account and profile.
        sub: The user's sub.
        attributes: The user's attributes in Cognito.
        role: The role that the user gets.
        now: The time of creation, as `record.timestamp` formats it.
    """
    system = {"sub": sub, "role": role, "now": now}
    values: dict[ItemKind, Item] = {}
    unfit_fields: list[str] = []
    for kind in ITEM_KINDS:
        fields, unfit_names = template.fill(kind, role, attributes, system)
        unfit_fields.extend(f"{kind}.{name}" for name in unfit_names)
        names = template.fields_from_attributes(kind, attributes, fields)
        set_fields = completion.changed_set_fields(template, role, kind, {}, written=names)
        values[kind] = {**fields, completion.SET_FIELDS: set_fields}
    values["account"]["templateVersion"] = template.version
    return FirstValues(values["account"], values["profile"], tuple(unfit_fields))


def with_completion(template: Template, role: str, account: Item, profile: Item) -> Item:
    """Return the profile with `profile_completed`, if the template has that field."""
    if not completion.has_completed_field(template):
        return profile
    result = completion.completion(template, role, account, profile)
    return {**profile, completion.PROFILE_COMPLETED: result.is_complete}
