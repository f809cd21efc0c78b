"""Profiles as plain dicts: the fields of items, completion details, and patches from flat updates."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from userprofiles.api.profile_service import schema_role
from userprofiles.completion import Completion
from userprofiles.library.errors import invalid_data_error
from userprofiles.library.profile_client import ProfileClient
from userprofiles.table import record
from userprofiles.table.store import UserItems

_ACCOUNT_PREFIX = "account."


def fields(item: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the fields of an item without keys and bookkeeping, with values that JSON also has."""
    return {name: _plain(value) for name, value in record.public_fields(item or {}).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_plain(member) for member in value]
    if isinstance(value, set | frozenset):
        return sorted(_plain(member) for member in value)
    return float(value) if isinstance(value, Decimal) else value


def flat_fields(user: UserItems) -> dict[str, Any]:
    """Return the fields of account and profile in one dict.

    A name that both have is the profile's; the account's is `account.<name>`, as in `update_profile`.
    """
    account, profile = fields(user.account), fields(user.profile)
    return {
        **{f"{_ACCOUNT_PREFIX}{name}" if name in profile else name: account[name] for name in account},
        **profile,
    }


def profile_id(user_id: str, user: UserItems) -> str:
    """Return the ID of a profile: its field `profile_id` if the template has one, else the user ID."""
    return str((user.profile or {}).get("profile_id") or user_id)


def completion_details(completion: Completion) -> dict[str, Any]:
    """Return a completion as a dict."""
    return {
        "is_complete": completion.is_complete,
        "completion_percentage": completion.completion_percentage,
        "missing_fields": list(completion.missing_fields),
    }


def build_patch(
    client: ProfileClient, account: Mapping[str, Any], updates: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """Build the merge patch of flat updates. An unknown name goes to the profile, whose check rejects it.

    Raises:
        userprofiles.library.result.OperationError: A value is not a JSON value.
    """
    try:
        values = json.loads(json.dumps(updates, allow_nan=False))
    except (TypeError, ValueError, RecursionError):
        raise invalid_data_error(
            "Each value must be a text, a number, a boolean, None, a list or a dict of these. NaN and "
            "infinity are not allowed."
        ) from None
    role = schema_role(client.template, account)
    profile_names = client.template.schema("profile", role)["properties"]
    account_names = client.template.schema("account", role)["properties"]
    patch: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        if name.startswith(_ACCOUNT_PREFIX):
            kind, field = "account", name.removeprefix(_ACCOUNT_PREFIX)
        elif name in account_names and name not in profile_names:
            kind, field = "account", name
        else:
            kind, field = "profile", name
        patch.setdefault(kind, {})[field] = value
    return patch
