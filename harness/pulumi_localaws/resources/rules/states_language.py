"""Checks a state machine in the Amazon States Language: the fields of its states, and their references."""

from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_localaws.resources.rules.state_fields import (
    STATE_TYPES,
    find_choice_problems,
    find_error_list_problems,
    find_field_problems,
)

_FINAL_TYPES = {"Fail", "Succeed"}
_MAX_NAME_LENGTH = 80


def find_definition_problems(definition: Mapping[str, Any]) -> list[str]:
    """Return the problems of a state machine.

    Args:
        definition: The parsed definition.
    """
    language = str(definition.get("QueryLanguage", "JSONPath"))
    problems = list(find_field_problems("StateMachine", definition, language, "definition"))
    problems += _find_branch_problems(definition, language, "")
    names = _list_state_names(definition)
    for name in sorted({name for name in names if names.count(name) > 1}):
        problems.append(f"{name} is the name of {names.count(name)} states; a name must be unique")
    return [problem.removeprefix("definition.") for problem in problems]


def _find_branch_problems(branch: Mapping[str, Any], language: str, path: str) -> list[str]:
    """Return the problems of the states of a state machine, or of a branch of a Parallel or Map state."""
    states = branch.get("States")
    if not isinstance(states, dict) or not states or not all(isinstance(s, dict) for s in states.values()):
        return [f"{path}States must be an object with at least one state"]
    problems = []
    if branch.get("StartAt") not in states:
        problems.append(f"{path}StartAt is {branch.get('StartAt')!r}, which is not a state")
    for name, state in states.items():
        state_language = str(state.get("QueryLanguage", language))
        problems += _find_state_problems(name, state, states, state_language, path)
        for field, nested in _list_branches(state):
            nested_path = f"{path}{name}.{field}"
            problems += find_field_problems("Branch", nested, state_language, nested_path)
            if isinstance(nested, Mapping):
                problems += _find_branch_problems(nested, state_language, f"{nested_path}.")
    # A reference to a missing state hides which states can be reached.
    return problems or _find_flow_problems(branch["StartAt"], states, path)


def _find_state_problems(
    name: str, state: Mapping[str, Any], states: Mapping[str, Any], language: str, path: str
) -> Iterator[str]:
    if len(name) > _MAX_NAME_LENGTH:
        yield f"{path}{name} has {len(name)} characters; allowed: at most {_MAX_NAME_LENGTH}"
    state_type = state.get("Type")
    if state_type not in STATE_TYPES:
        yield f"{path}{name}.Type is {state_type!r}; allowed: {', '.join(STATE_TYPES)}"
        return
    state_path = f"{path}{name}"
    yield from find_field_problems(state_type, state, language, state_path)
    yield from find_error_list_problems(state, language, state_path)
    if state_type == "Choice":
        yield from _find_choices_problems(state, language, state_path)
    if state_type == "Map":
        yield from _find_map_problems(state, language, state_path)
    for field, target in _list_targets(state):
        if target not in states:
            yield f"{state_path}.{field} is {target!r}, which is not a state"


def _find_choices_problems(state: Mapping[str, Any], language: str, path: str) -> Iterator[str]:
    choices = state.get("Choices")
    if choices == []:
        yield f"{path}.Choices is empty. Add at least one rule"
    for index, rule in enumerate(choices if isinstance(choices, list) else []):
        yield from find_choice_problems(rule, language, f"{path}.Choices[{index}]")


def _find_map_problems(state: Mapping[str, Any], language: str, path: str) -> Iterator[str]:
    for field in ("ItemReader", "ItemBatcher", "ResultWriter"):
        if field in state:
            yield from find_field_problems(field, state[field], language, f"{path}.{field}")
    reader = state.get("ItemReader")
    if isinstance(reader, Mapping) and "ReaderConfig" in reader:
        config_path = f"{path}.ItemReader.ReaderConfig"
        yield from find_field_problems("ReaderConfig", reader["ReaderConfig"], language, config_path)
    processor = state.get("ItemProcessor")
    if isinstance(processor, Mapping) and isinstance(processor.get("ProcessorConfig"), Mapping):
        config, config_path = processor["ProcessorConfig"], f"{path}.ItemProcessor.ProcessorConfig"
        yield from find_field_problems("ProcessorConfig", config, language, config_path)
        if config.get("Mode") == "DISTRIBUTED" and "ExecutionType" not in config:
            yield f"{config_path}.ExecutionType is missing. Set STANDARD or EXPRESS"


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
        items = state.get(field)
        for index, item in enumerate(items if isinstance(items, list) else []):
            if isinstance(item, Mapping) and "Next" in item:
                targets.append((f"{field}[{index}].Next", item["Next"]))
    return targets


def _list_branches(state: Mapping[str, Any]) -> list[tuple[str, Any]]:
    branches = state.get("Branches")
    numbered = enumerate(branches if isinstance(branches, list) else [])
    return [
        *((f"Branches[{index}]", branch) for index, branch in numbered),
        *((field, state[field]) for field in ("ItemProcessor", "Iterator") if field in state),
    ]


def _list_state_names(branch: Any) -> list[str]:
    """Return the names of the states of a branch and of the branches in it."""
    states = branch.get("States") if isinstance(branch, Mapping) else None
    if not isinstance(states, Mapping):
        return []
    nested = [b for s in states.values() if isinstance(s, Mapping) for _, b in _list_branches(s)]
    return [*states, *(name for inner in nested for name in _list_state_names(inner))]
