"""The changes that a merge patch makes."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from userprofiles import template
from userprofiles.api import merge_patch
from userprofiles.api.merge_patch import UpdatePlan
from userprofiles.table.update_expression import REMOVED, Change
from userprofiles.template import Template
from userprofiles.template_check import ItemKind

Items = dict[ItemKind, dict[str, Any]]
PlanUpdate = Callable[..., UpdatePlan]
MARKETPLACE = template.load("marketplace")


def test_only_the_paths_of_the_patch_change(plan_update: PlanUpdate) -> None:
    plan = plan_update({"profile": {"language": "fr", "address": {"city": "Lyon", "street": ""}}})

    assert plan.changes == {"profile": [Change(("language",), "fr"), Change(("address", "city"), "Lyon")]}
    assert plan.fields == ["profile.language", "profile.address"]


@pytest.mark.parametrize(
    "patch", [{}, {"profile": {}}, {"profile": {"language": "en"}}, {"account": {"cart": []}}]
)
def test_patch_with_current_values_has_no_changes(patch: dict[str, Any], plan_update: PlanUpdate) -> None:
    assert plan_update(patch) == UpdatePlan({}, [])


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        ({"profile": {"language": None}}, {}),
        ({"profile": {"organization": None}}, {}),
        ({"account": {"name": None}}, {"account": [Change(("name",), None)]}),
        ({"profile": {"address": None}}, {}),
        ({"profile": {"address": {"city": None}}}, {}),
    ],
)
def test_null_resets_a_field_to_its_default(
    patch: dict[str, Any], expected: dict[str, Any], plan_update: PlanUpdate
) -> None:
    assert plan_update(patch).changes == expected


def test_null_removes_a_field_without_a_default(basic: Template) -> None:
    current: dict[ItemKind, Any] = {"account": {"name": "Ana"}, "profile": {}}

    plan = merge_patch.plan_update(basic, "user", current, {"account": {"name": None}})

    assert plan.changes == {"account": [Change(("name",), REMOVED)]}


def test_array_is_replaced_as_a_whole(plan_update: PlanUpdate) -> None:
    plan = plan_update({"account": {"cart": [{"id": 1, "price": 9.5}]}})

    assert plan.changes == {"account": [Change(("cart",), [{"id": 1, "price": 9.5}])]}


@pytest.mark.parametrize(
    ("stored", "new"),
    [([{"a": 1}], [{"a": True}]), ([{"a": False}], [{"a": 0}]), ([{"a": [1]}], [{"a": [True]}])],
    ids=str,
)
def test_number_and_boolean_in_a_list_are_different(
    stored: list[Any], new: list[Any], current_items: Items
) -> None:
    current_items["account"]["cart"] = stored

    plan = merge_patch.plan_update(MARKETPLACE, "vendor", current_items, {"account": {"cart": new}})

    assert plan.changes["account"] == [Change(("cart",), new)]


def test_same_number_of_another_type_is_not_a_change(current_items: Items) -> None:
    current_items["account"]["cart"] = [{"price": Decimal("9.5")}]

    assert merge_patch.plan_update(
        MARKETPLACE, "vendor", current_items, {"account": {"cart": [{"price": 9.5}]}}
    ) == UpdatePlan({}, [])


@pytest.mark.parametrize("name", ["Zoë O'Brien-Łuk", "نور", "אבי\u200f", "山田 太郎", "🙂\u200d🙂"])
def test_name_in_any_script_is_accepted(name: str, plan_update: PlanUpdate) -> None:
    assert plan_update({"account": {"name": name}, "profile": {"firstName": name}}).fields == [
        "account.name",
        "profile.firstName",
    ]


def test_many_paths_are_replaced_with_whole_fields(current_items: Items) -> None:
    """DynamoDB limits an update expression to 4 KB."""
    document = json.loads(json.dumps(MARKETPLACE.document))
    document["profile"]["properties"]["notes"] = {"type": "object", "default": {}}
    current_items["profile"]["notes"] = {"old": "yes"}

    plan = merge_patch.plan_update(
        Template("own", document),
        "vendor",
        current_items,
        {"profile": {"notes": {f"n{number}": "x" for number in range(100)}}},
    )

    [change] = plan.changes["profile"]
    assert change.path == ("notes",)
    assert (len(change.value), change.value["old"]) == (101, "yes")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.text("ab", max_size=3),
    lambda inner: st.dictionaries(st.text("ab", max_size=2), inner, max_size=3) | st.lists(inner, max_size=3),
    max_leaves=10,
)
OBJECTS = st.dictionaries(st.text("ab", max_size=2), JSON, max_size=3)


def _with_notes() -> Template:
    document = json.loads(json.dumps(MARKETPLACE.document))
    document["profile"]["properties"]["notes"] = {"type": "object"}
    return Template("own", document)


WITH_NOTES = _with_notes()


def _rfc_7396(target: Any, patch: Any) -> Any:
    """Apply a patch as in the RFC's pseudocode."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = _rfc_7396(result.get(name), value)
    return result


def _apply(target: dict[str, Any], changes: list[Change]) -> dict[str, Any]:
    result = json.loads(json.dumps(target))
    for change in changes:
        *parents, last = change.path
        container = result
        for name in parents:
            container = container[name]
        if change.value is REMOVED:
            del container[last]
        else:
            container[last] = change.value
    return result  # type: ignore[no-any-return]


@given(current=OBJECTS, patch=OBJECTS)
def test_applied_changes_give_the_result_of_the_rfc(current: dict[str, Any], patch: dict[str, Any]) -> None:
    before: dict[ItemKind, Any] = {"account": {}, "profile": {"notes": current}}

    plan = merge_patch.plan_update(WITH_NOTES, "vendor", before, {"profile": {"notes": patch}})

    after = _apply(before["profile"], list(plan.changes.get("profile", [])))
    assert _rfc_7396({"notes": current}, {"notes": patch}) == after


def test_number_from_dynamodb_is_valid(current_items: Items) -> None:
    current_items["account"]["totalSpent"] = Decimal("9.5")

    plan = merge_patch.plan_update(MARKETPLACE, "vendor", current_items, {"account": {"name": "Bo"}})

    assert plan.fields == ["account.name"]
