"""Arguments of the complete stack that it passes on to its parts. This module creates no resources."""

from collections.abc import Mapping
from typing import Any

_FUNCTION_ARGUMENTS = (
    *("platform", "runtime", "log_retention_days", "snap_start", "tracing"),
    *("kms_key_arn", "former_kms_key_arns", "alarm_topic_arn"),
)
_TEMPLATE_ARGUMENTS = ("template", "template_document")
_ROLE_ARGUMENTS = ("sign_up_roles", "default_role", "approval_roles")


def pick(args: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """Return those of some arguments that are set."""
    return {key: args[key] for key in keys if args.get(key) is not None}


def function_args(args: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments that all components with functions have in common."""
    return pick(args, *_FUNCTION_ARGUMENTS)


def worker_args(args: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of components with functions that do not register users, and with data."""
    return pick(args, *_TEMPLATE_ARGUMENTS, *_FUNCTION_ARGUMENTS, "protect")


def shared_args(args: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of components with functions that register users."""
    return pick(args, *_TEMPLATE_ARGUMENTS, *_ROLE_ARGUMENTS, *_FUNCTION_ARGUMENTS)


def migration_args(args: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of the migration job: the role rules, and those with the prefix `migration_`."""
    names = ("table_names", "tolerated_failure_percentage", "allow_rollback")
    own = {name: args[f"migration_{name}"] for name in names if args.get(f"migration_{name}") is not None}
    return {**pick(args, *_ROLE_ARGUMENTS), **own}


def concurrency(args: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return the reserved concurrency of a component, if an argument sets it."""
    return {"reserved_concurrency": args[key]} if args.get(key) is not None else {}
