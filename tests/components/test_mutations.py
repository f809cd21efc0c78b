"""Each mutation removes one property from the program, and a check of the suite notices it."""

import random
from collections import defaultdict
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from component_changes import NOT_CREATED, Change, another, option, record_changed
from component_checks import CHECKS, orphans, physical_names
from component_expectations import EXPECTATIONS, silent_alarms
from component_golden import golden_differences, golden_part, read_stack_golden
from component_key_expectations import EXPECTATIONS_WITH_A_KEY
from component_mutation import Mutation
from component_mutations import MUTATIONS
from component_parts import PARTS, part_of, program_of
from component_paths import leaves
from component_phone_expectations import PHONE_RULES
from component_recording import Recording, record
from component_rules import RULES
from userprofiles import template

_load = cache(template.load)
_recordings: dict[str, Recording] = {}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read each template once."""
    monkeypatch.setattr(template, "load", _load)


def one_for_each_check() -> list[Any]:
    """Return all mutations; only the first one of each check runs in `make test`."""
    checks: set[Any] = set()
    parameters = []
    for mutation in MUTATIONS:
        marks = [pytest.mark.long] if mutation.noticed_by in checks else []
        parameters.append(pytest.param(mutation, marks=marks, id=str(mutation)))
        checks.add(mutation.noticed_by)
    return parameters


def program(mutation: Mutation) -> Callable[[], Any]:
    """Return the program of the stack's part with the resources."""
    create = program_of(part_of(mutation.resources[0]))
    return lambda: create(**mutation.arguments)


def record_unchanged(mutation: Mutation) -> Recording:
    key = f"{part_of(mutation.resources[0])} {mutation.arguments}"
    if key not in _recordings:
        _recordings[key] = record(program(mutation))
    return _recordings[key]


@pytest.mark.parametrize("mutation", one_for_each_check())
@pytest.mark.sample(5)
def test_a_check_notices_the_mutation(mutation: Mutation) -> None:
    assert mutation.noticed_by(record_unchanged(mutation)) == []

    changed = record_changed(program(mutation), mutation.resources, mutation.change)

    reported = {breach.partition(":")[0] for breach in mutation.noticed_by(changed)}
    assert set(mutation.reported or mutation.resources) == reported


def test_every_check_notices_a_mutation() -> None:
    checks = {
        *(rule.breaches for rule in (*RULES, *PHONE_RULES)),
        *(*CHECKS, *EXPECTATIONS, *EXPECTATIONS_WITH_A_KEY),
        *(silent_alarms, physical_names, orphans, golden_differences),
    }

    assert {mutation.noticed_by for mutation in MUTATIONS} == checks


def test_every_mutation_is_listed_once() -> None:
    names = [f"{mutation} {mutation.noticed_by} {mutation.arguments}" for mutation in MUTATIONS]

    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("part", sorted(PARTS))
def test_a_part_registers_what_it_registers_in_the_whole_stack(part: str) -> None:
    assert golden_differences(record(PARTS[part])) == []


def test_the_parts_have_every_resource_of_the_whole_stack() -> None:
    names = {resource["name"] for part in PARTS for resource in golden_part(part)}

    assert {resource["name"] for resource in read_stack_golden()} == {"app", *names}


Case = tuple[dict[str, Any], Change, str]


def cases(resource: dict[str, Any]) -> list[Case]:
    """Return a change for each property of a golden resource, with the path that then differs."""
    return [
        (resource, NOT_CREATED, ""),
        (resource, option(parent=None), "parent"),
        (resource, option(protect=not resource["protect"]), "protect"),
        *(
            (resource, another(path), ".".join(map(str, ("inputs", *path))))
            for path in leaves(resource["inputs"])
        ),
    ]


def is_unnoticed(case: Case) -> bool:
    """Change one property in the program, and return whether the golden comparison misses it."""
    resource, change, path = case
    recording = record_changed(PARTS[part_of(resource["name"])], [resource["name"]], change)
    return not any(
        difference.startswith(f"{resource['name']}: {path}:") for difference in golden_differences(recording)
    )


STACK_RESOURCES = [
    resource for resource in read_stack_golden() if not resource["type"].startswith("userprofiles:")
]


@pytest.mark.long
def test_the_golden_file_notices_a_changed_property_of_each_type(pytestconfig: pytest.Config) -> None:
    """A sample; `make test-long` changes every property."""
    seed = pytestconfig.getoption("randomly_seed", 0)
    generator = random.Random(seed)
    cases_of_types = defaultdict(list)
    for resource in STACK_RESOURCES:
        cases_of_types[resource["type"]] += cases(resource)

    samples = [generator.choice(cases_of_type) for cases_of_type in cases_of_types.values()]

    names = [(case[0]["name"], case[1].text) for case in samples if is_unnoticed(case)]
    assert names == [], f"repeat with --randomly-seed={seed}"


@pytest.mark.long
@pytest.mark.parametrize("resource", STACK_RESOURCES, ids=lambda resource: resource["name"])
def test_the_golden_file_notices_every_changed_property(resource: dict[str, Any]) -> None:
    assert [case[1].text for case in cases(resource) if is_unnoticed(case)] == []
