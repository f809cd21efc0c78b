"""The functions that a user pool invokes: configuration, handler and invoke permission."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from userprofiles.stack_setup.check_result import CheckFailedError, call
from userprofiles.stack_setup.stack import Stack

HANDLERS = {
    "PreSignUp": "userprofiles.handlers.pre_sign_up.handler",
    "PostConfirmation": "userprofiles.handlers.post_confirmation.handler",
}
"""The handler of each trigger that a sign-up needs."""

_CHECK_POOL = "Check the ID of the pool. If it is right:"
_DEPLOY = "Deploy the stack again (`pulumi up`)."
_COGNITO = "cognito-idp.amazonaws.com"


@dataclass(frozen=True)
class TriggerFunction:
    """The function of a trigger.

    Attributes:
        arn: The ARN in the pool's configuration, with the alias.
        name: Name of the function.
        role_arn: The role of the function.
        environment: Its environment variables.
    """

    arn: str
    name: str
    role_arn: str
    environment: Mapping[str, str]


def describe_pool(stack: Stack) -> dict[str, Any]:
    """Return the description of the user pool.

    Raises:
        CheckFailedError: The pool doesn't exist or can't be read.
    """
    missing = CheckFailedError(
        f"user pool {stack.user_pool_id!r} doesn't exist", "Check the ID of the pool and the region."
    )
    pool: dict[str, Any] = call(
        stack, "cognito-idp", "describe_user_pool", missing=missing, UserPoolId=stack.user_pool_id
    )["UserPool"]
    return pool


def read_function(stack: Stack, pool: Mapping[str, Any], trigger: str) -> TriggerFunction:
    """Return the function of a trigger, after a check that it is ours.

    Raises:
        CheckFailedError: The trigger is not set, or its function is missing or another one.
    """
    arn = pool.get("LambdaConfig", {}).get(trigger)
    if not arn:
        raise CheckFailedError(f"the pool has no {trigger} trigger", f"{_CHECK_POOL} {_DEPLOY}")
    name, qualifier = split_arn(arn)
    configuration = call(
        stack,
        "lambda",
        "get_function_configuration",
        missing=CheckFailedError(f"the {trigger} trigger is {arn}, which doesn't exist", _DEPLOY),
        FunctionName=name,
        **({"Qualifier": qualifier} if qualifier else {}),
    )
    handler = configuration.get("Handler")
    if handler != HANDLERS[trigger]:
        raise CheckFailedError(
            f"the {trigger} trigger has the handler {handler}, not {HANDLERS[trigger]}",
            f"{_CHECK_POOL} Set the pool's {trigger} trigger to the function of the stack: {_DEPLOY}",
        )
    return TriggerFunction(
        arn=arn,
        name=name,
        role_arn=configuration.get("Role", ""),
        environment=configuration.get("Environment", {}).get("Variables", {}),
    )


def split_arn(arn: str) -> tuple[str, str]:
    """Return name and qualifier of an ARN that ends in `:function:<name>:<qualifier>`."""
    _, _, function = arn.partition(":function:")
    name, _, qualifier = function.partition(":")
    return name, qualifier


def other_triggers(pool: Mapping[str, Any]) -> dict[str, str]:
    """Return the ARNs of all triggers of a pool except those of `HANDLERS`, by name.

    The entry of some triggers is an object with the ARN:
    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_LambdaConfigType.html
    """
    triggers: dict[str, str] = {}
    for name, value in pool.get("LambdaConfig", {}).items():
        arn = value.get("LambdaArn", "") if isinstance(value, Mapping) else value
        if name not in HANDLERS and ":function:" in arn and arn not in triggers.values():
            triggers[name.removesuffix("Config")] = arn
    return triggers


def check_invoke_permission(stack: Stack, pool: Mapping[str, Any], arn: str) -> str:
    """Check that the pool may invoke a function through the alias of an ARN.

    The permission is in the resource-based policy of the alias:
    https://docs.aws.amazon.com/lambda/latest/dg/API_GetPolicy.html
    """
    name, qualifier = split_arn(arn)
    missing = CheckFailedError(f"the function {name} has no invoke permission", _DEPLOY)
    response = call(
        stack,
        "lambda",
        "get_policy",
        missing=missing,
        FunctionName=name,
        **({"Qualifier": qualifier} if qualifier else {}),
    )
    pool_id = stack.user_pool_id
    pool_arn = pool.get("Arn", "")
    for statement in json.loads(response["Policy"]).get("Statement", ()):
        principal = statement.get("Principal", {})
        service = principal.get("Service") if isinstance(principal, dict) else principal
        conditions = statement.get("Condition", {})
        sources = {value for part in conditions.values() for value in part.values()}
        is_for_pool = pool_arn in sources if pool_arn else any(str(s).endswith(pool_id) for s in sources)
        if statement.get("Effect") == "Allow" and service == _COGNITO and is_for_pool:
            return name
    raise CheckFailedError(
        f"the function {name} doesn't permit {_COGNITO} with the source ARN of the pool", _DEPLOY
    )


def check_environment(stack: Stack, function: TriggerFunction) -> str:
    """Check that a function writes to the tables of the stack."""
    for variable, expected in (("USERS_TABLE", stack.users_table), ("AUDIT_TABLE", stack.audit_table)):
        value = function.environment.get(variable)
        if value != expected:
            raise CheckFailedError(
                f"{variable} of {function.name} is {value!r}, not {expected!r}",
                f"Check the names of the tables. If they are right: {_DEPLOY}",
            )
    return f"{stack.users_table}, {stack.audit_table}"
