"""Checks the references between the states of a state machine, in the Amazon States Language."""

from collections.abc import Iterator, Mapping
from typing import Any

_TYPES = ("Choice", "Fail", "Map", "Parallel", "Pass", "Succeed", "Task", "Wait")
_FINAL_TYPES = {"Fail", "Succeed"}


def find_definition_problems(definition: Mapping[str, Any], path: str = "") -> list[str]:
    """Return the problems of a state machine, or of a branch of a Parallel or Map state.

    Args:
        definition: The parsed definition.
        path: The branch's path, for nested ones.
    """
    states = definition.get("States")
    if not isinstance(states, dict) or not states or not all(isinstance(s, dict) for s in states.values()):
        return [f"{path}States must be an object with at least one state"]
    problems = []
    if definition.get("StartAt") not in states:
        problems.append(f"{path}StartAt is {definition.get('StartAt')!r}, which is not a state")
    for name, state in states.items():
        problems += _find_state_problems(name, state, states, path)
        for branch_path, branch in _list_branches(state):
            problems += find_definition_problems(branch, f"{path}{name}.{branch_path}.")
    # A reference to a missing state hides which states can be reached.
    return problems or _find_flow_problems(definition["StartAt"], states, path)


def _find_state_problems(
    name: str, state: Mapping[str, Any], states: Mapping[str, Any], path: str
) -> Iterator[str]:
    state_type = state.get("Type")
    if state_type not in _TYPES:
        yield f"{path}{name}.Type is {state_type!r}; allowed: {', '.join(_TYPES)}"
        return
    for field, target in _list_targets(state):
        if target not in states:
            yield f"{path}{name}.{field} is {target!r}, which is not a state"
    is_open = state_type not in _FINAL_TYPES | {"Choice"}
    if is_open and ("Next" in state) == bool(state.get("End")):
        yield f"{path}{name} must have either Next or End"
    if state_type == "Task" and not state.get("Resource"):
        yield f"{path}{name}.Resource is missing"
    if state_type == "Choice" and not state.get("Choices"):
        yield f"{path}{name}.Choices is missing or empty"


def _find_flow_problems(start: str, states: Mapping[str, Any], path: str) -> list[str]:
    reachable: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name not in reachable:
            reachable.add(name)
            waiting += [target for _, target in _list_targets(states[name])]
    problems = [f"{path}{name} cannot be reached from StartAt" for name in states if name not in reachable]
    if not any(state.get("End") or state["Type"] in _FINAL_TYPES for state in states.values()):
        problems.append(f"{path}States has no state that ends the execution")
    return problems


def _list_targets(state: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return the fields that name another state, and the names."""
    targets = [(field, state[field]) for field in ("Next", "Default") if field in state]
    for field in ("Choices", "Catch"):
        for index, item in enumerate(state.get(field, [])):
            if isinstance(item, Mapping) and "Next" in item:
                targets.append((f"{field}[{index}].Next", item["Next"]))
    return targets


def _list_branches(state: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    branches = [(f"Branches[{index}]", branch) for index, branch in enumerate(state.get("Branches", []))]
    branches += [(field, state[field]) for field in ("ItemProcessor", "Iterator") if field in state]
    return [(path, branch) for path, branch in branches if isinstance(branch, Mapping)]
