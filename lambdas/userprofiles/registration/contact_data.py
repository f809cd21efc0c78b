"""Email address and phone number of a user: Cognito verifies them, so its values replace those of the items.

Users change both in Cognito, and no trigger reports it. The changed values are in the event of the next
sign-in or refresh.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from userprofiles.table import audit, deletion, item_upgrade, record
from userprofiles.table.audit import Action
from userprofiles.table.store import Store, UserItems
from userprofiles.table.update_expression import Change
from userprofiles.template import Template
from userprofiles.template_check import ITEM_KINDS, SYSTEM_VALUES, ItemKind

_ADDRESSES = ("email", "phone_number")
# Attribute in Cognito to the address that it belongs to.
_ADDRESS_OF_ATTRIBUTE = {
    **{address: address for address in _ADDRESSES},
    **{f"{address}_verified": address for address in _ADDRESSES},
}


@dataclass(frozen=True)
class ContactUpdate:
    """The changes that bring a user's items up to date.

    Attributes:
        fields: Names of the fields whose value in Cognito is new, such as `account.email`.
        changes: The changes of each item, with those of an upgrade to the template's version and of
            completion.
    """

    fields: tuple[str, ...]
    changes: Mapping[ItemKind, list[Change]]


def find_update(
    template: Template, user: UserItems, attributes: Mapping[str, str], now: str
) -> ContactUpdate | None:
    """Compare the addresses in Cognito, and whether they are verified, with the user's items.

    A field is compared if its first source in the template is one of these attributes and users can't change
    it themselves (`readOnly`). An address that Cognito does not have, or that does not match the schema,
    changes nothing.

    Args:
        template: Defines the fields and their sources.
        user: Both items of the user.
        attributes: The user's attributes in Cognito.
        now: The time of the update, as `record.timestamp` formats it.

    Returns:
        None if nothing is new, if a newer major version of the template wrote the items, or if the user is
        marked for deletion. The first sign-in after a restore updates the user.
    """
    stored: dict[ItemKind, record.Item] = {"account": user.account or {}, "profile": user.profile or {}}
    if item_upgrade.is_newer_major(template, stored["account"]):
        return None
    if deletion.find_request(stored["account"]) is not None:
        return None
    role = _schema_role(template, stored["account"])
    upgraded = item_upgrade.upgrade(template, role, stored)
    values = {kind: _new_values(template, kind, role, upgraded[kind], attributes) for kind in ITEM_KINDS}
    new_values = {kind: fields for kind, fields in values.items() if fields}
    if not new_values:
        return None
    fields = tuple(sorted(f"{kind}.{name}" for kind, names in new_values.items() for name in names))
    if "profile" in new_values:
        new_values["profile"][template.update_time_field] = now
    with_set_fields = item_upgrade.add_set_fields(template, role, upgraded, new_values, {})
    complete_values = item_upgrade.add_upgrade(template, role, stored, upgraded, with_set_fields)
    return ContactUpdate(
        fields,
        {
            kind: [
                Change((name,), value)
                for name, value in complete_values[kind].items()
                if name not in stored[kind] or stored[kind][name] != value
            ]
            for kind in ITEM_KINDS
        },
    )


def write_update(
    store: Store, user: UserItems, update: ContactUpdate, *, sub: str, source: str, moment: datetime
) -> bool:
    """Write the changes of an update and an audit row.

    Args:
        store: The tables.
        user: Both items of the user, as `find_update` got them.
        update: The result of `find_update`.
        sub: The user's sub.
        source: Value of `source` in the audit row.
        moment: The time of the write.

    Returns:
        False if the user was changed since the read. Nothing was written then.

    Raises:
        userprofiles.table.store_errors.StoreError: Nothing was written, or the result is unknown.
    """
    audit_row = audit.create_row(
        sub,
        Action.CONTACT_UPDATED,
        source=source,
        account=user.account,
        moment=moment,
        fields=update.fields,
    )
    return store.change(user, update.changes, audit_row) is not None


def _schema_role(template: Template, account: Mapping[str, Any]) -> str:
    role = account.get("role")
    return role if role in template.roles else template.default_role


def _new_values(
    template: Template, kind: ItemKind, role: str, item: Mapping[str, Any], attributes: Mapping[str, str]
) -> dict[str, Any]:
    """Return the values of the compared fields that differ from the item's."""
    # The values of other sources are not used.
    values, unfit_fields = template.fill(kind, role, attributes, dict.fromkeys(SYSTEM_VALUES, ""))
    fields = template.schema(kind, role)["properties"]
    new_values = {}
    for name, sources in template.document["cognito"][kind].items():
        address = _ADDRESS_OF_ATTRIBUTE.get(sources[0].get("attribute", ""))
        is_compared = (
            address is not None and attributes.get(address) and fields.get(name, {}).get("readOnly", False)
        )
        if is_compared and name in values and name not in unfit_fields and values[name] != item.get(name):
            new_values[name] = values[name]
    return new_values
