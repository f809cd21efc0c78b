"""Reads the config declarations of ``Pulumi.yaml`` and checks a stack's values against them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pulumi_localaws.config.sources import ConfigEntry, get_type_name, qualify_key
from pulumi_localaws.errors import ConfigError

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "array": (list,),
    "object": (dict,),
}
_DECLARATION_FIELDS = {"type", "description", "default", "value", "secret", "items"}

Declarations = dict[str, dict[str, Any]]
"""The declaration of each config key, by full key."""


def read_declarations(project: str, path: Path, section: Any) -> Declarations:
    """Return the declarations in the ``config`` section of a project's file.

    Args:
        project: The project's name.
        path: The project's file.
        section: The section. A string is the older form of ``stackConfigDir`` and declares no key.

    Raises:
        ConfigError: A key or a declaration is malformed.
    """
    if not section or isinstance(section, str):
        return {}
    if not isinstance(section, dict):
        raise ConfigError(
            f"{path}: `config` must be a mapping of keys to declarations, not {get_type_name(section)}."
        )
    declarations = {}
    for key, value in section.items():
        declaration = value if isinstance(value, dict) else {"value": value}
        if unknown := set(declaration) - _DECLARATION_FIELDS:
            raise ConfigError(
                f"{path}: the declaration of config {key} has the unknown field {', '.join(sorted(unknown))};"
                f" allowed: {', '.join(sorted(_DECLARATION_FIELDS))}."
            )
        declarations[qualify_key(key, project, path)] = declaration
    return declarations


def get_defaults(declarations: Declarations) -> dict[str, Any]:
    """Return the default of each key that has one."""
    defaults = {
        key: declaration.get("default", declaration.get("value")) for key, declaration in declarations.items()
    }
    return {key: value for key, value in defaults.items() if value is not None}


def check_stack_values(
    declarations: Declarations,
    entries: Mapping[str, ConfigEntry],
    values: Mapping[str, Any],
    secrets: set[str],
    *,
    project: str,
    project_file: Path,
    stack: str,
) -> None:
    """Check that each declared key has a value of its type, and that each declared secret is encrypted.

    Args:
        declarations: The project's declarations.
        entries: The entry of each key.
        values: The values, with decrypted secrets.
        secrets: The keys of secret values. Keys that are declared secret are added.
        project: The project's name.
        project_file: The project's file.
        stack: The stack's name.

    Raises:
        ConfigError: A value is missing or has the wrong type, or a secret is not encrypted.
    """
    missing = []
    for key, declaration in declarations.items():
        if key not in entries:
            if key.startswith(f"{project}:"):
                missing.append(key)
            continue
        if declaration.get("secret"):
            if entries[key].source.encrypted and key not in secrets:
                raise ConfigError(
                    f"Stack {stack!r}: config {key} is declared secret, but its value is plain text."
                    f" Encrypt it with `pulumi config set --secret`, which writes Pulumi.{stack}.yaml."
                )
            secrets.add(key)
        _check_type(project_file, key, declaration, values[key], is_secret=key in secrets)
    if missing:
        raise ConfigError(
            f"Stack {stack!r}: required config values are missing: {', '.join(sorted(missing))}. Set them in"
            f" Pulumi.{stack}.yaml under `config`."
        )


def _check_type(
    project_file: Path, key: str, declaration: Mapping[str, Any], value: Any, *, is_secret: bool
) -> None:
    type_name = declaration.get("type")
    if type_name is None:
        return
    if type_name not in _TYPES:
        raise ConfigError(
            f"{project_file}: the declaration of config {key} has the unknown type {type_name!r}; allowed:"
            f" {', '.join(_TYPES)}."
        )
    if not _has_type(value, type_name, declaration.get("items")):
        shown_value = "" if is_secret else f" {value!r}"
        raise ConfigError(
            f"Config {key} must be of type {type_name}, not {get_type_name(value)}{shown_value}."
        )


def _has_type(value: Any, type_name: str, items: Any) -> bool:
    if type_name == "integer":
        return (isinstance(value, int) and not isinstance(value, bool)) or (
            isinstance(value, str) and value.lstrip("-").isdigit()
        )
    if type_name == "boolean":
        return isinstance(value, bool) or value in {"true", "false"}
    if type_name == "array" and isinstance(value, list):
        item_type = (items or {}).get("type")
        return item_type is None or all(_has_type(item, item_type, items.get("items")) for item in value)
    # For Pulumi, an unquoted number or boolean in YAML is a valid string.
    return isinstance(value, (*_TYPES[type_name], int, float) if type_name == "string" else _TYPES[type_name])
