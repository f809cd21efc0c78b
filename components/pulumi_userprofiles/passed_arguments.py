"""Arguments of the complete stack that it passes on to its parts. This module creates no resources."""

from collections.abc import Mapping
from typing import Any

KMS_ARGUMENTS = ("kms_key_arn", "former_kms_key_arns")
"""Arguments with the KMS keys."""

FUNCTION_ARGUMENTS = ("platform", "runtime", "log_retention_days", "snap_start", "tracing", *KMS_ARGUMENTS)
"""Arguments of all components with functions."""

TEMPLATE_ARGUMENTS = ("template", "template_document")
"""Arguments with the template."""

_ROLE_ARGUMENTS = ("sign_up_roles", "default_role", "approval_roles")


def pick(args: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """Return those of some arguments that are set."""
    return {key: args[key] for key in keys if args.get(key) is not None}


def shared_args(args: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments that all components with functions for users have in common."""
    return pick(args, *TEMPLATE_ARGUMENTS, *_ROLE_ARGUMENTS, *FUNCTION_ARGUMENTS, "alarm_topic_arn")


def concurrency(args: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return the reserved concurrency of a component, if an argument sets it."""
    return {"reserved_concurrency": args[key]} if args.get(key) is not None else {}
