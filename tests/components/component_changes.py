"""Change the arguments that the components pass to resources, while their program runs."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pytest
from component_checks import as_list
from component_paths import Path, steps
from component_recording import Recording, record

Edit = Callable[[Any, Any], None]


@dataclass
class Registration:
    """The arguments that the program passes to the constructor of a resource."""

    name: str
    inputs: dict[str, Any]
    options: pulumi.ResourceOptions


@dataclass(frozen=True)
class Change:
    """A change to a registration, with a text for the test's name."""

    text: str
    apply: Callable[[Registration], None]


def record_changed(program: Callable[[], Any], resources: Sequence[str], change: Change) -> Recording:
    """Run a program with changed arguments of some resources.

    Args:
        program: Creates resources.
        resources: Names of the resources to change.
        change: The change to each of them.

    Returns:
        The recording of the changed program.
    """
    construct = pulumi.CustomResource.__init__
    changed_names = []

    def construct_changed(
        self: Any, type_name: str, name: str, props: Any = None, opts: Any = None, *args: Any, **kwargs: Any
    ) -> None:
        if name in resources:
            registration = Registration(name, dict(vars(props)), opts)
            change.apply(registration)
            changed_names.append(name)
            name, opts = registration.name, registration.options
            vars(props).clear()
            vars(props).update(registration.inputs)
        construct(self, type_name, name, props, opts, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pulumi.CustomResource, "__init__", construct_changed)
        recording = record(program)
    assert sorted(changed_names) == sorted(resources)
    return recording


def edit_at(value: Any, path: Path, edit: Edit) -> Any:
    """Return a copy of a value with an edit at a path, through dicts, lists, outputs and JSON texts.

    Args:
        value: The value that the program passes.
        path: Steps as in the recording; the program's own keys may be in snake case.
        edit: Changes the last step's entry, in a copy of the dict or list that contains it.
    """
    if isinstance(value, pulumi.Output):
        return value.apply(lambda resolved: edit_at(resolved, path, edit))
    if isinstance(value, str):
        return json.dumps(edit_at(json.loads(value), path, edit))
    entries = value.copy()
    key: Any = path[0]
    snake_case = re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", str(key))
    if snake_case in entries:
        key = snake_case
    if len(path) == 1:
        edit(entries, key)
    else:
        entries[key] = edit_at(entries[key], path[1:], edit)
    return entries


def _apply_at(path: Path, edit: Edit) -> Callable[[Registration], None]:
    def apply(registration: Registration) -> None:
        registration.inputs = edit_at(registration.inputs, path, edit)

    return apply


def put(path: str, value: Any) -> Change:
    """Pass another value."""

    def edit(entries: Any, key: Any) -> None:
        entries[key] = value

    return Change(f"{path} = {value!r}", _apply_at(steps(path), edit))


def append(path: str, value: Any) -> Change:
    """Pass an additional entry of a list."""

    def edit(entries: Any, key: Any) -> None:
        entries[key] = [*entries[key], value]

    return Change(f"{path} += {value!r}", _apply_at(steps(path), edit))


def drop(path: str) -> Change:
    """Pass no value."""

    def edit(entries: Any, key: Any) -> None:
        del entries[key]

    return Change(f"no {path}", _apply_at(steps(path), edit))


def another(path: Path) -> Change:
    """Pass another value of the same type."""

    def edit(entries: Any, key: Any) -> None:
        entries[key] = _other_value(entries[key])

    return Change(f"another {'.'.join(map(str, path))}", _apply_at(path, edit))


def _other_value(value: Any) -> Any:
    match value:
        case pulumi.Output():
            return value.apply(_other_value)
        case bool():
            return not value
        case int() | float():
            return value + 1
        case []:
            return ["other"]
        case pulumi.FileArchive():
            return pulumi.FileArchive(value.path.replace("-host-", "-lambda-"))
        case _:
            return f"{value}-other"


def statement(action: str, **changes: Any) -> Change:
    """Change elements of the first statement with an action; None removes an element."""

    def edit(entries: Any, key: Any) -> None:
        entries[key] = pulumi.Output.from_input(entries[key]).apply(change_document)

    def change_document(text: str) -> str:
        document = json.loads(text)
        matching = next(item for item in document["Statement"] if action in as_list(item["Action"]))
        matching.update(changes)
        for element in [element for element, value in changes.items() if value is None]:
            del matching[element]
        return json.dumps(document)

    return Change(f"{action}: {changes}", _apply_at(("policy",), edit))


def without_statement(action: str) -> Change:
    """Pass a policy without the statements with an action."""

    def edit(entries: Any, key: Any) -> None:
        entries[key] = pulumi.Output.from_input(entries[key]).apply(change_document)

    def change_document(text: str) -> str:
        document = json.loads(text)
        document["Statement"] = [
            item for item in document["Statement"] if action not in as_list(item["Action"])
        ]
        return json.dumps(document)

    return Change(f"{action}: no statement", _apply_at(("policy",), edit))


def option(**options: Any) -> Change:
    """Pass other options."""

    def apply(registration: Registration) -> None:
        registration.options = pulumi.ResourceOptions._copy(registration.options)
        for name, value in options.items():
            setattr(registration.options, name, value)

    return Change(", ".join(f"{name} = {value!r}" for name, value in options.items()), apply)


def rename(name: str) -> Change:
    """Pass another name."""

    def apply(registration: Registration) -> None:
        registration.name = name

    return Change(f"name = {name!r}", apply)


# Pulumi reads a resource with an id from its provider instead of registering it.
NOT_CREATED = Change("not created", option(id="elsewhere").apply)
NOT_PROTECTED = option(protect=False)
