"""Versions of a template: which versions and upgrade steps are accepted, and what a step changes."""

from typing import Any

import pytest
from userprofiles import template, template_version

STEPS = [
    {"to": "1.1", "profile": {"default": {"news": False}}},
    {
        "to": "2.0",
        "profile": {"rename": {"bio": "about"}, "remove": ["fax"]},
        "account": {"default": {"x": 1}},
    },
]


def create_document(version: Any = "2.0", upgrades: Any = STEPS) -> dict[str, Any]:
    fields = {"about": {"fieldType": "longText"}, "news": {"type": "boolean"}}
    return {
        "version": version,
        "account": {"from": "basic", "properties": {"x": {"type": "integer"}}},
        "profile": {"from": "basic", "properties": fields},
        "upgrades": upgrades,
    }


def test_correct_steps_have_no_problems() -> None:
    assert template.find_problems(create_document()) == []
    assert template.load(create_document()).version == "2.0"


def test_version_is_1_0_by_default() -> None:
    assert template.load({"account": {"from": "basic"}, "profile": {"from": "basic"}}).version == "1.0"


@pytest.mark.parametrize("version", ["1", "1.0.0", "0.9", "01.0", "1.00", "v1.0", 1.0, None, "", "1.0\n"])
def test_wrong_version_is_reported(version: Any) -> None:
    assert template.find_problems(create_document(version)) == [
        f'version is {version!r}; use "<major>.<minor>", at least "1.0"'
    ]


@pytest.mark.parametrize(
    ("step", "problem"),
    [
        ({"to": "1.0"}, "upgrades[0].to is '1.0'; use a version above 1.0"),
        ({"to": "2.1"}, "and at most 2.0 (the template's version)"),
        ({"profile": {}}, "upgrades[0].to is None"),
        ({"to": "2.0", "wallet": {}}, "upgrades[0].wallet is not supported"),
        ({"to": "2.0", "profile": {"copy": {}}}, "allowed: rename, remove, default"),
        ({"to": "2.0", "profile": {"rename": ["bio"]}}, "rename must map old names to new names"),
        ({"to": "2.0", "profile": {"remove": "fax"}}, "remove must be a list of names"),
        ({"to": "2.0", "profile": {"rename": {"news": "about"}}}, "'news', which the template still has"),
        ({"to": "2.0", "profile": {"rename": {"bio": "biography"}}}, "sets 'biography', which the template"),
        ({"to": "2.0", "profile": {"default": {"fax": ""}}}, "sets 'fax', which the template doesn't have"),
        ({"to": "1.1", "profile": {"remove": ["fax"]}}, "use a new major version, such as 2.0"),
    ],
)
def test_wrong_step_is_reported(step: dict[str, Any], problem: str) -> None:
    [message] = template.find_problems(create_document(upgrades=[step]))

    assert problem in message


def test_steps_must_be_in_ascending_order() -> None:
    [message] = template.find_problems(create_document(upgrades=list(reversed(STEPS))))

    assert "upgrades[1].to is '1.1'; use a version above 2.0" in message


@pytest.mark.parametrize("upgrades", [{}, ["2.0"], 3])
def test_upgrades_that_are_no_list_of_steps_are_reported(upgrades: Any) -> None:
    [message] = template.find_problems(create_document(upgrades=upgrades))

    assert "upgrades must be a list of steps" in message


@pytest.mark.parametrize(
    ("version", "item", "expected"),
    [
        ((1, 0), {"bio": "x", "fax": "1", "a": 2}, {"about": "x", "news": False, "a": 2}),
        ((1, 1), {"bio": "x", "fax": "1"}, {"about": "x"}),
        ((2, 0), {"bio": "x", "fax": "1"}, {"bio": "x", "fax": "1"}),
        ((1, 0), {"bio": "x", "about": "y", "news": True}, {"about": "y", "news": True}),
    ],
)
def test_only_later_steps_are_applied(
    version: tuple[int, int], item: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert template_version.apply_steps(STEPS, "profile", item, version) == expected
