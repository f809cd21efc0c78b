"""Completion: which fields count, for which role, and what a write stores."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from userprofiles import completion, template
from userprofiles.completion import Completion
from userprofiles.template import Template

SYSTEM = {"sub": "s-1", "role": "user", "now": "2026-02-04T16:00:00Z"}
CAREER = template.load("career")
MARKETPLACE = template.load("marketplace")


def complete(
    profile: dict[str, Any], account: dict[str, Any] | None = None, used: Template = CAREER
) -> Completion:
    return completion.completion(used, used.default_role, account or {}, profile)


@pytest.mark.parametrize("set_fields", [{}, {"setFields": []}])
def test_new_career_profile_is_not_complete(set_fields: dict[str, Any]) -> None:
    """A template default does not count until somebody writes that field."""
    profile = CAREER.defaults("profile") | set_fields

    assert complete(profile) == Completion(
        False, 0, ("years_of_experience", "experience_level", "education_level")
    )


def test_default_counts_once_somebody_has_written_it() -> None:
    profile = CAREER.defaults("profile") | {"setFields": ["experience_level", "years_of_experience"]}

    assert complete(profile) == Completion(False, 66, ("education_level",))


def test_value_other_than_the_default_counts_without_set_fields() -> None:
    profile = CAREER.defaults("profile") | {
        "years_of_experience": 3, "experience_level": "mid", "education_level": "masters",
    }  # fmt: skip

    assert complete(profile) == Completion(True, 100, ())


@pytest.mark.parametrize("empty", [None, "", "  ", [], {}, {"street": "", "city": None}, [""]])
def test_empty_value_does_not_count(empty: Any) -> None:
    profile = {"experience_level": empty, "setFields": ["experience_level"]}

    assert "experience_level" in complete(profile).missing_fields


@pytest.mark.parametrize("value", [0, False, {"smsAlerts": False}, "x", [0]])
def test_zero_and_false_are_values(value: Any) -> None:
    assert completion.is_empty(value) is False


def test_role_adds_completion_fields() -> None:
    customer = completion.completion(MARKETPLACE, "customer", {}, {})
    vendor = completion.completion(MARKETPLACE, "vendor", {"storeName": "Tea"}, {})

    assert customer.missing_fields == ("name", "firstName", "lastName", "phoneNumber")
    assert vendor == Completion(False, 33, ("name", "firstName", "lastName", "phoneNumber"))


def test_name_that_the_profile_has_too_gets_the_prefix_account() -> None:
    own = template.load(
        {
            "account": {"from": "basic"},
            "profile": {"from": "basic", "properties": {"name": {"fieldType": "text"}}},
            "completion": {"account": {"name": 1, "email": 1}, "profile": {"name": 1}},
        }
    )

    assert complete({}, used=own).missing_fields == ("account.name", "email", "name")


def test_template_without_completion_fields_is_always_complete() -> None:
    own = template.load(
        {"account": {"from": "basic"}, "profile": {"from": "basic"}, "completion": {"profile": {}}}
    )

    assert complete({}, used=own) == Completion(True, 100, ())


def test_written_fields_are_remembered_and_reset_fields_are_forgotten() -> None:
    item = {"setFields": ["education_level", "field_of_a_newer_template"]}

    names = completion.changed_set_fields(
        CAREER, "user", "profile", item, written=["experience_level", "salary_min"], reset=["education_level"]
    )

    assert names == ["experience_level", "field_of_a_newer_template"]


TEXTS = st.text("ab ", max_size=3)
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(0, 50),
    TEXTS,
    st.lists(TEXTS, max_size=2),
    st.dictionaries(TEXTS, TEXTS, max_size=2),
    st.sampled_from(["entry", "bachelors"]),
)
WEIGHTS = st.dictionaries(
    st.sampled_from(sorted(CAREER.document["profile"]["properties"])), st.integers(1, 10**6), max_size=6
)


@st.composite
def templates_and_items(draw: st.DrawFn) -> tuple[Template, dict[str, Any]]:
    document = {**CAREER.document, "completion": {"profile": draw(WEIGHTS)}}
    names = sorted(CAREER.document["profile"]["properties"])
    item = CAREER.defaults("profile") | draw(st.dictionaries(st.sampled_from(names), VALUES, max_size=6))
    if draw(st.booleans()):
        item["setFields"] = draw(st.lists(st.sampled_from(names), max_size=6))
    return Template("own", document), item


@given(templates_and_items())
def test_percentage_is_100_exactly_when_nothing_is_missing(case: tuple[Template, dict[str, Any]]) -> None:
    used, item = case
    result = complete(item, used=used)

    assert 0 <= result.completion_percentage <= 100
    assert result.is_complete == (result.completion_percentage == 100) == (not result.missing_fields)


@given(templates_and_items(), st.data())
@pytest.mark.long
def test_percentage_never_falls_when_a_missing_field_is_set(
    case: tuple[Template, dict[str, Any]], data: st.DataObject
) -> None:
    used, item = case
    before = complete(item, used=used)
    if not before.missing_fields:
        return
    name = data.draw(st.sampled_from(before.missing_fields))
    value = data.draw(VALUES.filter(lambda value: not completion.is_empty(value)))
    set_fields = completion.changed_set_fields(used, "user", "profile", item, written=[name])

    after = complete(item | {name: value, "setFields": set_fields}, used=used)

    assert after.completion_percentage >= before.completion_percentage
    assert set(after.missing_fields) == set(before.missing_fields) - {name}


@pytest.mark.parametrize("name", template.names())
def test_defaults_of_every_role_are_valid(name: str) -> None:
    preset = template.load(name)
    violations = [
        violation
        for role in preset.roles
        for kind in ("account", "profile")
        for violation in preset.validate(kind, role, preset.defaults(kind, role))
    ]

    assert violations == []


@pytest.mark.parametrize("name", template.names())
def test_every_preset_has_completion_fields(name: str) -> None:
    preset = template.load(name)

    assert all(any(completion.completion_weights(preset, role).values()) for role in preset.roles)
