"""Compares the stored items of an imported user with those that an import would write. Pure functions."""

from collections.abc import Mapping
from typing import Any

from userprofiles.legacy.users.user_items import FIELD_HASHES, LegacyUserItems, value_hash
from userprofiles.table import record
from userprofiles.table.record import Item
from userprofiles.template import Template
from userprofiles.template_check import ITEM_KINDS, ItemKind

# The time of the import differs from that of a comparison.
_TIMES = frozenset({"created_at", "createdAt", "updated_at", "updatedAt"})


def differing_fields(
    template: Template, stored: Mapping[ItemKind, Item], expected: LegacyUserItems
) -> list[tuple[ItemKind, str]]:
    """Return the fields whose stored value is not the expected one.

    Args:
        template: Defines the fields.
        stored: The stored account and profile.
        expected: The items that an import would write now.
    """
    return [
        (kind, name)
        for kind in ITEM_KINDS
        for name in template.schema(kind, template.default_role)["properties"]
        if name not in _TIMES and expected.item(kind).get(name) != stored[kind].get(name)
    ]


def is_imported_value(mirror: Mapping[str, Any], kind: ItemKind, name: str, stored: Item) -> bool:
    """Return whether a field still has the value that the last import wrote."""
    expected = (mirror.get(FIELD_HASHES) or {}).get(f"{kind}.{name}")
    if name not in stored:
        return expected is None
    return bool(expected == value_hash(stored["PK"], stored[name]))


def is_created_by(item: Mapping[str, Any] | None, run_id: str) -> bool:
    """Return whether a run created an item."""
    return item is not None and item.get(record.RUN_ID) == run_id


def is_unchanged(account: Mapping[str, Any], run_id: str) -> bool:
    """Return whether a run created an account, and nobody has changed it or the profile since.

    Each change by the API, a function or an administrator writes an audit row, so the account gets an
    `auditHead`.
    """
    return is_created_by(account, run_id) and "auditHead" not in account
