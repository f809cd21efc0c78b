"""Checks that a service may invoke a function. The emulator invokes functions without a permission."""

import fnmatch
import json
from collections.abc import Mapping
from typing import Any

from pulumi_localaws.errors import DeploymentError
from pulumi_localaws.resources.resource_type import ResourceContext
from pulumi_localaws.resources.undo_log import is_not_found


def has_permission(ctx: ResourceContext, function_arn: str, *, principal: str, source_arn: str) -> bool:
    """Return whether the policy of a function allows a service to invoke it.

    Args:
        ctx: The resource that invokes the function.
        function_arn: The ARN of the function, of a version or of an alias.
        principal: The service (``s3.amazonaws.com``).
        source_arn: The ARN of the resource that invokes the function.
    """
    name, _, qualifier = function_arn.rsplit(":function:", maxsplit=1)[-1].partition(":")
    try:
        response = ctx.call("lambda", "get_policy", FunctionName=name, Qualifier=qualifier or None)
    except DeploymentError as error:
        if not isinstance(error.__cause__, Exception) or not is_not_found(error.__cause__):
            raise
        return False
    statements = json.loads(response["Policy"])["Statement"]
    return any(_allows(statement, principal, source_arn) for statement in statements)


def _allows(statement: Mapping[str, Any], service: str, source_arn: str) -> bool:
    principal = statement.get("Principal")
    if not isinstance(principal, dict) or principal.get("Service") != service:
        return False
    sources = [
        source
        for condition in statement.get("Condition", {}).values()
        for key, source in condition.items()
        if key.lower() == "aws:sourcearn"
    ]
    return all(fnmatch.fnmatchcase(source_arn, source) for source in sources)
