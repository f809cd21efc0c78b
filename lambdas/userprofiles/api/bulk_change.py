"""Bulk requests: create the missing records of users of the pool, and change profiles."""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from userprofiles.api.administrator import Administration
from userprofiles.api.errors import ApiError, FieldError, json_pointer
from userprofiles.api.gone import check_not_gone
from userprofiles.registration import cognito_user
from userprofiles.table import record
from userprofiles.table.store_errors import StoreError

MAX_USERS = 100
MAX_BODY_BYTES = 1024 * 1024
_RESERVED_S = 4
"""Seconds that the last user may take. The other users are not processed when less time remains."""


def parse_users(document: Any) -> list[dict[str, Any]]:
    """Check the body of a bulk request, but not the patches in it: each is checked with its user.

    Raises:
        ApiError: 400 with all problems.
    """
    users = document.get("users") if isinstance(document, dict) and document.keys() == {"users"} else None
    if not isinstance(users, list) or not 1 <= len(users) <= MAX_USERS:
        raise ApiError(
            400,
            "invalid_body",
            f'The body must be {{"users": [{{"userId": "...", "patch": {{...}}}}]}} with 1 to {MAX_USERS} '
            "users; patch is optional.",
        )
    errors = []
    subs: set[str] = set()
    for number, user in enumerate(users):
        pointer = json_pointer("users", number)
        if not isinstance(user, dict) or not set(user) <= {"userId", "patch"}:
            errors.append(FieldError(pointer, "type", "must be an object with userId, and perhaps patch"))
        elif not record.is_sub(user.get("userId")):
            errors.append(FieldError(f"{pointer}/userId", "pattern", "must be the ID (sub) of a user"))
        elif user["userId"] in subs:
            errors.append(FieldError(f"{pointer}/userId", "duplicate", "must be unique in the request"))
        elif not isinstance(user.get("patch", {}), dict):
            errors.append(FieldError(f"{pointer}/patch", "type", "must be an object"))
        else:
            subs.add(user["userId"])
    if errors:
        raise ApiError(400, "invalid_body", "The body is not accepted; see errors.", errors)
    return users


def change_users(
    administration: Administration, users: list[dict[str, Any]], remaining_s: Callable[[], float]
) -> dict[str, Any]:
    """Process each user; a failure does not stop the others.

    Args:
        administration: The administrator's.
        users: The result of `parse_users`.
        remaining_s: Returns the seconds until the function ends.

    Returns:
        `{"results": [...]}`, in the order of the request: `userId`, `status` (as an HTTP status), `result`
        (`created`, `updated`, `unchanged` or `failed`), and `code` if it failed.
    """
    results = []
    for user in users:
        if remaining_s() < _RESERVED_S:
            results.append(_failure(user["userId"], 503, "not_processed"))
            continue
        try:
            status, result = _change_user(administration, user["userId"], user.get("patch"))
            results.append({"userId": user["userId"], "status": status, "result": result})
        except ApiError as error:
            results.append(_failure(user["userId"], error.status, error.code))
        except (StoreError, ClientError, BotoCoreError):
            results.append(_failure(user["userId"], 503, "unavailable"))
    return {"results": results}


def _failure(sub: str, status: int, code: str) -> dict[str, Any]:
    return {"userId": sub, "status": status, "result": "failed", "code": code}


def _change_user(administration: Administration, sub: str, patch: Any) -> tuple[int, str]:
    items = administration.registrar.store.read(sub)
    check_not_gone(items, administration.registrar.clock())
    is_created = not items.is_complete
    if is_created:
        # The sub is also the user name of every user who isn't federated (Amazon Cognito, AdminGetUser).
        user = cognito_user.get_user(administration.cognito, administration.pool_id, sub)
        if user is None or user.sub != sub:
            raise ApiError(404, "user_not_found", "The user pool has no active user with this ID.")
        if user.status == "UNCONFIRMED":
            raise ApiError(409, "unconfirmed", "The user has not confirmed the sign-up.")
        administration.registrar.register(user)
    if patch:
        administration.profiles.change_other(sub, patch)
    if is_created:
        return 201, "created"
    return 200, "updated" if patch else "unchanged"
