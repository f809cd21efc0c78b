"""The changes of a delta pass to the items of one user. Pure functions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from userprofiles import completion
from userprofiles.legacy.users.user_comparison import differing_fields, is_imported_value
from userprofiles.legacy.users.user_items import FIELD_HASHES, LegacyUserItems
from userprofiles.legacy.users.user_table import MISSING, ItemUpdate
from userprofiles.registration.first_values import with_completion
from userprofiles.table import record
from userprofiles.table.record import Item
from userprofiles.template import Template
from userprofiles.template_check import ITEM_KINDS, ItemKind

_STATUS = "status"
_STATUS_LIST = "statusListPK"


@dataclass(frozen=True)
class StoredUser:
    """The stored items of an imported user."""

    account: Item
    profile: Item
    mirror: Item

    def item(self, kind: ItemKind) -> Item:
        """Return the account or the profile."""
        return self.account if kind == "account" else self.profile


@dataclass(frozen=True)
class UserChange:
    """The fields that a delta pass changes.

    Attributes:
        fields: The new values by kind of item.
        kept_fields: The number of fields that differ and stay, because the user has changed them.
    """

    fields: Mapping[ItemKind, Mapping[str, Any]]
    kept_fields: int


def find_change(template: Template, stored: StoredUser, expected: LegacyUserItems) -> UserChange:
    """Return the fields that have changed in the source, and that still have the imported value here."""
    items: dict[ItemKind, Item] = {kind: stored.item(kind) for kind in ITEM_KINDS}
    different = differing_fields(template, items, expected)
    fields: dict[ItemKind, dict[str, Any]] = {kind: {} for kind in ITEM_KINDS}
    for kind, name in different:
        if name in expected.item(kind) and is_imported_value(stored.mirror, kind, name, items[kind]):
            fields[kind][name] = expected.item(kind)[name]
    return UserChange(fields, len(different) - sum(map(len, fields.values())))


def change_updates(
    template: Template,
    stored: StoredUser,
    expected: LegacyUserItems,
    change: UserChange,
    mirror_attributes: Mapping[str, Any],
) -> list[ItemUpdate]:
    """Return the updates of a change, for one transaction. Each fails if its fields were changed meanwhile.

    Args:
        template: Defines the fields.
        stored: The items as they were read.
        expected: The items that an import would write now.
        change: The fields to change.
        mirror_attributes: Further attributes of the mirror.
    """
    changes: dict[ItemKind, dict[str, Any]] = {
        kind: _with_set_fields(template, kind, stored.item(kind), change.fields[kind]) for kind in ITEM_KINDS
    }
    if _STATUS in changes["account"] and _STATUS_LIST in expected.account:
        changes["account"][_STATUS_LIST] = expected.account[_STATUS_LIST]
    if changes["profile"]:
        name = template.update_time_field
        changes["profile"] |= {name: expected.profile[name]} if name in expected.profile else {}
    if any(changes.values()):
        changes["profile"] |= _completion_change(template, stored, changes)
    updates = [
        ItemUpdate(stored.item(kind), changes[kind], _read_values(stored.item(kind), change.fields[kind]))
        for kind in ITEM_KINDS
        if changes[kind]
    ]
    names = [f"{kind}.{name}" for kind in ITEM_KINDS for name in change.fields[kind]]
    hashes = {name: expected.mirror[FIELD_HASHES][name] for name in names}
    if names or mirror_attributes:
        all_hashes = {**(stored.mirror.get(FIELD_HASHES) or {}), **hashes}
        unchanged = {record.RUN_ID: stored.mirror[record.RUN_ID]}
        updates.append(ItemUpdate(stored.mirror, {FIELD_HASHES: all_hashes, **mirror_attributes}, unchanged))
    return updates


def _with_set_fields(
    template: Template, kind: ItemKind, item: Item, fields: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the changes with the new `setFields`, from which completion is computed."""
    if not fields:
        return {}
    set_fields = completion.changed_set_fields(template, template.default_role, kind, item, written=fields)
    return {**fields, completion.SET_FIELDS: set_fields}


def _completion_change(
    template: Template, stored: StoredUser, changes: Mapping[ItemKind, Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the new `profile_completed` if it differs."""
    account = {**stored.account, **changes["account"]}
    profile = with_completion(
        template, template.default_role, account, {**stored.profile, **changes["profile"]}
    )
    name = completion.PROFILE_COMPLETED
    is_same = name not in profile or profile[name] == stored.profile.get(name)
    return {} if is_same else {name: profile[name]}


def _read_values(item: Item, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the condition that an item still has the values that were read, and its last audit row."""
    names = dict.fromkeys((*fields, completion.SET_FIELDS, "auditHead"))
    return {name: item.get(name, MISSING) for name in names}
