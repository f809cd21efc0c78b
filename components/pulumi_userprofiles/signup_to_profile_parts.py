"""Which arguments of the complete stack are arguments of its parts."""

from collections.abc import Mapping
from typing import Any

KMS_ARGUMENTS = ("kms_key_arn", "former_kms_key_arns")
FUNCTION_ARGUMENTS = ("platform", "runtime", "log_retention_days", "snap_start", "tracing", *KMS_ARGUMENTS)
TEMPLATE_ARGUMENTS = ("template", "template_document")
ROLE_ARGUMENTS = ("sign_up_roles", "default_role", "approval_roles")


def pick(args: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """Return those of some arguments that are set."""
    return {key: args[key] for key in keys if args.get(key) is not None}


def shared_args(args: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments that all components with functions for users have in common."""
    return pick(args, *TEMPLATE_ARGUMENTS, *ROLE_ARGUMENTS, *FUNCTION_ARGUMENTS, "alarm_topic_arn")


def concurrency(args: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return the argument with the reserved concurrency of a part's functions, if the stack sets it."""
    return {"reserved_concurrency": args[key]} if args.get(key) is not None else {}
