"""Functions of a stack and their environment, found by what invokes them."""

from collections.abc import Mapping
from typing import Any

from userprofiles.stack_setup.check_result import CheckFailedError, call
from userprofiles.stack_setup.stack import Stack
from userprofiles.stack_setup.trigger_function import split_arn


def function_of_trigger(stack: Stack, pool: Mapping[str, Any], trigger: str, fix: str) -> Mapping[str, Any]:
    """Return the configuration of a trigger's function.

    Args:
        stack: The stack.
        pool: The description of the user pool.
        trigger: The trigger, such as `CreateAuthChallenge`.
        fix: How to add the trigger.
    """
    arn = pool.get("LambdaConfig", {}).get(trigger)
    if not arn:
        raise CheckFailedError(f"the pool has no {trigger} trigger", fix)
    return read_function(stack, arn)


def function_of_queue(stack: Stack, queue_url: str) -> Mapping[str, Any]:
    """Return the configuration of the function that receives the messages of a queue."""
    missing = CheckFailedError(
        "no function receives the messages of the queue", "Deploy the stack again (`pulumi up`)."
    )
    attributes = call(
        stack,
        "sqs",
        "get_queue_attributes",
        missing=missing,
        QueueUrl=queue_url,
        AttributeNames=["QueueArn"],
    )["Attributes"]
    mappings = call(
        stack,
        "lambda",
        "list_event_source_mappings",
        missing=missing,
        EventSourceArn=attributes["QueueArn"],
    )["EventSourceMappings"]
    enabled = [mapping["FunctionArn"] for mapping in mappings if mapping.get("State") == "Enabled"]
    if not enabled:
        raise missing
    return read_function(stack, enabled[0])


def read_function(stack: Stack, arn: str) -> Mapping[str, Any]:
    """Return the configuration of a function."""
    missing = CheckFailedError(f"the function {arn} doesn't exist", "Deploy the stack again (`pulumi up`).")
    name, qualifier = split_arn(arn)
    configuration: Mapping[str, Any] = call(
        stack,
        "lambda",
        "get_function_configuration",
        missing=missing,
        FunctionName=name,
        **({"Qualifier": qualifier} if qualifier else {}),
    )
    return configuration


def environment_of(function: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the environment variables of a function's configuration."""
    variables: Mapping[str, str] = function.get("Environment", {}).get("Variables", {})
    return variables
