"""The ``config`` section of ``Pulumi.yaml``: defaults, declared types, and what has to be given."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pulumi_localaws.engine_errors import ConfigError

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
    """A project's name and file, and the keys whose values were given over the stack's file."""

    name: str
    path: Path
    overridden: frozenset[str] = frozenset()


def full_key(key: Any, project: str, where: object) -> str:
    """Return a key with its namespace; the project's where it has none.

    Raises:
        ConfigError: It is no key.
    """
    parts = str(key).split(":")
    if len(parts) == 1 and parts[0]:
        return f"{project}:{parts[0]}"
    if len(parts) == 3 and parts[1] == "config":  # noqa: PLR2004 the older form <namespace>:config:<name>
        parts = [parts[0], parts[2]]
    if len(parts) != 2 or not all(parts):  # noqa: PLR2004 namespace and name
        raise ConfigError(f"{where}: {key!r} is not a config key; <namespace>:<name> is expected.")
    return ":".join(parts)


def merge_project(of: Project, declared: Any, stack: str, values: dict[str, Any], secrets: set[str]) -> None:
    """Fill in defaults, check declared types, and ask for what has neither value nor default.

    Args:
        of: The project.
        declared: Its ``config`` section.
        stack: The stack's name.
        values: The stack's values; defaults are added.
        secrets: Keys of secret values; a default that is declared secret is added.

    Raises:
        ConfigError: A value is missing or of the wrong type, or a declaration is malformed.
    """
    if isinstance(declared, str):
        return
    missing = []
    for short, declaration in declared.items():
        key = full_key(short, of.name, of.path)
        rule = _rule(of, short, declaration)
        given = rule.get("default", rule.get("value"))
        if key in values:
            if rule.get("secret") and key in of.overridden:
                secrets.add(key)
            elif rule.get("secret") and key not in secrets:
                raise ConfigError(
                    f"Stack {stack!r}: config {key} is declared secret and has to be encrypted (`secure:`)."
                )
        elif given is not None:
            values[key] = given
            if rule.get("secret"):
                secrets.add(key)
        elif key.startswith(f"{of.name}:"):
            missing.append(key)
            continue
        else:
            continue
        _check_type(of.path, key, rule, values[key], secret=key in secrets)
    if missing:
        raise ConfigError(
            f"Stack {stack!r} is missing the config value{'s' if len(missing) > 1 else ''}"
            f" {', '.join(sorted(missing))}."
            f" Set {'them' if len(missing) > 1 else 'it'} in Pulumi.{stack}.yaml under `config`."
        )


def _rule(of: Project, short: str, declaration: Any) -> dict[str, Any]:
    rule = declaration if isinstance(declaration, dict) else {"value": declaration}
    if unknown := set(rule) - _DECLARATION:
        raise ConfigError(
            f"{of.path}: config {short}: {', '.join(sorted(unknown))} is not known; allowed:"
            f" {', '.join(sorted(_DECLARATION))}."
        )
    return rule


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
