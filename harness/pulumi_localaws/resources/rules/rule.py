"""Defines a rule, and builds the most frequent kinds of rules."""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass

from pulumi_localaws.resources.resource_type import Properties, ResourceContext

Check = Callable[[ResourceContext, Properties], str | None]


@dataclass(frozen=True)
class Rule:
    """A rule of AWS for one resource type.

    Attributes:
        token: The Pulumi type.
        inputs: The inputs that the rule reads. The rule applies if the first one is set.
        text: The rule, for the documentation and for messages about secret inputs.
        source: Where AWS states the rule: the title of the page in its documentation, or another source.
        check: Returns the problem, without a full stop at its end, or None.
    """

    token: str
    inputs: tuple[str, ...]
    text: str
    source: str
    check: Check


def build_range_rule(
    token: str, name: str, minimum: int, maximum: int, source: str, *, also: Collection[int] = ()
) -> Rule:
    """Return a rule for the range of a number.

    Args:
        token: The Pulumi type.
        name: The input.
        minimum: The lowest allowed number.
        maximum: The highest allowed number.
        source: As for `Rule`.
        also: Other allowed numbers.
    """
    extra = "".join(f"{number}, or " for number in also)
    allowed = f"{extra}{minimum} to {maximum}"

    def check(_: ResourceContext, inputs: Properties) -> str | None:
        if inputs[name] in also or minimum <= inputs[name] <= maximum:
            return None
        return f"{name} is {inputs[name]}; allowed: {allowed}"

    return Rule(token, (name,), f"{name} is {allowed}", source, check)


def build_choice_rule(
    token: str, name: str, allowed: Collection[str | int], source: str, text: str | None = None
) -> Rule:
    """Return a rule for an input with a list of allowed values."""
    choices = ", ".join(str(choice) for choice in allowed)

    def check(_: ResourceContext, inputs: Properties) -> str | None:
        return None if inputs[name] in allowed else f"{name} is {inputs[name]!r}; allowed: {choices}"

    return Rule(token, (name,), text or f"{name} is one of {choices}", source, check)


def build_pattern_rule(token: str, name: str, pattern: str, allowed: str, source: str) -> Rule:
    """Return a rule for the form of a text.

    Args:
        token: The Pulumi type.
        name: The input.
        pattern: The regular expression that the whole text must match.
        allowed: The pattern in words.
        source: As for `Rule`.
    """

    def check(_: ResourceContext, inputs: Properties) -> str | None:
        if re.fullmatch(pattern, inputs[name], re.ASCII | re.DOTALL):
            return None
        return f"{name} is {inputs[name]!r}; it must have {allowed}"

    return Rule(token, (name,), f"{name} has {allowed}", source, check)
