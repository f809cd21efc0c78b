"""Results of look-ups that are not supported, so that the program goes on and its other problems are found.

``aws.ec2.get_ami_output()`` returns an output, which can be unknown. ``aws.ec2.get_ami()`` returns plain
values. The SDK has none for an unknown result and fails. Here, it gets a result whose texts are Pulumi's text
for an unknown value: nothing is created any more, and checks that need such a text are skipped.
"""

import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi.runtime.invoke import InvokeResult

from pulumi_localaws.errors import DeploymentError
from pulumi_localaws.resources.invokes import check_invoke_token
from pulumi_localaws.resources.unknown_values import UNKNOWN

_ITEMS = 3
"""The length of each list: many programs take the first two or three subnets or zones."""

_DEPTH = 4
"""The number of levels of objects in objects."""

_SINGLE_VALUES: dict[type, Any] = {str: UNKNOWN, bool: False, int: 0, float: 0.0}


def replace_unknown_results(problems: list[DeploymentError]) -> None:
    """Make the SDK return a result of a look-up whose result is unknown, and report unsupported look-ups.

    Args:
        problems: The list of problems. The SDK does not call the monitor if an input or a dependency is
            unknown, so an unsupported look-up is added here.
    """
    invoke_plain, invoke_output = pulumi.runtime.invoke, pulumi.runtime.invoke_output

    def report(token: str) -> None:
        try:
            check_invoke_token(token)
        except DeploymentError as error:
            problems.append(error)

    def invoke(
        tok: str, props: Any, opts: Any = None, typ: type | None = None, package_ref: Any = None
    ) -> InvokeResult:
        report(tok)
        result = invoke_plain(tok, props, opts, typ, package_ref)
        return result if result.is_known else InvokeResult(build_unknown_value(typ or dict))

    def invoke_with_output(tok: str, *arguments: Any, **options: Any) -> Any:
        report(tok)
        return invoke_output(tok, *arguments, **options)

    pulumi.runtime.invoke, pulumi.runtime.invoke_output = invoke, invoke_with_output


def build_unknown_value(value_type: Any, depth: int = _DEPTH) -> Any:
    """Return a value of a type in which each text is unknown.

    Args:
        value_type: The annotation of a property, or a class with the decorator ``pulumi.output_type``.
        depth: The number of levels; deeper objects are None.
    """
    if value_type in _SINGLE_VALUES:
        return _SINGLE_VALUES[value_type]
    origin = typing.get_origin(value_type) or value_type
    arguments = [argument for argument in typing.get_args(value_type) if argument is not type(None)]
    if origin in (typing.Union, types.UnionType):
        return build_unknown_value(arguments[0], depth)
    if origin in (Sequence, list):
        return [build_unknown_value(arguments[0] if arguments else str, depth - 1)] * _ITEMS
    if origin in (Mapping, dict):
        return {}
    return _build_unknown_object(value_type, depth) if depth and isinstance(value_type, type) else None


def _build_unknown_object(output_type: type, depth: int) -> Any:
    properties = {
        name: typing.get_type_hints(item.fget)["return"]
        for name, item in vars(output_type).items()
        if isinstance(item, property) and item.fget is not None
    }
    if not properties:
        return None
    return output_type(**{name: build_unknown_value(hint, depth - 1) for name, hint in properties.items()})
