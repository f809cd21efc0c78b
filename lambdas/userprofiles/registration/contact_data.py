"""Email address and phone number of a user: Cognito verifies them, so its values replace those of the items.

Users change both in Cognito, and no trigger reports it. The changed values are in the event of the next
sign-in or refresh.
"""

from collections.abc import Mapping
from typing import Any

from userprofiles.table.store import UserItems
from userprofiles.table.update_expression import Change
from userprofiles.template import Template
from userprofiles.template_check import ITEM_KINDS, SYSTEM_VALUES, ItemKind

_ADDRESSES = ("email", "phone_number")
# Attribute in Cognito to the address that it belongs to.
_ADDRESS_OF_ATTRIBUTE = {
    **{address: address for address in _ADDRESSES},
    **{f"{address}_verified": address for address in _ADDRESSES},
}

Changes = dict[ItemKind, list[Change]]


def find_changes(template: Template, user: UserItems, attributes: Mapping[str, str]) -> Changes:
    """Compare the addresses in Cognito, and whether they are verified, with the user's items.

    A field is compared if its first source in the template is one of these attributes and users can't change
    it themselves (`readOnly`). An address that Cognito does not have, or that does not match the schema,
    changes nothing.

    Args:
        template: Defines the fields and their sources.
        user: Both items of the user.
        attributes: The user's attributes in Cognito.

    Returns:
        The changes of each item that differs.
    """
    role = _schema_role(template, user.account or {})
    # The values of the other sources are not used.
    system = dict.fromkeys(SYSTEM_VALUES, "")
    changes: Changes = {}
    for kind in ITEM_KINDS:
        item = (user.account if kind == "account" else user.profile) or {}
        values, unfit_fields = template.fill(kind, role, attributes, system)
        changed_fields = [
            Change((name,), values[name])
            for name in _contact_fields(template, kind, role, attributes)
            if name in values and name not in unfit_fields and values[name] != item.get(name)
        ]
        if changed_fields:
            changes[kind] = changed_fields
    return changes


def _schema_role(template: Template, account: Mapping[str, Any]) -> str:
    role = account.get("role")
    return role if role in template.roles else template.default_role


def _contact_fields(
    template: Template, kind: ItemKind, role: str, attributes: Mapping[str, str]
) -> list[str]:
    """Return the names of the fields to compare."""
    fields = template.schema(kind, role)["properties"]
    names = []
    for name, sources in template.document["cognito"][kind].items():
        address = _ADDRESS_OF_ATTRIBUTE.get(sources[0].get("attribute", ""))
        is_read_only = fields.get(name, {}).get("readOnly", False)
        if is_read_only and address is not None and attributes.get(address):
            names.append(name)
    return names


def changed_field_names(changes: Changes) -> list[str]:
    """Return the names of the changed fields, such as `account.email`."""
    return sorted(f"{kind}.{change.path[0]}" for kind, items in changes.items() for change in items)


def with_update_time(changes: Changes, now: str) -> Changes:
    """Return the changes with the time of the update, if the profile changes."""
    if "profile" not in changes:
        return changes
    return {**changes, "profile": [*changes["profile"], Change(("updatedAt",), now)]}
