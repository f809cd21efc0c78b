"""Whether an item is as an import wrote it. Pure functions."""

from collections.abc import Mapping
from typing import Any

from userprofiles.social import content, premium

IMPORTED_END = "importedEndsAt"
"""The end of a paid plan as an import wrote it, empty for none. A plan that was extended here ends later."""

ATTRIBUTES = ("entityType", "created_at", "updated_at", "ends_at", IMPORTED_END)
"""The attributes that `is_as_imported` reads."""


def is_content_unchanged(item: Mapping[str, Any]) -> bool:
    """Return whether a content item is as the import wrote it: the API changes `updated_at`."""
    return bool(item.get("updated_at") == item.get("created_at"))


def is_plan_unchanged(item: Mapping[str, Any]) -> bool:
    """Return whether a paid plan ends as an import wrote it."""
    return bool(item.get("ends_at", "") == item.get(IMPORTED_END))


def is_as_imported(item: Mapping[str, Any]) -> bool:
    """Return whether an item of any stage after the users is as the import wrote it.

    Nobody changes links and redirects: they are created and deleted. Counters follow other items.
    """
    if item.get("entityType") == content.ENTITY_TYPE:
        return is_content_unchanged(item)
    return item.get("entityType") != premium.ENTITY_TYPE or is_plan_unchanged(item)
