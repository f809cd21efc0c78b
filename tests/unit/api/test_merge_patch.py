import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from userprofiles import template
from userprofiles.api import merge_patch
from userprofiles.api.errors import ApiError
from userprofiles.api.merge_patch import Plan
from userprofiles.table.update_expression import REMOVED, Change
from userprofiles.template import Template
from userprofiles.template_check import Kind

MARKETPLACE = template.load("marketplace")
SYSTEM = {"sub": "s", "role": "vendor", "now": "2026-02-04T16:00:00Z"}


def _current() -> dict[Kind, dict[str, Any]]:
    return {
        kind: MARKETPLACE.fill(kind, "vendor", {"email": "a@b.co", "name": "Ana"}, SYSTEM)[0]
        for kind in ("account", "profile")
    }


def _plan(patch: Any, chosen: Template = MARKETPLACE, role: str = "vendor") -> Plan:
    return merge_patch.plan(chosen, role, _current(), patch)


def _faults(patch: Any) -> dict[str, str]:
    with pytest.raises(ApiError) as refusal:
        _plan(patch)
    assert (400, "invalid_patch") == (refusal.value.status, refusal.value.code)
    return {fault.field: fault.problem for fault in refusal.value.faults}


def test_only_touched_paths_change() -> None:
    plan = _plan({"profile": {"language": "fr", "address": {"city": "Lyon", "street": ""}}})

    assert {"profile": [Change(("language",), "fr"), Change(("address", "city"), "Lyon")]} == plan.changes
    assert ["profile.language", "profile.address"] == plan.fields


@pytest.mark.parametrize(
    "patch", [{}, {"profile": {}}, {"profile": {"language": "en"}}, {"account": {"cart": []}}]
)
def test_patch_that_changes_nothing_has_no_changes(patch: dict[str, Any]) -> None:
    assert Plan({}, []) == _plan(patch)


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
def test_null_brings_the_default_back(patch: dict[str, Any], expected: dict[str, Any]) -> None:
    assert expected == _plan(patch).changes


def test_null_removes_a_field_without_a_default(basic: Template) -> None:
    current: dict[Kind, Any] = {"account": {"name": "Ana"}, "profile": {}}

    plan = merge_patch.plan(basic, "user", current, {"account": {"name": None}})

    assert {"account": [Change(("name",), REMOVED)]} == plan.changes


def test_arrays_are_replaced_whole() -> None:
    plan = _plan({"account": {"cart": [{"id": 1, "price": 9.5}]}})

    assert {"account": [Change(("cart",), [{"id": 1, "price": 9.5}])]} == plan.changes


@pytest.mark.parametrize(
    ("stored", "wanted"),
    [([{"a": 1}], [{"a": True}]), ([{"a": False}], [{"a": 0}]), ([{"a": [1]}], [{"a": [True]}])],
    ids=str,
)
def test_number_and_truth_value_in_a_list_are_not_the_same(stored: list[Any], wanted: list[Any]) -> None:
    current = _current()
    current["account"]["cart"] = stored

    plan = merge_patch.plan(MARKETPLACE, "vendor", current, {"account": {"cart": wanted}})

    assert [Change(("cart",), wanted)] == plan.changes["account"]


def test_same_number_in_another_form_is_no_change() -> None:
    current = _current()
    current["account"]["cart"] = [{"price": Decimal("9.5")}]

    assert Plan({}, []) == merge_patch.plan(
        MARKETPLACE, "vendor", current, {"account": {"cart": [{"price": 9.5}]}}
    )


READ_ONLY = [
    f"{kind}.{name}"
    for kind in ("account", "profile")
    for name, schema in MARKETPLACE.schema(kind, "vendor")["properties"].items()
    if schema.get("readOnly")
]


@pytest.mark.parametrize("field", READ_ONLY)
def test_read_only_field_is_refused_even_with_its_own_value(field: str) -> None:
    kind, name = field.split(".")

    assert {field: "can't be changed by the user"} == _faults({kind: {name: _current()[kind][name]}})  # type: ignore[index]


@pytest.mark.parametrize(
    "field",
    [
        "account.role",
        "account.email",
        "account.emailVerified",
        "account.totalSpent",
        "account.status",
        "profile.userId",
    ],
)
def test_what_decides_about_a_user_is_read_only(field: str) -> None:
    assert field in READ_ONLY


@pytest.mark.parametrize(
    ("patch", "field"),
    [
        ({"profile": {"PK": "USER#x"}}, "profile.PK"),
        ({"account": {"auditHead": "x"}}, "account.auditHead"),
        ({"account": {"listPK": "LIST#vendor#00"}}, "account.listPK"),
        ({"account": {"version": 9}}, "account.version"),
        ({"profile": {"unknown": 1}}, "profile.unknown"),
        ({"profile": {"address": {"planet": "Earth"}}}, "profile.address.planet"),
        ({"auditHead": "x"}, "auditHead"),
        ({"profile": None}, "profile"),
        ({"profile": []}, "profile"),
        ({"profile": {"language": 7}}, "profile.language"),
        ({"profile": {"address": "Lyon"}}, "profile.address"),
        ({"profile": {"address": {"city": 7}}}, "profile.address.city"),
        ({"profile": {"preferences": {"emailAlerts": "yes"}}}, "profile.preferences.emailAlerts"),
        ({"profile": {"phoneNumber": "0221"}}, "profile.phoneNumber"),
        ({"profile": {"profilePictureUrl": "javascript:alert(1)"}}, "profile.profilePictureUrl"),
        ({"profile": {"firstName": "x" * 2049}}, "profile.firstName"),
        ({"account": {"cart": ["x"] * 201}}, "account.cart"),
        ({"account": {"wishlist": [7]}}, "account.wishlist.0"),
    ],
    ids=str,
)
def test_fault_is_named_with_its_path(patch: dict[str, Any], field: str) -> None:
    assert [field] == list(_faults(patch))


@pytest.mark.parametrize("preset", ["basic", "marketplace"])
@pytest.mark.parametrize("character", ["\0", "\n", "\x1b", "\x7f", "\x85", "\x9f"])
def test_no_single_line_of_text_takes_a_control_character(preset: str, character: str) -> None:
    chosen = template.load(preset)
    role = chosen.roles[-1]
    patch: dict[str, Any] = {}
    expected = set()
    for kind in ("account", "profile"):
        for name, schema in chosen.schema(kind, role)["properties"].items():
            if schema.get("readOnly"):
                continue
            if "string" in schema["type"]:
                patch.setdefault(kind, {})[name] = f"https://x{character}"
                expected.add(f"{kind}.{name}")
            for inner, below in schema.get("properties", {}).items():
                if "string" in below["type"]:
                    patch.setdefault(kind, {}).setdefault(name, {})[inner] = f"x{character}"
                    expected.add(f"{kind}.{name}.{inner}")

    with pytest.raises(ApiError) as refusal:
        _plan(patch, chosen, role)

    assert expected == {fault.field for fault in refusal.value.faults}


@pytest.mark.parametrize("character", ["\0", "\u202e", "\u2066", "\u200f", "\u061c", "\x80"])
def test_address_of_a_picture_is_shown_as_it_reads(character: str) -> None:
    assert ["profile.profilePictureUrl"] == list(
        _faults({"profile": {"profilePictureUrl": f"https://x/{character}gnp.exe"}})
    )


@pytest.mark.parametrize("name", ["Zoë O'Brien-Łuk", "نور", "אבי\u200f", "山田 太郎", "🙂\u200d🙂"])
def test_name_in_any_script_is_taken(name: str) -> None:
    assert ["account.name", "profile.firstName"] == _plan(
        {"account": {"name": name}, "profile": {"firstName": name}}
    ).fields


def test_list_that_is_too_long_is_not_looked_into() -> None:
    assert {"account.wishlist": "has 501 items; at most 500 are allowed"} == _faults(
        {"account": {"wishlist": [1] * 501}}
    )


@pytest.mark.parametrize(
    "patch",
    [
        {"account": {"wishlist": [1] * 32_000}},
        {"account": {"wishlist": [1] * 500}},
        {"profile": {f"field{number}": 1 for number in range(4000)}},
        {"profile": {f"{number}{'x' * 1000}": 1 for number in range(60)}},
        {"profile": {"x" * 60_000: 1}},
        {"profile": {f"{number}{chr(0x1F600) * 60}": 1 for number in range(60)}},
        {f"{number}{'x' * 1000}": 1 for number in range(60)},
        {"profile": {"address": {"y" * 900 + str(number): 7 for number in range(60)}}},
    ],
    ids=range(8),
)
def test_answer_to_a_request_full_of_faults_is_small(patch: Any) -> None:
    with pytest.raises(ApiError) as refusal:
        merge_patch.plan(MARKETPLACE, "vendor", _current(), merge_patch.parse(json.dumps(patch).encode()))

    assert len(json.dumps(refusal.value.body())) < 8192


def test_first_faults_of_many_are_told_and_how_many_there_are() -> None:
    with pytest.raises(ApiError) as refusal:
        _plan({"account": {"wishlist": [1] * 500}})

    assert [f"account.wishlist.{number}" for number in range(20)] == [
        fault.field for fault in refusal.value.faults
    ]
    assert "the first 20 of 500" in str(refusal.value)


def test_all_faults_are_told_at_once() -> None:
    assert {"account.role", "profile.x"} == _faults(
        {"account": {"role": "vendor"}, "profile": {"x": 1}}
    ).keys()
    assert {"profile.language", "profile.timezone"} == _faults(
        {"profile": {"language": 7, "timezone": 8}}
    ).keys()


@pytest.mark.parametrize("patch", [[], "text", 7, None])
def test_patch_that_is_no_object_is_refused(patch: Any) -> None:
    assert {} == _faults(patch)


def test_vendors_field_is_none_of_a_customers() -> None:
    with pytest.raises(ApiError):
        _plan({"account": {"storeName": "Mine"}}, role="customer")

    assert _plan({"account": {"storeName": "Mine"}}).fields == ["account.storeName"]


def test_read_only_below_the_top_is_refused() -> None:
    document = json.loads(json.dumps(MARKETPLACE.document))
    document["profile"]["properties"]["address"]["properties"]["city"]["readOnly"] = True

    with pytest.raises(ApiError) as refusal:
        _plan({"profile": {"address": {"city": "Lyon"}}}, chosen=Template("own", document))

    assert [fault.field for fault in refusal.value.faults] == ["profile.address.city"]


@pytest.mark.parametrize("number", [10**40 + 1, float("inf")])
def test_number_that_dynamodb_can_not_hold_is_refused(number: float) -> None:
    assert _refused({"account": {"cart": [{"price": number}]}}) == 400


def test_record_that_would_get_too_large_is_refused() -> None:
    current = _current()
    current["account"]["wishlist"] = ["x" * 10_000] * 39

    with pytest.raises(ApiError) as refusal:
        merge_patch.plan(MARKETPLACE, "vendor", current, {"account": {"cart": ["x" * 20_000]}})

    assert refusal.value.status == 413


def _refused(patch: Any) -> int:
    with pytest.raises(ApiError) as refusal:
        _plan(patch)
    return refusal.value.status


def test_many_paths_become_whole_fields() -> None:
    """An update expression has 4 KB."""
    document = json.loads(json.dumps(MARKETPLACE.document))
    document["profile"]["properties"]["notes"] = {"type": "object", "default": {}}
    current = _current()
    current["profile"]["notes"] = {"kept": "yes"}

    plan = merge_patch.plan(
        Template("own", document),
        "vendor",
        current,
        {"profile": {"notes": {f"n{number}": "x" for number in range(100)}}},
    )

    [change] = plan.changes["profile"]
    assert ("notes",) == change.path
    assert (101, "yes") == (len(change.value), change.value["kept"])


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
    """The RFC's own pseudocode."""
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
        place = result
        for name in parents:
            place = place[name]
        if change.value is REMOVED:
            del place[last]
        else:
            place[last] = change.value
    return result  # type: ignore[no-any-return]


@given(current=OBJECTS, patch=OBJECTS)
def test_changes_applied_give_what_the_rfc_says(current: dict[str, Any], patch: dict[str, Any]) -> None:
    before: dict[Kind, Any] = {"account": {}, "profile": {"notes": current}}

    plan = merge_patch.plan(WITH_NOTES, "vendor", before, {"profile": {"notes": patch}})

    after = _apply(before["profile"], list(plan.changes.get("profile", [])))
    assert _rfc_7396({"notes": current}, {"notes": patch}) == after


def test_number_as_dynamodb_returns_it_passes_validation() -> None:
    current = _current()
    current["account"]["totalSpent"] = Decimal("9.5")

    plan = merge_patch.plan(MARKETPLACE, "vendor", current, {"account": {"name": "Bo"}})

    assert plan.fields == ["account.name"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff", 400),
        (b'{"a": NaN}', 400),
        (b'{"a": Infinity}', 400),
        (b"[" * 30_000, 400),
        (b"[" * 21 + b"]" * 21, 400),
        (b'"' + b"x" * 65_536 + b'"', 413),
    ],
    ids=range(8),
)
def test_body_that_is_no_small_json_is_refused(body: bytes, status: int) -> None:
    with pytest.raises(ApiError) as refusal:
        merge_patch.parse(body)

    assert status == refusal.value.status


def test_body_as_deep_as_allowed_is_read() -> None:
    assert merge_patch.parse(b"[" * 19 + b"]" * 19)
