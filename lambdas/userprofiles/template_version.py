"""Versions of a template: `"version": "<major>.<minor>"`, and what a new version changes in older items.

`upgrades` is a list of steps in ascending order:
`{"to": "2.0", "profile": {"rename": {"bio": "about"}, "remove": ["fax"], "default": {"news": false}}}`.
Code with an older minor version still writes to upgraded items. So a step to a minor version can only add
fields; `rename` and `remove` need a new major version.
"""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

Version = tuple[int, int]

FIRST_VERSION = "1.0"
PATTERN = "^([1-9][0-9]{0,3})\\.(0|[1-9][0-9]{0,3})$"
OPERATIONS = ("rename", "remove", "default")

_PARTS, _MAX_DIGITS = 2, 4


def parse(text: Any) -> Version | None:
    """Return a version as two numbers, None if the text is not a version."""
    if not isinstance(text, str):
        return None
    parts = text.split(".")
    is_version = len(parts) == _PARTS and all(map(_is_number, parts)) and parts[0] != "0"
    return (int(parts[0]), int(parts[1])) if is_version else None


def _is_number(text: str) -> bool:
    is_short = len(text) <= _MAX_DIGITS and text.isascii() and text.isdecimal()
    return is_short and (text == "0" or not text.startswith("0"))


def find_version_problems(
    document: Mapping[str, Any], fields: Mapping[str, AbstractSet[str]]
) -> Iterator[str]:
    """Yield the problems of `version` and `upgrades` of a template.

    Args:
        document: The expanded template.
        fields: The names of the fields of account and profile.
    """
    version = parse(document.get("version", FIRST_VERSION))
    if version is None:
        yield f'version is {document["version"]!r}; use "<major>.<minor>", at least "{FIRST_VERSION}"'
        return
    steps = document.get("upgrades", [])
    if not isinstance(steps, list) or not all(isinstance(step, Mapping) for step in steps):
        yield 'upgrades must be a list of steps, such as {"to": "2.0", "profile": {"rename": {"old": "new"}}}'
        return
    previous: Version = (1, 0)
    for number, step in enumerate(steps):
        path = f"upgrades[{number}]"
        target = parse(step.get("to"))
        if target is None or not previous < target <= version:
            yield (
                f"{path}.to is {step.get('to')!r}; use a version above {_format(previous)} (the step before) "
                f"and at most {_format(version)} (the template's version)"
            )
            continue
        previous = target
        for kind, operations in step.items():
            if kind != "to":
                yield from _step_problems(operations, f"{path}.{kind}", fields.get(kind), target)


def _format(version: Version) -> str:
    return f"{version[0]}.{version[1]}"


def _step_problems(
    operations: Any, path: str, fields: AbstractSet[str] | None, target: Version
) -> Iterator[str]:
    if fields is None:
        yield f"{path} is not supported; allowed: account, profile"
        return
    if not isinstance(operations, Mapping) or not set(operations) <= set(OPERATIONS):
        yield f"{path} must be an object; allowed: {', '.join(OPERATIONS)}"
        return
    renamed, removed, defaults = (operations.get(name) for name in OPERATIONS)
    if (
        not _is_map_of_text(renamed)
        or not _is_list_of_text(removed)
        or not isinstance(defaults, Mapping | None)
    ):
        yield (
            f"{path}: rename must map old names to new names, remove must be a list of names, and default "
            "must map names to values"
        )
        return
    if target[1] != 0 and (renamed or removed):
        yield (
            f"{path} renames or removes fields in version {_format(target)}; use a new major version, such "
            f"as {target[0] + 1}.0, so that older code doesn't write such items"
        )
    for name in [*(renamed or {}), *(removed or ())]:
        if name in fields:
            yield f"{path} renames or removes {name!r}, which the template still has"
    for name in [*(renamed or {}).values(), *(defaults or {})]:
        if name not in fields:
            yield f"{path} sets {name!r}, which the template doesn't have"


def _is_map_of_text(value: Any) -> bool:
    return value is None or (
        isinstance(value, Mapping) and all(isinstance(text, str) for text in value.values())
    )


def _is_list_of_text(value: Any) -> bool:
    return value is None or (isinstance(value, list) and all(isinstance(text, str) for text in value))


def apply_steps(
    steps: Sequence[Mapping[str, Any]], kind: str, item: Mapping[str, Any], version: Version
) -> dict[str, Any]:
    """Return an item of a version after all later steps.

    Args:
        steps: `upgrades` of the template.
        kind: `account` or `profile`.
        item: The item. A field that a step renames keeps its value; an existing new field is not replaced.
        version: The version that the item was written by.
    """
    upgraded = dict(item)
    for step in steps:
        if (parse(step["to"]) or version) <= version:
            continue
        operations = step.get(kind, {})
        new_names = operations.get("rename", {})
        for old_name, new_name in new_names.items():
            if old_name in upgraded:
                upgraded.setdefault(new_name, upgraded.pop(old_name))
        if isinstance(upgraded.get("setFields"), list):
            upgraded["setFields"] = sorted({new_names.get(name, name) for name in upgraded["setFields"]})
        for name in operations.get("remove", ()):
            upgraded.pop(name, None)
        for name, value in operations.get("default", {}).items():
            upgraded.setdefault(name, value)
    return upgraded
