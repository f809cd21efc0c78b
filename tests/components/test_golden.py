"""Every resource with every input stands in a golden file: whatever changes is seen in review.

After a change that is meant, write the files again and read the difference:

    REGENERATE_GOLDEN=1 .venv/bin/python -m pytest tests/components/test_golden.py
"""

import copy
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from component_recording import Recording

GOLDEN = Path(__file__).parent / "golden"


def as_text(resources: list[dict[str, Any]]) -> str:
    return json.dumps(resources, indent=1, ensure_ascii=False) + "\n"


def test_each_component_alone_registers_its_golden_resources(component: tuple[str, Recording]) -> None:
    name, recording = component
    path = GOLDEN / f"{name}.json"
    if os.environ.get("REGENERATE_GOLDEN"):
        path.write_text(as_text(recording.golden()))

    assert json.loads(path.read_text()) == recording.golden()


def test_names_of_the_stacks_resources_are_a_contract(stack: Recording) -> None:
    """A rename replaces the resource, and with a pool or a table everybody in it: it needs an alias."""
    path = GOLDEN / "names.txt"
    names = [f"{resource.type} {resource.name}" for resource in stack.resources]
    if os.environ.get("REGENERATE_GOLDEN"):
        path.write_text("\n".join(names) + "\n")

    assert path.read_text().splitlines() == names


def test_no_resource_has_a_physical_name_of_its_own_choice(component: tuple[str, Recording]) -> None:
    """Fixed names collide: two stacks in one account, or a replacement beside what it replaces."""
    _, recording = component
    chosen = {"aws:lambda/alias:Alias", "aws:cognito/userGroup:UserGroup", "aws:apigatewayv2/stage:Stage"}

    named = [
        resource.name
        for resource in recording.resources
        if resource.custom and resource.type not in chosen and {"name", "bucket_name"} & set(resource.inputs)
    ]

    assert [] == named


def mutations(resource: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Change one thing at a time: each input (and each within), type, name, parent, protect."""
    for key in ("name", "type", "parent"):
        yield key, {**resource, key: f"{resource[key]}x"}
    yield "protect", {**resource, "protect": not resource["protect"]}
    for path in paths(resource["inputs"]):
        changed = copy.deepcopy(resource)
        place = changed["inputs"]
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = "mutated"
        yield ".".join(map(str, path)), changed


def paths(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if before:
        yield before
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from paths(item, (*before, key))


def test_any_changed_property_differs_from_the_golden_file(component: tuple[str, Recording]) -> None:
    name, _ = component
    golden = json.loads((GOLDEN / f"{name}.json").read_text())

    unseen = [
        (resource["name"], what)
        for resource in golden
        for what, changed in mutations(resource)
        if as_text([changed]) == as_text([resource])
    ]

    assert [] == unseen


@pytest.mark.parametrize("name", ["SignupToProfile"])
def test_a_stack_of_other_names_shares_no_name_with_the_first(name: str, stack: Recording) -> None:
    assert all(resource.name == "app" or resource.name.startswith("app-") for resource in stack.resources)


def test_every_child_has_a_parent(component: tuple[str, Recording]) -> None:
    _, recording = component
    names = {resource.name for resource in recording.resources}

    orphans = [
        resource.name for resource in recording.resources if resource.custom and resource.parent not in names
    ]

    assert [] == orphans
