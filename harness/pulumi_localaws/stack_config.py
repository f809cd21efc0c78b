"""Reads a Pulumi project and the settings of one of its stacks as the Pulumi CLI hands them to a program."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pulumi_localaws.config_secrets import PassphraseDecrypter, WrongPassphraseError
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
    project_file = _project_file(directory)
    project = _read(project_file)
    name = project.get("name")
    if not isinstance(name, str) or not name:
        raise ConfigError(f"{project_file}: `name` is missing. Give the project a name.")
    _check_runtime(project_file, project.get("runtime"))
    settings, stack_file = _stack_settings(directory, project, stack)
    raw = {_full_key(key, name, stack_file): value for key, value in (settings.get("config") or {}).items()}
    raw.update({_full_key(key, name, "the given config"): value for key, value in (overrides or {}).items()})
    values, secrets = _plain(raw, settings, stack_file, passphrase)
    _merge_project(project_file, project.get("config") or {}, name, stack, values, secrets)
    program = _program(project_file, directory, project.get("main"))
    return StackConfig(
        project=name,
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
        ConfigError: As for `load_stack_config`.
    """
    project_file = _project_file(directory)
    project = _read(project_file)
    settings, stack_file = _stack_settings(directory, project, stack)
    declared = project.get("config") if isinstance(project.get("config"), dict) else {}
    for source, where in (
        (overrides, "the given config"),
        (settings.get("config"), stack_file),
        (declared, project_file),
    ):
        for key, value in (source or {}).items():
            if _full_key(key, str(project.get("name")), where) == "aws:region":
                given = value.get("value", value.get("default")) if isinstance(value, dict) else value
                if isinstance(given, str):
                    return given
    return None


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
        raise ConfigError(f"{path}: a mapping is expected at the top, not {_type_name(document)}.")
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
                f"There is no stack {stack!r} in {folder}: Pulumi.{stack}.yaml is missing. Stacks here: {', '.join(others)}."
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


def _full_key(key: Any, project: str, where: object) -> str:
    parts = str(key).split(":")
    if len(parts) == 1 and parts[0]:
        return f"{project}:{parts[0]}"
    if len(parts) == 3 and parts[1] == "config":  # noqa: PLR2004 the older form <namespace>:config:<name>
        parts = [parts[0], parts[2]]
    if len(parts) != 2 or not all(parts):  # noqa: PLR2004 namespace and name
        raise ConfigError(f"{where}: {key!r} is not a config key; <namespace>:<name> is expected.")
    return ":".join(parts)


def _plain(
    raw: Mapping[str, Any], settings: Mapping[str, Any], path: Path, passphrase: str | None
) -> tuple[dict[str, Any], set[str]]:
    """Return the values with each ``secure:`` opened, and the keys that had one."""
    secrets = {key for key, value in raw.items() if _has_secret(value)}
    if not secrets:
        return dict(raw), secrets
    keys = ", ".join(sorted(secrets))
    if settings.get("secretsprovider") not in {None, "", "passphrase"}:
        raise ConfigError(
            f"{path}: the secret config value {keys} can't be read: secretsprovider is"
            f" {settings['secretsprovider']!r}, and only the passphrase provider is supported here."
        )
    if not settings.get("encryptionsalt"):
        raise ConfigError(
            f"{path}: the secret config value {keys} can't be read: `encryptionsalt` is missing from the file."
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
            f"{path}: the secret config value {keys} can't be read: PULUMI_CONFIG_PASSPHRASE is not this stack's passphrase."
        ) from error
    return {key: _open(value, decrypter, key, path) for key, value in raw.items()}, secrets


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


def _merge_project(
    path: Path, declared: Any, project: str, stack: str, values: dict[str, Any], secrets: set[str]
) -> None:
    """Fill in the defaults of ``Pulumi.yaml``, check declared types, and ask for what has neither value nor default."""
    if isinstance(declared, str):
        return
    missing = []
    for short, declaration in declared.items():
        key = _full_key(short, project, path)
        rule = declaration if isinstance(declaration, dict) else {"value": declaration}
        if unknown := set(rule) - _DECLARATION:
            raise ConfigError(
                f"{path}: config {short}: {', '.join(sorted(unknown))} is not known; allowed: {', '.join(sorted(_DECLARATION))}."
            )
        given = rule.get("default", rule.get("value"))
        if key in values:
            if rule.get("secret") and key not in secrets:
                raise ConfigError(
                    f"Stack {stack!r}: config {key} is declared secret and has to be encrypted (`secure:`)."
                )
        elif given is not None:
            values[key] = given
            if rule.get("secret"):
                secrets.add(key)
        elif key.startswith(f"{project}:"):
            missing.append(key)
            continue
        else:
            continue
        _check_type(path, key, rule, values[key])
    if missing:
        raise ConfigError(
            f"Stack {stack!r} is missing the config value{'s' if len(missing) > 1 else ''} {', '.join(sorted(missing))}."
            f" Set {'them' if len(missing) > 1 else 'it'} in Pulumi.{stack}.yaml under `config`."
        )


def _check_type(path: Path, key: str, rule: Mapping[str, Any], value: Any) -> None:
    wanted = rule.get("type")
    if wanted is None:
        return
    if wanted not in _TYPES:
        raise ConfigError(
            f"{path}: config {key}: type {wanted!r} is not known; allowed: {', '.join(_TYPES)}."
        )
    if not _fits(wanted, rule.get("items"), value):
        raise ConfigError(f"Config {key} must be of type {wanted}; it is {_type_name(value)}: {value!r}.")


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


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return "" if value is None else str(value)


def _type_name(value: Any) -> str:
    names = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}
    return names.get(type(value), type(value).__name__)
