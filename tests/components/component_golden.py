"""The golden files: the resources of each component, and the differences of a recording."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from component_paths import MISSING, items
from component_recording import Recording

GOLDEN = Path(__file__).parent / "golden"
STACK = "SignupToProfile"
OPTIONAL = ("MediaBucket", "PhoneSignIn", "PhoneSignInApi", "SocialApi")
"""Components that only an argument adds to the whole stack. Their golden files have its names."""


def golden_file(component: str) -> Path:
    return GOLDEN / f"{component}.json"


def read_golden(component: str) -> list[dict[str, Any]]:
    resources: list[dict[str, Any]] = json.loads(golden_file(component).read_text())
    return resources


def write_golden(component: str, recording: Recording) -> None:
    text = json.dumps(recording.as_golden(), indent=1, ensure_ascii=False)
    golden_file(component).write_text(f"{text}\n")


def read_stack_golden() -> list[dict[str, Any]]:
    """Return the resources of the whole stack, with those of the optional components."""
    return [resource for name in (STACK, *OPTIONAL) for resource in read_golden(name)]


def golden_part(name: str) -> list[dict[str, Any]]:
    """Return a component's resources from the golden file of the whole stack, as if it had no parent."""
    return [
        {**resource, "parent": "" if resource["name"] == name else resource["parent"]}
        for resource in read_stack_golden()
        if resource["name"] == name or resource["name"].startswith(f"{name}-")
    ]


def differences(recording: Recording, golden: list[dict[str, Any]]) -> list[str]:
    """Compare all resources that a program registered with the golden resources.

    Returns:
        Each difference: name of the resource, path, actual and golden value.
    """
    actual, expected = (
        {resource["name"]: resource for resource in resources}
        for resources in (recording.as_golden(), golden)
    )
    return [
        f"{name}: {difference}"
        for name in sorted({*actual, *expected})
        for difference in _value_differences(actual.get(name, MISSING), expected.get(name, MISSING), "")
    ]


def _value_differences(actual: Any, golden: Any, path: str) -> Iterator[str]:
    if type(actual) is type(golden) and items(actual) and items(golden):
        actual_items, golden_items = dict(items(actual)), dict(items(golden))
        for step in [*golden_items, *(step for step in actual_items if step not in golden_items)]:
            yield from _value_differences(
                actual_items.get(step, MISSING), golden_items.get(step, MISSING), f"{path}.{step}"
            )
    elif (type(actual), actual) != (type(golden), golden):
        yield f"{path.removeprefix('.')}: {actual!r}, golden {golden!r}"


def golden_differences(recording: Recording) -> list[str]:
    """Compare a part of the stack with the golden file of the whole stack."""
    return differences(recording, golden_part(recording.root.name))
