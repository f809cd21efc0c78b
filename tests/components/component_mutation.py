"""The class `Mutation`, and the names of resources that several mutations change."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from component_changes import Change
from component_checks import Check
from component_parts import part_of
from component_phone_expectations import PHONE_FUNCTIONS, PHONE_RULES
from component_rules import RULES


@dataclass(frozen=True)
class Mutation:
    """One change to the arguments of a resource, or of each of several resources.

    Attributes:
        resources: Names of the resources, as in the whole stack; all are in the same part.
        change: The change.
        noticed_by: The check that must fail.
        reported: What the check must report: names of resources, or a type. Default: the resources.
        arguments: Arguments of the component that creates the resources.
    """

    resources: tuple[str, ...]
    change: Change
    noticed_by: Check
    reported: tuple[str, ...] = ()
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{' '.join(self.resources)}: {self.change.text}"


def mutation(resource: str, change: Change, noticed_by: Check, *reported: str) -> Mutation:
    """Return the mutation of one resource."""
    return Mutation((resource,), change, noticed_by, reported)


def each(resources: Iterable[str], change: Change, noticed_by: Check, **arguments: Any) -> list[Mutation]:
    """Return the same mutation of several resources: one mutation for each part of the stack."""
    parts: dict[str, list[str]] = {}
    for resource in resources:
        parts.setdefault(part_of(resource), []).append(resource)
    return [Mutation(tuple(names), change, noticed_by, arguments=arguments) for names in parts.values()]


def rule(name: str) -> Check:
    """Return the check of the rule with that name."""
    (matching_rule,) = [item for item in (*RULES, *PHONE_RULES) if item.name == name]
    return matching_rule.breaches


TABLES = (
    *("app-data-table", "app-data-audit-table", "app-eraser-receipts-table"),
    "app-migration-ledger-table",
)
TABLE = "app-data-table"
POOL = "app-identity-pool"
CLIENT = "app-identity-client"
BUCKET = "app-migration-reports-bucket"
PUBLIC_ACCESS = "app-migration-reports-public-access"
AUTHORIZER = "app-api-authorizer"
STAGE = "app-api-stage"
MACHINE = "app-migration-state-machine"
CONFIRMATION = "app-triggers-post-confirmation-policy"
TRIGGERS = (
    "app-triggers-pre-sign-up",
    "app-triggers-post-confirmation",
    "app-triggers-pre-token",
)
FUNCTIONS = (
    *TRIGGERS,
    *("app-api-handler", "app-api-admin", "app-eraser-worker", "app-migration-worker", "app-outbox-worker"),
    "app-reconciler-worker",
    *PHONE_FUNCTIONS,
)
QUEUES = (
    *("app-triggers-outbox", "app-triggers-dead-letters"),
    *("app-erasure-queue", "app-erasure-dead-letter-queue"),
)
ROUTES = tuple(
    f"app-api-route-{route}"
    for route in (
        *(
            "get-me-profile",
            "patch-me-profile",
            "get-me-profile-completion",
            "post-me-avatar",
            "get-me-export",
            "get-users",
            "get-users-id-profile",
        ),
        *("patch-users-id-profile", "post-users-bulk", "post-users-invite", "put-users-id-role"),
        *("put-users-id-status", "put-users-id-vendor-status"),
    )
)
API_PERMISSION = "app-api-handler-api-permission"
ADMIN_PERMISSION = "app-api-admin-api-permission"
TRIGGER_PERMISSIONS = (
    "app-identity-post-confirmation-permission",
    "app-identity-pre-sign-up-permission",
    "app-identity-pre-token-generation-permission",
)
SCHEDULE_PERMISSIONS = (
    "app-eraser-worker-schedule-permission",
    "app-reconciler-worker-schedule-permission",
)
PERMISSIONS = (API_PERMISSION, ADMIN_PERMISSION, *SCHEDULE_PERMISSIONS, *TRIGGER_PERMISSIONS)
LOG_GROUPS = (*(f"{name}-log-group" for name in FUNCTIONS), "app-api-log-group", "app-migration-log-group")


def names_of_functions(end: str, names: tuple[str, ...] = FUNCTIONS) -> tuple[str, ...]:
    return tuple(f"{name}-{end}" for name in names)
