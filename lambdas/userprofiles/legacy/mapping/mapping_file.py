"""Finds and reads a mapping: a file, or a preset of this package."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from userprofiles.legacy.errors import MappingError

_PRESETS = files("userprofiles.legacy") / "mappings"
_SUFFIX = ".json"


def preset_names() -> list[str]:
    """Return the names of the presets, sorted."""
    return sorted(
        file.name.removesuffix(_SUFFIX) for file in _PRESETS.iterdir() if file.name.endswith(_SUFFIX)
    )


def read_mapping_file(name: str) -> Any:
    """Read a mapping without checking it.

    Args:
        name: The path of a file with the suffix `.json`, or the name of a preset.

    Raises:
        MappingError: There is no such mapping, or it is not JSON.
    """
    file = _PRESETS / f"{name}{_SUFFIX}" if name in preset_names() else Path(name)
    if isinstance(file, Path) and file.suffix != _SUFFIX:
        raise MappingError(
            name, [f"unknown name. Allowed: {', '.join(preset_names())}, or the path of a .json file"]
        )
    try:
        return json.loads(file.read_text(encoding="utf-8"), object_pairs_hook=_unique_keys)
    except OSError as error:
        raise MappingError(name, [f"the file can't be read: {error.strerror or 'unknown reason'}"]) from None
    except _RepeatedKeyError as error:
        raise MappingError(name, [f"the key {str(error)!r} is repeated in an object. Keep one"]) from None
    except UnicodeDecodeError:
        raise MappingError(name, ["the file is not UTF-8"]) from None
    except json.JSONDecodeError as error:
        problem = f"the file is not JSON: {error.msg} in line {error.lineno}, column {error.colno}"
        raise MappingError(name, [problem]) from None
    except RecursionError:
        raise MappingError(name, ["the file is nested too deeply"]) from None


class _RepeatedKeyError(Exception):
    """An object has a key twice. The message is the key."""


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for key, value in pairs:
        if key in document:
            raise _RepeatedKeyError(key)
        document[key] = value
    return document
