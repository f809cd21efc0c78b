"""Changes of role, status and vendor status: fields that users can't change themselves.

Each change is one transaction with an audit row. It also moves the account to its new lists.
"""

import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from userprofiles.api.attempts import attempts
from userprofiles.api.errors import (
    ApiError,
    FieldError,
    conflict_error,
    json_pointer,
    newer_template_error,
)
from userprofiles.api.profile_service import (
    ProfileDocument,
    build_document,
    matches_tag,
    read_recorded_user,
    schema_role,
)
from userprofiles.api.user_list import all_roles
from userprofiles.registration.registrar import Registrar
from userprofiles.table import audit, item_upgrade, record
from userprofiles.table.audit import Action
from userprofiles.table.store import UserItems
from userprofiles.table.update_expression import REMOVED, Change
from userprofiles.template import Template
from userprofiles.template_check import APPROVAL_STATES, ITEM_KINDS, RESERVED, ItemKind

_NEXT_STATES = dict(itertools.pairwise(APPROVAL_STATES))

PlanChange = Callable[[record.Item], record.Item]
"""Returns the new values of the fields to change, REMOVED for a removed field; empty to change nothing."""


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
        registrar: Tables, template, and the source of the audit row.
        sub: The user.
        action: The action of the audit row.
        plan: Computes the new values from the current account.
        if_match: The If-Match header of the request, None without one.
        sleep: Waits between attempts.

    Raises:
        ApiError: 404, 410, 412, 409 if other requests kept changing the same user or a newer version of the
            template wrote it, or an error of `plan`.
        userprofiles.table.store_errors.StoreError: DynamoDB returned an error.
    """
    template = registrar.template
    for _ in attempts(sleep):
        user = read_recorded_user(registrar, sub)
        check_preconditions(template, user, if_match)
        changes = _plan_changes(template, user, plan)
        account_changes = changes.get("account", [])
        # An account of an earlier version lacks list keys, also if its role and status stay the same.
        list_changes = _list_changes(template, sub, user, account_changes)
        if not changes and not list_changes:
            return build_document(template, user)
        audit_row = audit.create_row(
            sub,
            action,
            source=registrar.source,
            account=user.account,
            moment=registrar.clock(),
            fields=[
                f"{kind}.{change.path[0]}"
                for kind in changes
                for change in changes[kind]
                if change.path[0] not in RESERVED
            ],
        )
        changed_user = registrar.store.change(
            user, {**changes, "account": [*account_changes, *list_changes]}, audit_row
        )
        if changed_user is not None:
            return build_document(template, changed_user)
    raise conflict_error()


def check_preconditions(template: Template, user: UserItems, if_match: str | None) -> None:
    """Check that a user can be changed, and still has the tag of the request.

    Raises:
        ApiError: 409 if a newer version of the template wrote the user, 412 if the tag is another one.
    """
    if item_upgrade.is_newer_major(template, user.account or {}):
        raise newer_template_error()
    if if_match is not None and not matches_tag(if_match, build_document(template, user).etag):
        raise ApiError(412, "changed_meanwhile", "The profile has changed. Read it again.")


def _plan_changes(template: Template, user: UserItems, plan: PlanChange) -> dict[ItemKind, list[Change]]:
    """Return the changes of a plan, with the upgrade of items of an older template."""
    stored: dict[ItemKind, record.Item] = {"account": user.account or {}, "profile": user.profile or {}}
    upgraded = item_upgrade.upgrade(template, schema_role(template, stored["account"]), stored)
    new_values = plan(upgraded["account"])
    if not new_values:
        return {}
    role = schema_role(template, {**upgraded["account"], **new_values})
    values = item_upgrade.add_upgrade(template, role, stored, upgraded, {"account": new_values})
    changes = {
        kind: [
            Change((name,), value)
            for name, value in values[kind].items()
            if stored[kind].get(name, REMOVED) != value
        ]
        for kind in ITEM_KINDS
    }
    return {kind: item_changes for kind, item_changes in changes.items() if item_changes}


def _list_changes(template: Template, sub: str, user: UserItems, changes: Sequence[Change]) -> list[Change]:
    """Return the changes of the list keys that belong to other changes of an account."""
    account = user.account or {}
    new_account = {**account, **{change.path[0]: change.value for change in changes}}
    keys = record.list_keys(sub, effective_role(template, new_account), new_account.get("status"))
    if "listSK" not in account:
        keys["listSK"] = f"{account.get('createdAt', '')}#{sub}"
    return [Change((name,), value) for name, value in keys.items() if account.get(name) != value]


def effective_role(template: Template, account: Mapping[str, Any]) -> str:
    """Return the role of an account, which is the template's default if none is stored."""
    role = account.get("role")
    return role if isinstance(role, str) and role in all_roles(template) else template.default_role


def plan_role(template: Template, role: str) -> PlanChange:
    """Return the plan that gives a user another role, with the role's fields that the account lacks."""

    def plan(account: record.Item) -> record.Item:
        if role == effective_role(template, account):
            return {}
        values: record.Item = {"role": role}
        if role in template.roles:
            if "role" not in template.schema("account", role)["properties"]:
                # A template without a field for the role has only one, which is not stored.
                values["role"] = REMOVED
            own_fields = template.document["roles"]["allowed"][role]["properties"]
            defaults = template.defaults("account", role)
            values |= {
                name: defaults[name] for name in own_fields if name in defaults and name not in account
            }
        return values

    return plan


def plan_status(template: Template, status: str) -> PlanChange:
    """Return the plan that sets the status of an account.

    The plan raises ApiError 400 if the template doesn't allow the status.
    """

    def plan(account: record.Item) -> record.Item:
        role = schema_role(template, account)
        if "status" not in template.schema("account", role)["properties"]:
            raise ApiError(409, "no_status", "The template has no account status.")
        violations = template.validate("account", role, {"status": status})
        if violations:
            errors = [FieldError("/status", "enum", violation.message) for violation in violations]
            raise ApiError(400, "invalid_body", "The status is not accepted; see errors.", errors)
        return {} if account.get("status") == status else {"status": status}

    return plan


def plan_vendor_status(template: Template, status: str) -> PlanChange:
    """Return the plan of the next step of an approval: pending, approved, suspended.

    The role's `approval` in the template names the field, such as `vendorStatus`. The plan raises ApiError
    409 if the step is not the next one, or the user's role has no approval.
    """

    def plan(account: record.Item) -> record.Item:
        role = schema_role(template, account)
        field = template.approval_field(role) if account.get("role") == role else None
        if field is None:
            raise ApiError(409, "no_vendor_status", "The user's role has no vendor status.")
        current = str(account.get(field, template.defaults("account", role)[field]))
        if current == status:
            return {}
        following = _NEXT_STATES.get(current)
        if following != status:
            raise ApiError(
                409,
                "illegal_step",
                f"The vendor status can't change to {status}; the next step is: {following or 'none'}.",
            )
        return {field: status}

    return plan


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
        raise ApiError(400, "invalid_body", "The body is not accepted; see errors.", errors)
    return dict(document)
