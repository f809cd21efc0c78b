"""Lists of users for administrators: page by page, with an opaque cursor."""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from userprofiles.api.errors import ApiError, FieldError, json_pointer
from userprofiles.table import record
from userprofiles.table.lists import UserLists, sub_of_sort_key
from userprofiles.template import Template
from userprofiles.template_check import ADMIN_ROLE

DEFAULT_LIMIT = 25
MAX_LIMIT = 100
_SORT_KEY = re.compile(r"[0-9TZ:+.-]{1,40}#[0-9A-Za-z][0-9A-Za-z_-]{0,127}")
_SCALARS = {"string", "number", "integer", "boolean", "null"}


@dataclass(frozen=True)
class ListQuery:
    """A request for one page.

    Attributes:
        role: The role of the users.
        status: Their status; None for every status.
        limit: The largest number of users.
        shard: The shard to read.
        after: Sort key of the last user of the page before; None at the start of a shard.
    """

    role: str
    status: str | None
    limit: int
    shard: int
    after: str | None


def all_roles(template: Template) -> tuple[str, ...]:
    """Return every role that a user can have: those of the template, and the administrator's."""
    return (*template.roles, ADMIN_ROLE)


def parse_query(parameters: Mapping[str, str], template: Template) -> ListQuery:
    """Check the query parameters of a request.

    Raises:
        ApiError: 400 with all wrong parameters, or with `invalid_cursor`.
    """
    errors = [
        FieldError(json_pointer(name), "unknown_parameter", "allowed: role, status, limit and cursor")
        for name in sorted(set(parameters) - {"role", "status", "limit", "cursor"})
    ]
    role, status, limit = parameters.get("role"), parameters.get("status"), parameters.get("limit")
    if role not in all_roles(template):
        problem = f"must be one of these: {', '.join(all_roles(template))}"
        errors.append(FieldError("/role", "enum", problem))
    if status is not None and not re.fullmatch(r"[\w-]{1,64}", status):
        errors.append(FieldError("/status", "pattern", "must be the value of an account's status"))
    if limit is not None and not (re.fullmatch("[0-9]{1,3}", limit) and 1 <= int(limit) <= MAX_LIMIT):
        errors.append(FieldError("/limit", "range", f"must be a whole number from 1 to {MAX_LIMIT}"))
    if errors or role is None:
        raise ApiError(400, "invalid_query", "The query is not accepted; see errors.", errors)
    shard, after = 0, None
    if "cursor" in parameters:
        shard, after = _parse_cursor(parameters["cursor"], role, status)
    return ListQuery(role, status, int(limit or DEFAULT_LIMIT), shard, after)


def _parse_cursor(cursor: str, role: str, status: str | None) -> tuple[int, str | None]:
    """Return shard and sort key of a cursor.

    A cursor is not secret and not signed. It is only accepted if `_create_cursor` could have created it for
    the same query, so that it can't lead to another partition.
    """
    try:
        text = base64.b64decode(cursor.encode() + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        document = json.loads(text)
    except (binascii.Error, ValueError, RecursionError):
        document = None
    if isinstance(document, dict) and document.keys() == {"role", "status", "shard", "after"}:
        shard, after = document["shard"], document["after"]
        is_same_query = document["role"] == role and document["status"] == status
        if is_same_query and _is_shard(shard) and (after is None or _is_in_shard(after, shard)):
            return shard, after
    raise ApiError(
        400,
        "invalid_cursor",
        "The cursor is not one that this query returned. Use it unchanged, with the same role and status, "
        "or leave it out to start again.",
    )


def _is_shard(shard: Any) -> bool:
    return type(shard) is int and 0 <= shard < record.LIST_SHARDS


def _is_in_shard(sort_key: Any, shard: int) -> bool:
    if not isinstance(sort_key, str) or not _SORT_KEY.fullmatch(sort_key):
        return False
    return record.list_shard(sub_of_sort_key(sort_key)) == f"{shard:02}"


def _create_cursor(query: ListQuery, shard: int, after: str | None) -> str:
    document = {"role": query.role, "status": query.status, "shard": shard, "after": after}
    text = json.dumps(document, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def list_users(lists: UserLists, template: Template, query: ListQuery) -> dict[str, Any]:
    """Read one page with one Query, and its accounts with one BatchGetItem.

    Returns:
        `users`, which may be empty before the last page, and `cursor`, which is missing on the last page.
    """
    page = lists.read_page(query.role, query.status, f"{query.shard:02}", query.limit, query.after)
    accounts = lists.read_accounts(page.subs, _listed_fields(template, query.role))
    users = [{"userId": sub, "account": accounts[sub]} for sub in page.subs if sub in accounts]
    if page.last_sort_key is not None:
        return {"users": users, "cursor": _create_cursor(query, query.shard, page.last_sort_key)}
    if query.shard + 1 < record.LIST_SHARDS:
        return {"users": users, "cursor": _create_cursor(query, query.shard + 1, None)}
    return {"users": users}


def _listed_fields(template: Template, role: str) -> list[str]:
    """Return the account's fields except lists and objects: 100 accounts could exceed Lambda's limit."""
    schema = template.schema("account", role if role in template.roles else template.default_role)
    names = [name for name, field in schema["properties"].items() if _is_scalar(field)]
    return list(dict.fromkeys([*names, "role"]))


def _is_scalar(field: Mapping[str, Any]) -> bool:
    types = field.get("type", [])
    return set([types] if isinstance(types, str) else types) <= _SCALARS if types else "enum" in field
