"""Compares a stored item with the item that a run creates for its user. Pure: no AWS call, no clock."""

import uuid
from contextlib import suppress
from decimal import Decimal
from typing import Any

from userprofiles.backfill.review.run_history import parse_time
from userprofiles.backfill.tables.table_shape import get_string
from userprofiles.backfill.targets.profile_writer import CREATED_AT
from userprofiles.backfill.users.user_row import Row
from userprofiles.table.attribute_value import AttributeValue
from userprofiles.template import Template
from userprofiles.template_check import ITEM_KINDS


class ItemComparison:
    """Compares profiles, and finds out whether somebody changed them.

    Args:
        template: The template of the profiles.
    """

    def __init__(self, template: Template) -> None:
        self._updated_at = template.update_time_field
        self._random_names = frozenset(
            name
            for kind in ITEM_KINDS
            for name, source in template.system_sources(kind).items()
            if source == "uuid"
        )

    def creation_time(self, profile: Row) -> str:
        """Return the time of creation of a profile: that of the last change if it has no valid one."""
        names = (*CREATED_AT, self._updated_at)
        texts = [text for name in names if (text := get_string(profile, name))]
        return next((text for text in texts if parse_time(text)), texts[0] if texts else "")

    def creation_name(self, profile: Row) -> str:
        """Return the name of the attribute with the time of creation."""
        return next((name for name in CREATED_AT if name in profile), self._updated_at)

    def is_changed(self, profile: Row) -> bool:
        """Return whether the last change of a profile is later than its creation."""
        created_at = parse_time(self.creation_time(profile))
        updated_at = parse_time(get_string(profile, self._updated_at) or "")
        return created_at is not None and updated_at is not None and updated_at > created_at

    def differing_names(self, stored: Row, expected: Row) -> list[str]:
        """Return the names of the attributes that differ, or that only one of the items has."""
        names = stored.keys() | expected.keys()
        return sorted(name for name in names if not self._is_equal(name, stored, expected))

    def _is_equal(self, name: str, stored: Row, expected: Row) -> bool:
        if name not in stored or name not in expected:
            return False
        if stored[name] == expected[name]:
            return True
        if name in self._random_names:
            return _is_uuid(get_string(stored, name))
        return bool(_comparable(stored[name]) == _comparable(expected[name]))


def is_account_changed(account: Row) -> bool:
    """Return whether somebody changed an imported account: each write of our code sets its audit head.

    Args:
        account: The account in DynamoDB JSON.
    """
    return "auditHead" in account or account.get("version") != {"N": "1"}


def _is_uuid(text: str | None) -> bool:
    with suppress(ValueError):
        return str(uuid.UUID(text or "")) == text
    return False


def _comparable(attribute: AttributeValue) -> Any:
    """Return a value that is equal for equal attributes: 1 and 1.0 are one number, and sets have no order."""
    type_name, value = next(iter(attribute.items()))
    match type_name:
        case "N":
            return type_name, Decimal(value)
        case "NS" | "SS" | "BS":
            return type_name, frozenset(value)
        case "L":
            return type_name, [_comparable(member) for member in value]
        case "M":
            return type_name, {name: _comparable(member) for name, member in value.items()}
    return type_name, value
