"""Config values: where they come from, which place wins, and what ``Pulumi.yaml`` declares about them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pulumi_localaws.errors import ConfigError

ConfigValue = str | bool | int | float | list[Any] | dict[str, Any]

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "array": (list,),
    "object": (dict,),
}
_DECLARATION = {"type", "description", "default", "value", "secret", "items"}


@dataclass(frozen=True)
class Project:
    """A project and the config that it declares.

    Attributes:
        name: Its name.
        path: Its file.
        document: The file's content.
        declarations: The declaration of each key.
    """

    name: str
    path: Path
    document: dict[str, Any]
    declarations: dict[str, dict[str, Any]]

    def defaults(self) -> dict[str, Any]:
        """Return the default of each key that has one."""
        defaults = {key: rule.get("default", rule.get("value")) for key, rule in self.declarations.items()}
        return {key: value for key, value in defaults.items() if value is not None}


@dataclass(frozen=True)
class Source:
    """A place that config values come from.

    Attributes:
        name: What to call it in a message.
        values: Its values by full key.
        encrypted: Whether a value that is declared secret has to be encrypted here.
    """

    name: str
    values: Mapping[str, Any]
    encrypted: bool = False


@dataclass(frozen=True)
class Entry:
    """A config value and the place that it comes from."""

    value: Any
    source: Source


def first_entries(sources: Iterable[Source]) -> dict[str, Entry]:
    """Return the value of each key from the first source that has it."""
    entries: dict[str, Entry] = {}
    for source in sources:
        for key, value in source.values.items():
            entries.setdefault(key, Entry(value, source))
    return entries


def full_key(key: Any, project: str, where: object) -> str:
    """Return a key with its namespace; the project's where it has none.

    Raises:
        ConfigError: It is not a config key.
    """
    parts = str(key).split(":")
    if len(parts) == 1 and parts[0]:
        return f"{project}:{parts[0]}"
    if len(parts) == 3 and parts[1] == "config":  # noqa: PLR2004 the older form <namespace>:config:<name>
        parts = [parts[0], parts[2]]
    if len(parts) != 2 or not all(parts):  # noqa: PLR2004 namespace and name
        raise ConfigError(f"{where}: {key!r} is not a config key; <namespace>:<name> is expected.")
    return ":".join(parts)


def read_declarations(name: str, path: Path, config: Any) -> dict[str, dict[str, Any]]:
    """Return the declaration of each key in the ``config`` section of a project's file.

    Args:
        name: The project's name.
        path: The project's file.
        config: The section; a text is the older form of ``stackConfigDir`` and declares nothing.

    Raises:
        ConfigError: A key or a declaration is malformed.
    """
    if not config or isinstance(config, str):
        return {}
    if not isinstance(config, dict):
        raise ConfigError(f"{path}: `config` has to be a mapping of keys to declarations.")
    declarations = {}
    for short, declaration in config.items():
        rule = declaration if isinstance(declaration, dict) else {"value": declaration}
        if unknown := set(rule) - _DECLARATION:
            raise ConfigError(
                f"{path}: config {short}: {', '.join(sorted(unknown))} is not known; allowed:"
                f" {', '.join(sorted(_DECLARATION))}."
            )
        declarations[full_key(short, name, path)] = rule
    return declarations


def check_declarations(
    project: Project, stack: str, entries: Mapping[str, Entry], values: Mapping[str, Any], secrets: set[str]
) -> None:
    """Check values against what the project declares: their types, their secrecy, that none is missing.

    Args:
        project: The project.
        stack: The stack's name.
        entries: Where each value comes from.
        values: The values, with each secret in clear.
        secrets: Keys of secret values; those that are declared secret are added.

    Raises:
        ConfigError: A value is missing or of the wrong type, or a secret is not encrypted.
    """
    missing = []
    for key, rule in project.declarations.items():
        if key not in entries:
            if key.startswith(f"{project.name}:"):
                missing.append(key)
            continue
        if rule.get("secret"):
            if entries[key].source.encrypted and key not in secrets:
                raise ConfigError(
                    f"Stack {stack!r}: config {key} is declared secret and has to be encrypted (`secure:`)."
                )
            secrets.add(key)
        _check_type(project.path, key, rule, values[key], secret=key in secrets)
    if missing:
        raise ConfigError(
            f"Stack {stack!r} is missing the config value{'s' if len(missing) > 1 else ''}"
            f" {', '.join(sorted(missing))}."
            f" Set {'them' if len(missing) > 1 else 'it'} in Pulumi.{stack}.yaml under `config`."
        )


def _check_type(path: Path, key: str, rule: Mapping[str, Any], value: Any, *, secret: bool) -> None:
    wanted = rule.get("type")
    if wanted is None:
        return
    if wanted not in _TYPES:
        raise ConfigError(
            f"{path}: config {key}: type {wanted!r} is not known; allowed: {', '.join(_TYPES)}."
        )
    if not _fits(wanted, rule.get("items"), value):
        shown = "" if secret else f": {value!r}"
        raise ConfigError(f"Config {key} must be of type {wanted}; it is {type_name(value)}{shown}.")


def _fits(wanted: str, items: Any, value: Any) -> bool:
    if wanted == "integer":
        return (isinstance(value, int) and not isinstance(value, bool)) or (
            isinstance(value, str) and value.lstrip("-").isdigit()
        )
    if wanted == "boolean":
        return isinstance(value, bool) or value in {"true", "false"}
    if wanted == "array" and isinstance(value, list):
        inner = (items or {}).get("type")
        return inner is None or all(_fits(inner, items.get("items"), item) for item in value)
    # A plain number or truth value in YAML is text to Pulumi where text is wanted.
    return isinstance(value, (*_TYPES[wanted], int, float) if wanted == "string" else _TYPES[wanted])


def type_name(value: Any) -> str:
    """Return the word that Pulumi has for a value's type."""
    names = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}
    return names.get(type(value), type(value).__name__)
