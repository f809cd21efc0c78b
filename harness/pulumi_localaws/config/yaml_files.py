"""Finds and reads the YAML files of a project, as Pulumi's parser does."""

from pathlib import Path
from typing import Any

import yaml

from pulumi_localaws.config.sources import get_type_name
from pulumi_localaws.errors import ConfigError


class _PulumiLoader(yaml.SafeLoader):
    """Reads only true and false as booleans, and a date as text."""


_PulumiLoader.yaml_implicit_resolvers = {
    first_character: [
        (tag, pattern)
        for tag, pattern in resolvers
        if tag not in {"tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:bool"}
    ]
    for first_character, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _word in ("true", "True", "TRUE", "false", "False", "FALSE"):
    _PulumiLoader.yaml_implicit_resolvers.setdefault(_word[0], []).append(
        ("tag:yaml.org,2002:bool", yaml.SafeLoader.yaml_implicit_resolvers["t"][0][1])
    )


def find_yaml_file(folder: Path, stem: str) -> Path | None:
    """Return the file of a folder with this name and the suffix yaml, yml or json, or None."""
    return next(
        (path for suffix in ("yaml", "yml", "json") if (path := folder / f"{stem}.{suffix}").is_file()),
        None,
    )


def read_yaml_file(path: Path) -> dict[str, Any]:
    """Read a YAML or JSON file whose content is a mapping.

    Raises:
        ConfigError: The content is not valid YAML or not a mapping.
    """
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=_PulumiLoader)  # noqa: S506 a SafeLoader
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} must be encoded in UTF-8.") from error
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise ConfigError(
            f"{path}: the content must be a mapping of keys to values, not {get_type_name(document)}."
        )
    return document
