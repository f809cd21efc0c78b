"""Checks a mapping, and reports each problem with its path, what was given and what is allowed."""

import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from userprofiles.legacy.mapping.converters import UNITS
from userprofiles.legacy.mapping.targets import (
    CONTENT_TARGETS,
    LINK_KINDS,
    LINK_TARGETS,
    TRANSLATED_TYPES,
    USER_TARGETS,
    VISIBILITIES,
    Target,
)

FORMAT = "userprofiles-legacy-mapping"
VERSION = 1

_KEYS = ("$comment", "format", "version", "sourceName", "users", "content", "links")
_COLLECTION_KEYS = ("$comment", "collection", "fields", "ignored")
_FIELD_KEYS = ("from", "default", "values", "unit", "item")
_SOURCE_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
_PATH = re.compile(r"[^.\x00]+(\.[^.\x00]+)*")
_MAX_PATH_CHARACTERS = 200
_MAX_CANDIDATES = 20
_MAX_SHOWN_CHARACTERS = 60
_LOGINS = ("phone_number", "email")


def find_problems(document: Any) -> Iterator[str]:
    """Yield the problems of a mapping.

    Args:
        document: The document of a mapping file.
    """
    if not isinstance(document, Mapping):
        yield f"the mapping must be a JSON object, got {_show(document)}"
        return
    yield from _unknown_keys(document, "", _KEYS)
    for key, expected in {"format": FORMAT, "version": VERSION}.items():
        if document.get(key) != expected or isinstance(document.get(key), bool):
            yield f"{key}: got {_show(document.get(key))}. Allowed: {_show(expected)}"
    source_name = document.get("sourceName")
    if not isinstance(source_name, str) or not _SOURCE_NAME.fullmatch(source_name):
        yield (
            f"sourceName: got {_show(source_name)}. Allowed: 1 to 32 lower-case letters, digits and '-', "
            "beginning with a letter"
        )
    yield from _collection_problems(document.get("users"), "users", USER_TARGETS)
    if isinstance(document.get("users"), Mapping):
        yield from _login_problems(document["users"].get("fields"))
    for key, targets in {"content": CONTENT_TARGETS, "links": LINK_TARGETS}.items():
        entries = document.get(key, [])
        if not isinstance(entries, list):
            yield f"{key}: must be a list of collections, got {_show(entries)}"
            continue
        for index, entry in enumerate(entries):
            yield from _collection_problems(entry, f"{key}[{index}]", targets)
            if key == "links" and isinstance(entry, Mapping) and entry.get("kind") not in LINK_KINDS:
                yield (
                    f"links[{index}].kind: got {_show(entry.get('kind'))}. Allowed: {', '.join(LINK_KINDS)}"
                )
    yield from _repeated_collections(document)


def _collection_problems(entry: Any, path: str, targets: Mapping[str, Target]) -> Iterator[str]:
    if not isinstance(entry, Mapping):
        yield f"{path}: must be an object with collection and fields, got {_show(entry)}"
        return
    kind = ("kind",) if targets is LINK_TARGETS else ()
    yield from _unknown_keys(entry, path, (*_COLLECTION_KEYS, *kind))
    collection = entry.get("collection")
    if not isinstance(collection, str) or not collection:
        yield f"{path}.collection: must be the name of a collection, got {_show(collection)}"
    ignored = entry.get("ignored", [])
    if not isinstance(ignored, list) or not all(_is_path(name) for name in ignored):
        yield f"{path}.ignored: must be a list of paths of fields, got {_show(ignored)}"
    fields = entry.get("fields")
    if not isinstance(fields, Mapping):
        yield f"{path}.fields: must be an object with the field of each target, got {_show(fields)}"
        return
    yield from _unknown_keys(fields, f"{path}.fields", targets)
    for name, target in targets.items():
        if name in fields:
            yield from _field_problems(fields[name], f"{path}.fields.{name}", target)
        elif target.is_required:
            yield f"{path}.fields.{name}: is required, such as {_show('_id')}"


def _field_problems(entry: Any, path: str, target: Target) -> Iterator[str]:
    if isinstance(entry, (str, list)):
        entry = {"from": entry}
    if not isinstance(entry, Mapping):
        yield f'{path}: must be a path, a list of paths, or an object with "from", got {_show(entry)}'
        return
    yield from _unknown_keys(entry, path, _FIELD_KEYS)
    yield from _source_problems(entry, path, target)
    if "default" in entry:
        yield from _value_problems(entry["default"], f"{path}.default", target)
    if "values" in entry:
        yield from _translation_problems(entry["values"], f"{path}.values", target)
    if "unit" in entry and (target.value_type != "date" or entry["unit"] not in UNITS):
        yield f"{path}.unit: got {_show(entry['unit'])}. Allowed, for dates only: {', '.join(UNITS)}"
    if "item" in entry and (target.value_type not in {"ids", "texts"} or not _is_path(entry["item"])):
        yield f"{path}.item: got {_show(entry['item'])}. Allowed, for lists only: the path in an entry"


def _source_problems(entry: Mapping[str, Any], path: str, target: Target) -> Iterator[str]:
    if "from" not in entry:
        if "default" not in entry or target.is_required:
            yield f"{path}.from: is required: the path of a field, or a list of paths"
        return
    sources = [entry["from"]] if isinstance(entry["from"], str) else entry["from"]
    is_valid = isinstance(sources, list) and 0 < len(sources) <= _MAX_CANDIDATES
    if not is_valid or not all(_is_path(source) for source in sources):
        yield (
            f"{path}.from: got {_show(entry['from'])}. Allowed: a path such as 'email_notification.all', or "
            f"a list of 1 to {_MAX_CANDIDATES} paths"
        )


def _translation_problems(values: Any, path: str, target: Target) -> Iterator[str]:
    if target.value_type not in TRANSLATED_TYPES:
        yield f"{path}: not allowed for this target. Allowed: texts, true or false, and visibility"
    elif not isinstance(values, Mapping) or not values:
        yield f"{path}: must be an object with the target of each value, got {_show(values)}"
    else:
        for key, value in values.items():
            yield from _value_problems(value, f"{path}.{key}", target)


def _value_problems(value: Any, path: str, target: Target) -> Iterator[str]:
    match target.value_type:
        case "text":
            if not isinstance(value, str):
                yield f"{path}: must be a text, got {_show(value)}"
        case "boolean":
            if not isinstance(value, bool):
                yield f"{path}: must be true or false, got {_show(value)}"
        case "choice":
            if value not in VISIBILITIES:
                yield f"{path}: got {_show(value)}. Allowed: {', '.join(VISIBILITIES)}"
        case _:
            yield f"{path}: not allowed for this target. Allowed: texts, true or false, and visibility"


def _login_problems(fields: Any) -> Iterator[str]:
    if isinstance(fields, Mapping) and not any(name in fields for name in _LOGINS):
        yield f"users.fields: {' or '.join(_LOGINS)} is required: users sign in with it"


def _repeated_collections(document: Mapping[str, Any]) -> Iterator[str]:
    entries = [document.get("users")]
    for key in ("content", "links"):
        entries += document[key] if isinstance(document.get(key), list) else []
    names = [entry.get("collection") for entry in entries if isinstance(entry, Mapping)]
    for name in sorted({name for name in names if isinstance(name, str) and names.count(name) > 1}):
        yield f"the collection {name!r} is mapped more than once. Map each collection once"


def _unknown_keys(document: Mapping[str, Any], path: str, allowed: Collection[str]) -> Iterator[str]:
    for key in sorted(str(key) for key in document if key not in allowed):
        similar = difflib.get_close_matches(key, allowed, n=1)
        hint = f"Did you mean {similar[0]!r}? " if similar else ""
        yield f"{f'{path}.' if path else ''}{key}: unknown key. {hint}Allowed: {', '.join(allowed)}"


def _is_path(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _MAX_PATH_CHARACTERS and bool(_PATH.fullmatch(value))


def _show(value: Any) -> str:
    if value is None:
        return "nothing"
    text = repr(value)
    return text if len(text) <= _MAX_SHOWN_CHARACTERS else f"{text[:_MAX_SHOWN_CHARACTERS]}…"
