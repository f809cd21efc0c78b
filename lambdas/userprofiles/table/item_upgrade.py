"""Items of older and newer versions of the template, and the bookkeeping of a write.

* An item of an older version is upgraded in memory when it is read. The next write stores the upgrade.
* An item of a newer minor version can be read and written: unknown fields are kept, and its version too.
* An item of a newer major version can be read only.

The account has the version of both items, `templateVersion`. Without it, the version is 1.0.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from userprofiles import completion, template_version
from userprofiles.completion import SET_FIELDS
from userprofiles.table.record import Item
from userprofiles.table.update_expression import REMOVED
from userprofiles.template import Template
from userprofiles.template_check import ITEM_KINDS, ItemKind
from userprofiles.template_version import Version

TEMPLATE_VERSION = "templateVersion"

Items = Mapping[ItemKind, Item]


def _version(text: Any) -> Version:
    return template_version.parse(text) or (1, 0)


def is_newer_major(template: Template, account: Mapping[str, Any]) -> bool:
    """Return whether an account was written by a newer major version, so that it must not be written."""
    return _version(account.get(TEMPLATE_VERSION))[0] > _version(template.version)[0]


def upgrade(template: Template, role: str, items: Items) -> Items:
    """Return a user's items as the template's version has them; the same items if they are not older.

    Fields that an item lacks get the default of the template. Fields that the template does not have are
    kept, except those that a step of `upgrades` renames or removes.
    """
    version = _version(items["account"].get(TEMPLATE_VERSION))
    if version >= _version(template.version):
        return items
    steps = template.document.get("upgrades", [])
    upgraded = {
        kind: {
            **template.defaults(kind, role),
            **template_version.apply_steps(steps, kind, item, version),
        }
        for kind, item in items.items()
    }
    upgraded["account"][TEMPLATE_VERSION] = template.version
    return upgraded


def add_set_fields(
    template: Template, role: str, items: Items, new_values: Items, reset: Mapping[ItemKind, Iterable[str]]
) -> Items:
    """Return the new values of a write, with `setFields` where it changes.

    Args:
        template: Defines the completion fields.
        role: The user's role.
        items: The upgraded items before the write.
        new_values: The fields that somebody writes, also those whose value stays the same.
        reset: The fields among them that get the template's default again.
    """
    values = dict(new_values)
    for kind, fields in new_values.items():
        old_names = items[kind].get(SET_FIELDS) or []
        names = completion.changed_set_fields(
            template, role, kind, items[kind], written=fields, reset=reset.get(kind, ())
        )
        if names != old_names:
            values[kind] = {**fields, SET_FIELDS: names}
    return values


def add_upgrade(template: Template, role: str, stored: Items, upgraded: Items, new_values: Items) -> Items:
    """Return the new values of a write, with those of the upgrade and with `profile_completed`.

    Args:
        template: The template.
        role: The user's role.
        stored: The items as they are in the table.
        upgraded: The result of `upgrade`.
        new_values: The result of `add_set_fields`.
    """
    values = {
        kind: {**_differences(stored[kind], upgraded[kind]), **new_values.get(kind, {})}
        for kind in ITEM_KINDS
    }
    if completion.has_completed_field(template):
        account, profile = (
            {
                name: value
                for name, value in {**upgraded[kind], **values[kind]}.items()
                if value is not REMOVED
            }
            for kind in ITEM_KINDS
        )
        result = completion.completion(template, role, account, profile)
        values["profile"][completion.PROFILE_COMPLETED] = result.is_complete
    return values


def _differences(stored: Item, upgraded: Item) -> Item:
    if stored is upgraded:
        return {}
    return {
        **{name: REMOVED for name in stored if name not in upgraded},
        **{name: value for name, value in upgraded.items() if name not in stored or stored[name] != value},
    }
