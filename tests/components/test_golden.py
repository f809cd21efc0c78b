"""Golden files have every resource with every input, so that a review shows each change.

After an intended change, regenerate the files and review the difference:

    REGENERATE_GOLDEN=1 .venv/bin/python -m pytest tests/components/test_golden.py
"""

import json
import os
from typing import Any

import pytest
from component_checks import orphans, physical_names
from component_golden import GOLDEN, differences, read_golden, write_golden
from component_recording import Recording, record
from pulumi_userprofiles import SignupToProfile


def test_each_component_alone_registers_its_golden_resources(component: tuple[str, Recording]) -> None:
    name, recording = component
    if os.environ.get("REGENERATE_GOLDEN"):
        write_golden(name, recording)

    assert differences(recording, read_golden(name)) == []


def test_names_of_the_stacks_resources_are_a_contract(stack: Recording) -> None:
    """A rename replaces the resource, and with a pool or a table all its users: it needs an alias."""
    path = GOLDEN / "names.txt"
    names = [f"{resource.type} {resource.name}" for resource in stack.resources]
    if os.environ.get("REGENERATE_GOLDEN"):
        path.write_text("\n".join(names) + "\n")

    assert path.read_text().splitlines() == names


def test_no_resource_has_a_fixed_physical_name(component: tuple[str, Recording]) -> None:
    """Fixed names collide: in two stacks of one account, and when a resource is replaced."""
    assert physical_names(component[1]) == []


def test_every_child_has_a_parent(component: tuple[str, Recording]) -> None:
    assert orphans(component[1]) == []


@pytest.mark.long
def test_a_second_stack_shares_no_name_and_differs_in_nothing_else(stack: Recording) -> None:
    """One account can have two stacks, and their names are the only difference."""
    second = record(lambda: SignupToProfile("zebra", {"platform": "host"}))

    assert set() == {item.name for item in second.resources} & {item.name for item in stack.resources}
    assert renamed(second.as_golden(), "zebra", "app") == stack.as_golden()


def renamed(golden: list[dict[str, Any]], old: str, new: str) -> Any:
    return json.loads(json.dumps(golden).replace(old, new))
