"""Config values, their sources, and the order in which the sources take precedence."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pulumi_localaws.errors import ConfigError

ConfigValue = str | bool | int | float | list[Any] | dict[str, Any]


@dataclass(frozen=True)
class ConfigSource:
    """A source of config values: the overrides, the stack's file or the project's defaults.

    Attributes:
        name: The source's name in messages.
        values: Its values by full key.
        encrypted: Whether a value that is declared secret must be encrypted in this source.
    """

    name: str
    values: Mapping[str, Any]
    encrypted: bool = False


@dataclass(frozen=True)
class ConfigEntry:
    """A config value and its source."""

    value: Any
    source: ConfigSource


def merge_sources(sources: Iterable[ConfigSource]) -> dict[str, ConfigEntry]:
    """Return the entry of each key. The first source that has a key takes precedence."""
    entries: dict[str, ConfigEntry] = {}
    for source in sources:
        for key, value in source.values.items():
            entries.setdefault(key, ConfigEntry(value, source))
    return entries


def qualify_key(key: Any, project: str, where: object) -> str:
    """Return a key with its namespace. The default namespace is the project's name.

    Args:
        key: The key, with or without a namespace.
        project: The project's name.
        where: The source of the key, for the message.

    Raises:
        ConfigError: The key is malformed.
    """
    parts = str(key).split(":")
    if len(parts) == 1 and parts[0]:
        return f"{project}:{parts[0]}"
    if len(parts) == 3 and parts[1] == "config":  # noqa: PLR2004 the older form <namespace>:config:<name>
        parts = [parts[0], parts[2]]
    if len(parts) != 2 or not all(parts):  # noqa: PLR2004 namespace and name
        raise ConfigError(
            f"{where}: the config key {key!r} is malformed. Use the form <namespace>:<name>, or <name> for a"
            " key of this project."
        )
    return ":".join(parts)


def get_type_name(value: Any) -> str:
    """Return Pulumi's name of a value's type."""
    names = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}
    return names.get(type(value), type(value).__name__)
