"""Counts users from the rows of a segment, in which all items of a user are adjacent."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from userprofiles.analytics.statistics import Statistics, band
from userprofiles.api.profile_service import schema_role
from userprofiles.completion import SET_FIELDS, completion, completion_weights
from userprofiles.table import item_upgrade, record
from userprofiles.table.attribute_value import deserialize_item
from userprofiles.template import Template
from userprofiles.template_check import ADMIN_ROLE, ITEM_KINDS

OTHER = "other"
"""Roles and statuses that the template doesn't have: their names may be anything."""

NO_STATUS = "none"
UNKNOWN_DAY = "unknown"

_KIND_BY_SORT_KEY = {sort_key: kind for kind, sort_key in record.SORT_KEYS.items()}
_CREATED_FIELDS = ("createdAt", "created_at")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def attribute_names(template: Template) -> list[str]:
    """Return the attributes that `UserCounter` reads."""
    names = dict.fromkeys(("PK", "SK", "entityType", "role", "status", "listSK", *_CREATED_FIELDS))
    names |= dict.fromkeys((SET_FIELDS, item_upgrade.TEMPLATE_VERSION))
    for role in template.roles:
        for weights in completion_weights(template, role).values():
            names |= dict.fromkeys(weights)
    for step in template.document.get("upgrades", []):
        for kind in ITEM_KINDS:
            names |= dict.fromkeys(step.get(kind, {}).get("rename", {}))
    return list(names)


class UserCounter:
    """Counts users.

    Args:
        template: Defines roles, statuses and completion.

    Attributes:
        statistics: The counts.
    """

    def __init__(self, template: Template) -> None:
        self.statistics = Statistics()
        self._template = template
        self._roles = {*template.roles, ADMIN_ROLE}
        self._statuses = {"active", *record.INACTIVE_STATUSES, *_allowed_statuses(template)}
        self._partition_key: str | None = None
        self._items: dict[str, dict[str, Any]] = {}

    def add_rows(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add rows in DynamoDB's JSON, in the order of the segment."""
        for row in rows:
            kind = _KIND_BY_SORT_KEY.get(row["SK"].get("S", ""))
            partition_key = row["PK"].get("S", "")
            if kind is None or not partition_key.startswith(record.USER_PREFIX):
                continue
            if partition_key != self._partition_key:
                self.finish_user()
                self._partition_key = partition_key
            self._items[kind] = deserialize_item(row)

    def finish_user(self) -> None:
        """Count the last user. Call it after the last row, too."""
        items, self._items = self._items, {}
        account, profile = items.get("account"), items.get("profile")
        if record.is_tombstone(account) or record.is_tombstone(profile):
            self.statistics.erased += 1
        elif account is not None:
            self._count(account, profile)

    def _count(self, account: dict[str, Any], profile: dict[str, Any] | None) -> None:
        statistics = self.statistics
        statistics.users += 1
        stored_role = account.get("role", self._template.default_role)
        statistics.roles[stored_role if stored_role in self._roles else OTHER] += 1
        statistics.statuses[self._status(account)] += 1
        statistics.sign_ups[_day(account)] += 1
        statistics.without_profile += profile is None
        role = schema_role(self._template, account)
        items = item_upgrade.upgrade(self._template, role, {"account": account, "profile": profile or {}})
        result = completion(self._template, role, items["account"], items["profile"])
        statistics.bands[band(0 if profile is None else result.completion_percentage)] += 1

    def _status(self, account: Mapping[str, Any]) -> str:
        status = account.get("status")
        if status is None:
            return NO_STATUS
        name = status.strip().lower() if isinstance(status, str) else OTHER
        return name if name in self._statuses else OTHER


def _allowed_statuses(template: Template) -> set[str]:
    field = template.schema("account", template.default_role)["properties"].get("status", {})
    values = [*field.get("enum", ()), field.get("default")]
    return {value.strip().lower() for value in values if isinstance(value, str)}


def _day(account: Mapping[str, Any]) -> str:
    """Return the day on which an account was created. `listSK` begins with that time."""
    for name in ("listSK", *_CREATED_FIELDS):
        day = _DAY.match(str(account.get(name, "")))
        if day:
            return day[0]
    return UNKNOWN_DAY
