"""Reads the config of a stack as the Pulumi CLI passes it to a program."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pulumi_localaws.config.declarations import check_stack_values, get_defaults
from pulumi_localaws.config.project import Project, find_program, read_project
from pulumi_localaws.config.regions import SKIP_SETTING, check_region
from pulumi_localaws.config.secrets import PassphraseDecrypter, WrongPassphraseError
from pulumi_localaws.config.sources import (
    ConfigSource,
    ConfigValue,
    get_type_name,
    merge_sources,
    qualify_key,
)
from pulumi_localaws.config.yaml_files import find_yaml_file, read_yaml_file
from pulumi_localaws.environment import caller_region
from pulumi_localaws.errors import ConfigError


@dataclass(frozen=True)
class StackSettings:
    """A project and the config of one stack.

    Attributes:
        project: The project's name.
        stack: The stack's name.
        directory: The folder in which the program runs.
        program: The program's file.
        values: The value of each full key. Objects and lists are JSON text, as in Pulumi.
        secrets: The keys of secret values.
    """

    project: str
    stack: str
    directory: Path
    program: Path
    values: dict[str, str]
    secrets: frozenset[str]


def load_stack_config(
    directory: Path,
    stack: str,
    *,
    overrides: Mapping[str, ConfigValue] | None = None,
    passphrase: str | None = None,
) -> StackSettings:
    """Read ``Pulumi.yaml`` and ``Pulumi.<stack>.yaml`` of a folder.

    Args:
        directory: The project's folder.
        stack: The stack's name.
        overrides: Values that take precedence over the stack's file. The default namespace of a key is the
            project's name.
        passphrase: Decrypts ``secure:`` values. An empty passphrase is valid.

    Raises:
        ConfigError: A file or a required value is missing or malformed, or a secret cannot be decrypted.
    """
    project = read_project(directory)
    stack_document, stack_file = _read_stack_file(directory, project.document, stack)
    sources = _build_sources(project, stack_document, stack_file, overrides)
    entries = merge_sources(sources)
    values = _decrypt_values(
        {key: entry.value for key, entry in entries.items()}, stack_document, stack_file, passphrase
    )
    # A key that is secret in one source stays secret if another source replaces its value.
    secrets = {key for source in sources for key, value in source.values.items() if _contains_secret(value)}
    check_stack_values(
        project.declarations,
        entries,
        values,
        secrets,
        project=project.name,
        project_file=project.path,
        stack=stack,
    )
    program = find_program(project, directory)
    return StackSettings(
        project=project.name,
        stack=stack,
        directory=program.parent,
        program=program,
        values={key: _to_text(value) for key, value in values.items()},
        secrets=frozenset(secrets),
    )


def select_region(
    directory: Path, stack: str, overrides: Mapping[str, ConfigValue] | None = None
) -> str | None:
    """Return the region to deploy to: the stack's, otherwise that of the caller's environment, or None.

    Raises:
        ConfigError: As for `read_stack_region`, or AWS does not have the region of the environment.
    """
    region = read_stack_region(directory, stack, overrides)
    if region is None and (region := caller_region()):
        check_region(region, where="The environment's AWS_REGION or AWS_DEFAULT_REGION")
    return region


def read_stack_region(
    directory: Path, stack: str, overrides: Mapping[str, ConfigValue] | None = None
) -> str | None:
    """Return the stack's ``aws:region``, or None if it has none. Secrets are not decrypted.

    Raises:
        ConfigError: As for `load_stack_config`, or AWS does not have the region.
    """
    project = read_project(directory)
    stack_document, stack_file = _read_stack_file(directory, project.document, stack)
    entries = merge_sources(_build_sources(project, stack_document, stack_file, overrides))
    region, skip = entries.get("aws:region"), entries.get(f"aws:{SKIP_SETTING}")
    if region is None or not isinstance(region.value, str):
        return None
    check_region(region.value, where=f"{region.source.name}: aws:region", skip=skip.value if skip else False)
    return region.value


def _build_sources(
    project: Project,
    stack_document: Mapping[str, Any],
    stack_file: Path,
    overrides: Mapping[str, ConfigValue] | None,
) -> tuple[ConfigSource, ConfigSource, ConfigSource]:
    """Return the sources of config values in the order of their precedence."""

    def qualify_keys(values: Mapping[str, Any] | None, where: object) -> dict[str, Any]:
        return {qualify_key(key, project.name, where): value for key, value in (values or {}).items()}

    overrides_name = "The config overrides"
    return (
        ConfigSource(overrides_name, qualify_keys(overrides, overrides_name)),
        ConfigSource(str(stack_file), qualify_keys(stack_document.get("config"), stack_file), encrypted=True),
        ConfigSource(str(project.path), get_defaults(project.declarations)),
    )


def _read_stack_file(directory: Path, project: dict[str, Any], stack: str) -> tuple[dict[str, Any], Path]:
    """Return the content and the path of the stack's file; no content if the project has no stack files."""
    legacy = project.get("config") if isinstance(project.get("config"), str) else None
    folder = directory / str(project.get("stackConfigDir") or legacy or ".")
    path = find_yaml_file(folder, f"Pulumi.{stack}")
    if path is None:
        other_stacks = sorted({file.name.split(".")[1] for file in folder.glob("Pulumi.*.y*ml")})
        if other_stacks:
            raise ConfigError(
                f"The stack {stack!r} does not exist in {folder}: Pulumi.{stack}.yaml is missing. Available"
                f" stacks: {', '.join(other_stacks)}."
            )
        return {}, folder / f"Pulumi.{stack}.yaml"
    document = read_yaml_file(path)
    if document.get("environment"):
        raise ConfigError(
            f"{path}: `environment` (Pulumi ESC) is not supported, because it needs the Pulumi service. Set"
            " the values under `config`."
        )
    if not isinstance(document.get("config") or {}, dict):
        raise ConfigError(
            f"{path}: `config` must be a mapping of keys to values, not {get_type_name(document['config'])}."
        )
    return document, path


def _decrypt_values(
    values: Mapping[str, Any], stack_document: Mapping[str, Any], path: Path, passphrase: str | None
) -> dict[str, Any]:
    """Return the values with each ``secure:`` value decrypted."""
    secrets = {key for key, value in values.items() if _contains_secret(value)}
    if not secrets:
        return dict(values)
    problem = f"{path}: the secret config value {', '.join(sorted(secrets))} cannot be decrypted"
    if stack_document.get("secretsprovider") not in {None, "", "passphrase"}:
        raise ConfigError(
            f"{problem}: `secretsprovider` is {stack_document['secretsprovider']!r}; allowed: passphrase."
        )
    if not stack_document.get("encryptionsalt"):
        raise ConfigError(f"{problem}: `encryptionsalt` is missing. Restore this line of the file.")
    if passphrase is None:
        raise ConfigError(
            f"{problem} without its passphrase. Set PULUMI_CONFIG_PASSPHRASE or"
            " PULUMI_CONFIG_PASSPHRASE_FILE."
        )
    try:
        decrypter = PassphraseDecrypter(passphrase, str(stack_document["encryptionsalt"]))
    except WrongPassphraseError as error:
        raise ConfigError(
            f"{problem}: PULUMI_CONFIG_PASSPHRASE is not this stack's passphrase. Set it to the passphrase"
            " that encrypted the stack's secrets."
        ) from error
    except ConfigError as error:
        raise ConfigError(f"{problem}: {error}.") from error
    return {key: _decrypt(value, decrypter, key, path) for key, value in values.items()}


def _is_secret(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"secure"} and isinstance(value["secure"], str)


def _contains_secret(value: Any) -> bool:
    if _is_secret(value):
        return True
    if isinstance(value, dict):
        return any(_contains_secret(item) for item in value.values())
    return isinstance(value, list) and any(_contains_secret(item) for item in value)


def _decrypt(value: Any, decrypter: PassphraseDecrypter, key: str, path: Path) -> Any:
    if _is_secret(value):
        try:
            return decrypter.decrypt(value["secure"])
        except ConfigError as error:
            raise ConfigError(
                f"{path}: the secret config value {key} cannot be decrypted: {error}."
            ) from error
    if isinstance(value, dict):
        return {name: _decrypt(item, decrypter, key, path) for name, item in value.items()}
    if isinstance(value, list):
        return [_decrypt(item, decrypter, key, path) for item in value]
    return value


def _to_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return "" if value is None else str(value)
