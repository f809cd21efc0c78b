"""A fact: one line of docs/cognito-behaviour.md, with the code that tries it."""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pulumi_localaws.conformance.kit import Kit


class FactError(Exception):
    """The fact does not hold; the message says what was seen."""


class NotTriedError(Exception):
    """The fact can't be tried on this endpoint; the message says why."""


Check = Callable[["Kit"], str]
"""Tries a fact and returns what was seen; raises FactError or NotTriedError."""


@dataclass(frozen=True)
class Fact:
    """A behaviour of Cognito.

    Attributes:
        line: Its line in docs/cognito-behaviour.md.
        behaviour: What AWS does.
        source: A page of AWS's documentation, or an issue in which users reported it.
        check: Tries it.
    """

    line: int
    behaviour: str
    source: str
    check: Check


_FACTS: list[Fact] = []


def fact(line: int, behaviour: str, source: str) -> Callable[[Check], Check]:
    """Add the decorated function to the facts."""

    def add(check: Check) -> Check:
        _FACTS.append(Fact(line, behaviour, source, check))
        return check

    return add


def load_facts() -> list[Fact]:
    """Return all facts, by line."""
    package = importlib.import_module("pulumi_localaws.conformance.facts")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    return sorted(_FACTS, key=lambda entry: entry.line)
