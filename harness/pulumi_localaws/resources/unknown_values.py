"""Values that are unknown because the resource that they come from was not created."""

from collections.abc import Mapping
from typing import Any

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""Pulumi's text for an unknown value (``pulumi.runtime.rpc.UNKNOWN``)."""


class UnknownInputError(Exception):
    """A check needs an input that is unknown."""


class KnownInputs(dict[str, Any]):
    """Inputs that raise UnknownInputError when a check reads an unknown one."""

    def __getitem__(self, name: str) -> Any:
        value = super().__getitem__(name)
        if contains_unknown(value):
            raise UnknownInputError(name)
        return value

    def get(self, name: str, default: Any = None) -> Any:
        """Return an input, or the default if it is not set."""
        return self[name] if name in self else default  # noqa: SIM401 dict.get does not call __getitem__


def contains_unknown(value: Any) -> bool:
    """Return whether a value is unknown at any depth."""
    if isinstance(value, str):
        return UNKNOWN in value
    if isinstance(value, Mapping):
        return any(contains_unknown(item) for item in (*value, *value.values()))
    return isinstance(value, list) and any(contains_unknown(item) for item in value)
