"""Reads a Pulumi project and the settings of one of its stacks as the Pulumi CLI hands them to a program."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pulumi_localaws.config.project import (
    ConfigValue,
    Project,
    Source,
    check_declarations,
    first_entries,
    full_key,
    read_declarations,
    type_name,
)
from pulumi_localaws.config.regions import SKIP, check_region
from pulumi_localaws.config.secrets import PassphraseDecrypter, WrongPassphraseError
from pulumi_localaws.errors import ConfigError


class _Loader(yaml.SafeLoader):
    """YAML as Pulumi's parser reads it: only true and false are booleans, and a date is text."""


_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in resolvers
        if tag not in {"tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:bool"}
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _word in ("true", "True", "TRUE", "false", "False", "FALSE"):
    _Loader.yaml_implicit_resolvers.setdefault(_word[0], []).append(
        ("tag:yaml.org,2002:bool", yaml.SafeLoader.yaml_implicit_resolvers["t"][0][1])
    )


@dataclass(frozen=True)
class StackConfig:
    """A project and one stack's settings, ready for a program.

    Attributes:
        project: The project's name.
        stack: The stack's name.
        directory: Where the program runs.
        program: The file that is run.
        values: Every key with its namespace; objects and lists are JSON text, as Pulumi hands them over.
        secrets: The keys whose values are secret.
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
) -> StackConfig:
    """Read ``Pulumi.yaml`` and ``Pulumi.<stack>.yaml`` of a folder.

    Args:
        directory: The project's folder.
        stack: The stack's name.
        overrides: Values that go before the stack's file; a key without namespace is the project's.
        passphrase: Opens ``secure:`` values; an empty one is a passphrase too.

    Raises:
        ConfigError: A file is missing or malformed, a required key has no value, or a secret cannot be read.
    """
    project = _read_project(directory)
    settings, stack_file = _stack_settings(directory, project.document, stack)
    sources = _sources(project, settings, stack_file, overrides)
    entries = first_entries(sources)
    values = _open_all({key: entry.value for key, entry in entries.items()}, settings, stack_file, passphrase)
    # What is secret in the file stays so with another value.
    secrets = {key for source in sources for key, value in source.values.items() if _has_secret(value)}
    check_declarations(project, stack, entries, values, secrets)
    program = _program(project.path, directory, project.document.get("main"))
    return StackConfig(
        project=project.name,
        stack=stack,
        directory=program.parent,
        program=program,
        values={key: _text(value) for key, value in values.items()},
        secrets=frozenset(secrets),
    )


def stack_region(
    directory: Path, stack: str, overrides: Mapping[str, ConfigValue] | None = None
) -> str | None:
    """Return the stack's ``aws:region`` without opening its secrets; None if it has none.

    Raises:
        ConfigError: As for `load_stack_config`; or AWS has no such region.
    """
    project = _read_project(directory)
    settings, stack_file = _stack_settings(directory, project.document, stack)
    entries = first_entries(_sources(project, settings, stack_file, overrides))
    region, skip = entries.get("aws:region"), entries.get(f"aws:{SKIP}")
    if region is None or not isinstance(region.value, str):
        return None
    check_region(region.value, where=f"{region.source.name}: aws:region", skip=skip.value if skip else False)
    return region.value


def _sources(
    project: Project,
    settings: Mapping[str, Any],
    stack_file: Path,
    overrides: Mapping[str, ConfigValue] | None,
) -> tuple[Source, Source, Source]:
    """Return the places that config values come from; the first that has a key wins."""

    def by_full_key(values: Mapping[str, Any] | None, where: object) -> dict[str, Any]:
        return {full_key(key, project.name, where): value for key, value in (values or {}).items()}

    given = "the given config"
    return (
        Source(given, by_full_key(overrides, given)),
        Source(str(stack_file), by_full_key(settings.get("config"), stack_file), encrypted=True),
        Source(str(project.path), project.defaults()),
    )


def _read_project(directory: Path) -> Project:
    path = _project_file(directory)
    document = _read(path)
    name = document.get("name")
    if not isinstance(name, str) or not name:
        raise ConfigError(f"{path}: `name` is missing. Give the project a name.")
    _check_runtime(path, document.get("runtime"))
    return Project(name, path, document, read_declarations(name, path, document.get("config")))


def _project_file(directory: Path) -> Path:
    found = _settings_file(directory, "Pulumi")
    if found is None:
        raise ConfigError(
            f"There is no Pulumi project in {directory}: Pulumi.yaml is missing. Name the project's folder."
        )
    return found


def _program(project_file: Path, directory: Path, main: Any) -> Path:
    path = directory / str(main or ".")
    if not path.exists():
        raise ConfigError(f"{project_file}: `main: {main}` names a file or folder that isn't there.")
    program = path / "__main__.py" if path.is_dir() else path
    if not program.exists():
        raise ConfigError(f"There is no program in {path}: __main__.py is missing.")
    return program.resolve()


def _settings_file(directory: Path, stem: str) -> Path | None:
    return next(
        (path for suffix in ("yaml", "yml", "json") if (path := directory / f"{stem}.{suffix}").is_file()),
        None,
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 a SafeLoader of our own
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text.") from error
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise ConfigError(f"{path}: a mapping is expected at the top, not {type_name(document)}.")
    return document


def _check_runtime(path: Path, runtime: Any) -> None:
    name = runtime.get("name") if isinstance(runtime, dict) else runtime
    if name != "python":
        raise ConfigError(
            f"{path}: runtime is {name!r}; only programs in Python are run here (`runtime: python`)."
        )


def _stack_settings(directory: Path, project: dict[str, Any], stack: str) -> tuple[dict[str, Any], Path]:
    legacy = project.get("config") if isinstance(project.get("config"), str) else None
    folder = directory / str(project.get("stackConfigDir") or legacy or ".")
    path = _settings_file(folder, f"Pulumi.{stack}")
    if path is None:
        others = sorted({file.name.split(".")[1] for file in folder.glob("Pulumi.*.y*ml")})
        if others:
            raise ConfigError(
                f"There is no stack {stack!r} in {folder}: Pulumi.{stack}.yaml is missing. Stacks"
                f" here: {', '.join(others)}."
            )
        return {}, folder / f"Pulumi.{stack}.yaml"
    settings = _read(path)
    if settings.get("environment"):
        raise ConfigError(
            f"{path}: `environment` (Pulumi ESC) needs the Pulumi service; give the values under `config`."
        )
    if not isinstance(settings.get("config") or {}, dict):
        raise ConfigError(f"{path}: `config` has to be a mapping of keys to values.")
    return settings, path


def _open_all(
    raw: Mapping[str, Any], settings: Mapping[str, Any], path: Path, passphrase: str | None
) -> dict[str, Any]:
    """Return the values with each ``secure:`` opened."""
    secrets = {key for key, value in raw.items() if _has_secret(value)}
    if not secrets:
        return dict(raw)
    keys = ", ".join(sorted(secrets))
    if settings.get("secretsprovider") not in {None, "", "passphrase"}:
        raise ConfigError(
            f"{path}: the secret config value {keys} can't be read: secretsprovider is"
            f" {settings['secretsprovider']!r}, and only the passphrase provider is supported here."
        )
    if not settings.get("encryptionsalt"):
        raise ConfigError(
            f"{path}: the secret config value {keys} can't be read: `encryptionsalt` is missing from"
            " the file."
        )
    if passphrase is None:
        raise ConfigError(
            f"{path}: the secret config value {keys} can't be read without its passphrase."
            " Set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE."
        )
    try:
        decrypter = PassphraseDecrypter(passphrase, str(settings["encryptionsalt"]))
    except WrongPassphraseError as error:
        raise ConfigError(
            f"{path}: the secret config value {keys} can't be read: PULUMI_CONFIG_PASSPHRASE is not"
            " this stack's passphrase."
        ) from error
    return {key: _open(value, decrypter, key, path) for key, value in raw.items()}


def _is_secret(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"secure"} and isinstance(value["secure"], str)


def _has_secret(value: Any) -> bool:
    if _is_secret(value):
        return True
    if isinstance(value, dict):
        return any(_has_secret(item) for item in value.values())
    return isinstance(value, list) and any(_has_secret(item) for item in value)


def _open(value: Any, decrypter: PassphraseDecrypter, key: str, path: Path) -> Any:
    if _is_secret(value):
        try:
            return decrypter.decrypt(value["secure"])
        except ConfigError as error:
            raise ConfigError(f"{path}: the secret config value {key} can't be read: {error}.") from error
    if isinstance(value, dict):
        return {name: _open(item, decrypter, key, path) for name, item in value.items()}
    if isinstance(value, list):
        return [_open(item, decrypter, key, path) for item in value]
    return value


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return "" if value is None else str(value)
