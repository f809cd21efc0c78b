"""Changes of role, status and vendor status: fields that users can't change themselves.

Each change is one transaction with an audit row. It also moves the account to its new lists.
"""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from userprofiles.api.errors import ApiError, FieldError, json_pointer
from userprofiles.api.profile_service import (
    ProfileDocument,
    build_document,
    matches_tag,
    read_recorded_user,
)
from userprofiles.api.user_list import all_roles
from userprofiles.registration.registrar import Registrar
from userprofiles.table import audit, record
from userprofiles.table.audit import Action
from userprofiles.table.update_expression import REMOVED, Change
from userprofiles.template import Template
from userprofiles.template_check import ADMIN_ROLE

_ATTEMPTS = 5
_MAX_PAUSE_S = 0.05
_VENDOR_STEPS = {"pending": "approved", "approved": "suspended"}

PlanChange = Callable[[record.Item], list[Change]]


def change_account(
    registrar: Registrar,
    sub: str,
    action: Action,
    plan: PlanChange,
    *,
    if_match: str | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> ProfileDocument:
    """Change an account in one transaction with an audit row.

    Args:
        registrar: Tables, and the source of the audit row.
        sub: The user.
        action: The action of the audit row.
        plan: Returns the changes of the current account; an empty list if there is nothing to change.
        if_match: The If-Match header of the request, None without one.
        sleep: Waits between attempts.

    Raises:
        ApiError: 404, 410, 412, 409 if other requests kept changing the same user, or an error of `plan`.
        userprofiles.table.store_errors.StoreError: DynamoDB returned an error.
    """
    for attempt in range(_ATTEMPTS):
        if attempt:
            sleep(random.uniform(0, _MAX_PAUSE_S * attempt))  # noqa: S311  (not a secret)
        user = read_recorded_user(registrar.store, sub)
        if if_match is not None and not matches_tag(if_match, build_document(user).etag):
            raise ApiError(412, "changed_meanwhile", "The profile has changed. Read it again.")
        account = user.account or {}
        changes = plan(account)
        if not changes:
            return build_document(user)
        fields = [f"account.{change.path[0]}" for change in changes if _is_field(change)]
        audit_row = audit.create_row(
            sub,
            action,
            source=registrar.source,
            account=account,
            moment=registrar.clock(),
            fields=fields,
        )
        changed_user = registrar.store.change(user, {"account": changes}, audit_row)
        if changed_user is not None:
            return build_document(changed_user)
    raise ApiError(409, "conflict", "Other requests are changing the profile. Try again.")


def _is_field(change: Change) -> bool:
    return not change.path[0].lower().endswith(("listpk", "listsk"))


def effective_role(template: Template, account: Mapping[str, Any]) -> str:
    """Return the role of an account, which is the template's default if none is stored."""
    role = account.get("role")
    return role if isinstance(role, str) and role in all_roles(template) else template.default_role


def _schema_role(template: Template, role: str) -> str:
    return role if role in template.roles else template.default_role


def plan_role(template: Template, sub: str, role: str) -> PlanChange:
    """Return the plan that gives a user another role, with the role's fields that the account lacks."""

    def plan(account: record.Item) -> list[Change]:
        if role == effective_role(template, account):
            return []
        values: record.Item = {}
        if role == ADMIN_ROLE or "role" in template.schema("account", role)["properties"]:
            values["role"] = role
        else:
            # A template without a field for the role has only one, which is not stored.
            values["role"] = REMOVED
        if role in template.roles:
            own_fields = template.document["roles"]["allowed"][role]["properties"]
            defaults = template.defaults("account", role)
            values |= {
                name: value for name, value in defaults.items() if name in own_fields and name not in account
            }
        return [*_set_fields(values), *_list_changes(template, sub, {**account, "role": role})]

    return plan


def plan_status(template: Template, sub: str, status: str) -> PlanChange:
    """Return the plan that sets the status of an account.

    The plan raises ApiError 400 if the template doesn't allow the status.
    """

    def plan(account: record.Item) -> list[Change]:
        role = _schema_role(template, effective_role(template, account))
        if "status" not in template.schema("account", role)["properties"]:
            raise ApiError(409, "no_status", "The template has no account status.")
        violations = template.validate("account", role, {"status": status})
        if violations:
            errors = [FieldError("/status", "enum", violation.message) for violation in violations]
            raise ApiError(400, "invalid_body", "The status is not accepted; see errors.", errors)
        if account.get("status") == status:
            return []
        return [Change(("status",), status), *_list_changes(template, sub, {**account, "status": status})]

    return plan


def plan_vendor_status(template: Template, status: str) -> PlanChange:
    """Return the plan of the next step of a vendor's approval: pending, approved, suspended.

    The plan raises ApiError 409 if the step is not the next one, or the user is no vendor.
    """

    def plan(account: record.Item) -> list[Change]:
        role = _schema_role(template, effective_role(template, account))
        field = template.schema("account", role)["properties"].get("vendorStatus")
        if field is None:
            raise ApiError(409, "no_vendor_status", "The user's role has no vendor status.")
        current = account.get("vendorStatus", field.get("default"))
        if current == status:
            return []
        if _VENDOR_STEPS.get(str(current)) != status:
            following = _VENDOR_STEPS.get(str(current), "none")
            raise ApiError(
                409,
                "illegal_step",
                f"The vendor status can't change to {status}; the step that follows: {following}.",
            )
        return [Change(("vendorStatus",), status)]

    return plan


VENDOR_STATUSES = ("pending", "approved", "suspended")


def _set_fields(values: Mapping[str, Any]) -> list[Change]:
    return [Change((name,), value) for name, value in values.items()]


def _list_changes(template: Template, sub: str, account: Mapping[str, Any]) -> list[Change]:
    """Return the changes of the list keys for the new values of an account."""
    role = effective_role(template, account)
    keys = record.list_keys(sub, role, account.get("status"))
    if "listSK" not in account:
        keys["listSK"] = f"{account.get('createdAt', '')}#{sub}"
    return [Change((name,), value) for name, value in keys.items() if account.get(name) != value]


def parse_fields(
    document: Any, required: Mapping[str, Sequence[str]], optional: Sequence[str] = ()
) -> dict[str, str]:
    """Check the body of a request that has only texts.

    Args:
        document: The parsed body.
        required: Names of the required fields, each with its allowed values (empty: any text).
        optional: Names of the optional fields.

    Raises:
        ApiError: 400 with all problems.
    """
    if not isinstance(document, dict):
        example = ", ".join(f'"{name}": "..."' for name in required or optional)
        raise ApiError(400, "invalid_body", f"The body must be an object: {{{example}}}.")
    names = [*required, *optional]
    errors = [
        FieldError(json_pointer(name), "unknown_field", f"unknown field; allowed: {', '.join(names)}")
        for name in document
        if name not in names
    ]
    for name in names:
        value, allowed = document.get(name), required.get(name, ())
        if name not in document:
            if name in required:
                errors.append(FieldError(json_pointer(name), "required", "is required"))
        elif not isinstance(value, str) or not value.strip():
            errors.append(FieldError(json_pointer(name), "type", "must be a text that is not empty"))
        elif allowed and value not in allowed:
            problem = f"must be one of these: {', '.join(allowed)}"
            errors.append(FieldError(json_pointer(name), "enum", problem))
    if errors:
        raise ApiError(400, "invalid_body", "The body is not accepted; see errors.", errors[:20])
    return dict(document)
