"""Template documents: find them, and expand the short forms that they can contain.

* `{"fieldType": "text"}` in a schema: a shared field type, see `field_types`.
* `{"from": "career"}` as `account` or `profile`: that part of another template, with its sources in Cognito
  and its completion fields; with an account, also the roles. `properties` beside `from` adds or replaces
  fields.

All other modules use the expanded document.
"""

import copy
import json
import pkgutil
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from userprofiles import field_types
from userprofiles.template_check import ITEM_KINDS, ItemKind

Document = dict[str, Any]
Report = Callable[[str], None]

MAX_DEPTH = 40
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_PART_KEYS = {"from", "properties"}


class TemplateError(ValueError):
    """A template is invalid. The message names the template, the location and what is allowed."""


def names() -> list[str]:
    """List the templates that can be loaded by name."""
    files = (Path(__file__).parent / "templates").glob("*.json")
    return sorted(file.stem for file in files if file.stem != field_types.FILE_NAME)


def _read_by_name(name: str) -> Any:
    """Read a template in `templates/`.

    Raises:
        OSError: There is no such template.
        ValueError: The file is not JSON.
    """
    if name == field_types.FILE_NAME:
        raise FileNotFoundError(name)
    return json.loads(pkgutil.get_data("userprofiles", f"templates/{name}.json") or b"")


def parse(text: str | bytes) -> Any:
    """Parse the JSON of a template.

    Raises:
        ValueError: It is not JSON, or an object has the same name twice. The message says which.
    """
    try:
        return json.loads(text, parse_constant=_reject_constant, object_pairs_hook=_build_object)
    except RecursionError:
        raise ValueError(f"it has more than {MAX_DEPTH} levels") from None


def _reject_constant(name: str) -> Any:
    raise ValueError(f"{name} is not valid JSON")


def _build_object(pairs: list[tuple[str, Any]]) -> Document:
    document: Document = {}
    for name, value in pairs:
        if name in document:
            raise ValueError(f"an object has the name {name!r} twice")
        document[name] = value
    return document


def is_too_deep(document: Any) -> bool:
    """Return whether a document has more than `MAX_DEPTH` levels."""
    level = [document]
    for _ in range(MAX_DEPTH):
        level = [
            member
            for value in level
            if isinstance(value, Mapping | list)
            for member in (value.values() if isinstance(value, Mapping) else value)
        ]
    return bool(level)


def read(source: str | Path | Mapping[str, Any]) -> tuple[str, Any]:
    """Read a template.

    Args:
        source: The name of a file in `templates/` (without `.json`), the path of a JSON file, or the
            document itself.

    Returns:
        Its name, and the document as parsed JSON.

    Raises:
        TemplateError: The template doesn't exist, or is not JSON.
    """
    if isinstance(source, Mapping):
        return "inline", copy.deepcopy(dict(source))
    if isinstance(source, Path) or source.endswith(".json"):
        path = Path(source)
        try:
            return path.stem, parse(path.read_bytes())
        except OSError as error:
            raise TemplateError(
                f"Template file {str(source)!r} can't be read: {error.strerror}. Use a readable JSON file.",
            ) from error
        except ValueError as error:
            raise TemplateError(f"Template file {str(source)!r} is not valid JSON: {error}.") from error
    if not _NAME.fullmatch(source):
        raise TemplateError(
            f"Template name {source!r} is invalid: use lower-case letters, digits, - and _, starting with a "
            f"letter, or a path that ends in .json. Available: {', '.join(names())}.",
        )
    try:
        return source, _read_by_name(source)
    except OSError:
        raise TemplateError(
            f"Template {source!r} doesn't exist. Available: {', '.join(names())}. For your own template, "
            "use the path of its JSON file (ending in .json) or the document itself.",
        ) from None
    except ValueError as error:
        raise TemplateError(f"Template {source!r} is not valid JSON: {error}.") from error


def expand(document: Any) -> tuple[Any, list[str]]:
    """Expand the short forms of a template.

    Args:
        document: The template as `read` returns it. The result contains parts of it.

    Returns:
        The expanded document, and the problems of the short forms.
    """
    problems: list[str] = []
    if not isinstance(document, Mapping):
        return document, problems
    return _expand(document, (), problems.append), problems


def _expand(document: Mapping[str, Any], parents: tuple[str, ...], report: Report) -> Document:
    expanded = dict(document)
    for role, extension in _roles(expanded).items():
        if isinstance(extension, dict):
            _expand_part(extension, f"roles.allowed.{role}", report)
    for kind in ITEM_KINDS:
        part = expanded.get(kind)
        if isinstance(part, dict):
            _expand_part(part, kind, report)
            if "from" in part:
                _add_part(expanded, kind, parents, report)
    return expanded


def _expand_part(part: Document, path: str, report: Report) -> None:
    fields = part.pop("properties", None)
    part.update(field_types.expand(part, path, report))
    if fields is not None:
        part["properties"] = field_types.expand_fields(fields, path, report)


def _roles(document: Document) -> Mapping[str, Any]:
    roles = document.get("roles")
    allowed = roles.get("allowed") if isinstance(roles, Mapping) else None
    return allowed if isinstance(allowed, Mapping) else {}


def _add_part(document: Document, kind: ItemKind, parents: tuple[str, ...], report: Report) -> None:
    """Replace `from` with the part of the other template."""
    part = document[kind]
    other = _read_other(part["from"], f"{kind}.from", parents, report)
    unknown_keys = sorted(set(part) - _PART_KEYS)
    if unknown_keys:
        report(f"{kind}.{unknown_keys[0]} can't be used beside {kind}.from; allowed: properties")
    own_fields = part.get("properties", {})
    if not isinstance(own_fields, Mapping):
        report(f"{kind}.properties must be an object that maps names to JSON Schemas")
        own_fields = {}
    document[kind] = {**other[kind], "properties": {**other[kind]["properties"], **own_fields}}
    cognito = document.setdefault("cognito", {})
    if isinstance(cognito, dict) and isinstance(cognito.get(kind, {}), Mapping):
        cognito[kind] = {**other["cognito"][kind], **cognito.get(kind, {})}
    if kind == "account":
        document.setdefault("roles", other["roles"])
    _add_completion(document, kind, other)


def _add_completion(document: Document, kind: ItemKind, other: Document) -> None:
    """Take over the completion fields of a part, except where the document has its own."""
    other_completion = other.get("completion", {})
    completion = document.setdefault("completion", {})
    if not isinstance(completion, dict):
        return
    if kind in other_completion:
        completion.setdefault(kind, other_completion[kind])
    roles = completion.setdefault("roles", {})
    for role, kinds in other_completion.get("roles", {}).items():
        if kind in kinds and isinstance(roles, dict) and role in _roles(document):
            own_kinds = roles.setdefault(role, {})
            if isinstance(own_kinds, dict):
                own_kinds.setdefault(kind, kinds[kind])


def _read_other(name: Any, path: str, parents: tuple[str, ...], report: Report) -> Document:
    """Read the template that `from` names, expanded; `basic` if the name is wrong, to check the rest."""
    if not isinstance(name, str) or name not in names() or name in parents:
        allowed = ", ".join(other for other in names() if other not in parents)
        report(f"{path} is {name!r}; allowed: {allowed}")
        name = "basic"
    return _expand(_read_by_name(name), (*parents, name), report)
