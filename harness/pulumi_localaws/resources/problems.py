"""Finds the problems of a resource before it is created: its inputs, the rules of AWS, and its requests."""

import re
from dataclasses import replace

from pulumi_localaws.errors import DeploymentError
from pulumi_localaws.resources.catalog import RULES
from pulumi_localaws.resources.input_schema import InputError, validate
from pulumi_localaws.resources.resource_type import Properties, RequestError, ResourceContext, ResourceType
from pulumi_localaws.resources.unknown_values import KnownInputs, UnknownInputError, contains_unknown


def validate_inputs(
    resource_type: ResourceType, name: str, arguments: Properties, secrets: frozenset[str]
) -> Properties:
    """Return the inputs in the types of their schema.

    Raises:
        DeploymentError: An input is not supported or has the wrong type.
    """
    try:
        return dict(validate(arguments, resource_type.inputs))
    except InputError as error:
        problems = [_hide_secret(problem, secrets) for problem in error.problems]
        raise DeploymentError(f"{resource_type.token} {name!r}: {'. '.join(problems)}.") from error


def _hide_secret(problem: str, secrets: frozenset[str]) -> str:
    input_name = re.split(r"[.:\[ ]", problem)[0]
    return f"{input_name}: the secret value has the wrong type" if input_name in secrets else problem


def find_input_problems(
    resource_type: ResourceType, context: ResourceContext, inputs: Properties
) -> list[str]:
    """Return a sentence for each problem of the inputs. A check that needs an unknown input is skipped."""
    known_inputs = KnownInputs(inputs)
    problems = []
    if resource_type.check is not None:
        try:
            resource_type.check(known_inputs)
        except ValueError as error:
            # The rules assume inputs that pass this check.
            return [f"{error}."]
        except UnknownInputError:
            pass
    problems += _find_rule_problems(context, known_inputs)
    return problems


def find_request_problems(
    resource_type: ResourceType, context: ResourceContext, inputs: Properties
) -> list[str]:
    """Return the problems of the requests that would create a resource. Only calls that read are sent."""
    checking_context = replace(context, check_only=True, add_wait=lambda _: None)
    try:
        resource_type.create(checking_context, inputs)
    except RequestError as error:
        return [_remove_label(context, error)]
    except DeploymentError as error:
        return [] if contains_unknown(inputs) else [_remove_label(context, error)]
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        # An unknown value or a sample response does not have the expected form.
        return []
    return []


def _remove_label(context: ResourceContext, error: DeploymentError) -> str:
    return str(error).removeprefix(context.label)


def _find_rule_problems(context: ResourceContext, inputs: Properties) -> list[str]:
    """Return a sentence for each rule of AWS that the inputs of a resource violate."""
    problems = []
    for rule in RULES:
        if rule.token != context.type or rule.inputs[0] not in inputs:
            continue
        try:
            problem = rule.check(context, inputs)
        except UnknownInputError:
            continue
        if problem and context.secrets.intersection(rule.inputs):
            problem = f"{rule.inputs[0]}: the secret value violates a rule. {rule.text}"
        if problem:
            problems.append(f"{problem}. (Source: {rule.source})")
    return problems
