"""Patches and bodies that are rejected, with the errors of their fields."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from userprofiles import template
from userprofiles.api import merge_patch, request_body
from userprofiles.api.errors import ApiError
from userprofiles.api.merge_patch import UpdatePlan
from userprofiles.template import Template
from userprofiles.template_check import ItemKind

Items = dict[ItemKind, dict[str, Any]]
PlanUpdate = Callable[..., UpdatePlan]
MARKETPLACE = template.load("marketplace")


READ_ONLY = [
    f"/{kind}/{name}"
    for kind in ("account", "profile")
    for name, schema in MARKETPLACE.schema(kind, "vendor")["properties"].items()
    if schema.get("readOnly")
]


@pytest.mark.parametrize("field", READ_ONLY)
def test_read_only_field_is_rejected_even_with_its_current_value(
    field: str, current_items: Items, field_errors: Callable[[Any], dict[str, str]]
) -> None:
    _, kind, name = field.split("/")

    assert field_errors({kind: {name: current_items[kind][name]}}) == {field: "can't be changed by the user"}  # type: ignore[index]


@pytest.mark.parametrize(
    "field",
    [
        "/account/role",
        "/account/email",
        "/account/emailVerified",
        "/account/totalSpent",
        "/account/status",
        "/profile/userId",
    ],
)
def test_field_with_consequences_for_the_user_is_read_only(field: str) -> None:
    assert field in READ_ONLY


@pytest.mark.parametrize(
    ("patch", "field"),
    [
        ({"profile": {"PK": "USER#x"}}, "/profile/PK"),
        ({"account": {"auditHead": "x"}}, "/account/auditHead"),
        ({"account": {"listPK": "LIST#vendor#00"}}, "/account/listPK"),
        ({"account": {"version": 9}}, "/account/version"),
        ({"profile": {"unknown": 1}}, "/profile/unknown"),
        ({"profile": {"address": {"planet": "Earth"}}}, "/profile/address/planet"),
        ({"auditHead": "x"}, "/auditHead"),
        ({"profile": None}, "/profile"),
        ({"profile": []}, "/profile"),
        ({"profile": {"language": 7}}, "/profile/language"),
        ({"profile": {"address": "Lyon"}}, "/profile/address"),
        ({"profile": {"address": {"city": 7}}}, "/profile/address/city"),
        ({"profile": {"preferences": {"emailAlerts": "yes"}}}, "/profile/preferences/emailAlerts"),
        ({"profile": {"phoneNumber": "0221"}}, "/profile/phoneNumber"),
        ({"profile": {"profilePictureUrl": "javascript:alert(1)"}}, "/profile/profilePictureUrl"),
        ({"profile": {"firstName": "x" * 2049}}, "/profile/firstName"),
        ({"account": {"cart": ["x"] * 201}}, "/account/cart"),
        ({"account": {"wishlist": [7]}}, "/account/wishlist/0"),
    ],
    ids=str,
)
def test_error_has_the_path_of_the_field(
    patch: dict[str, Any], field: str, field_errors: Callable[[Any], dict[str, str]]
) -> None:
    assert list(field_errors(patch)) == [field]


@pytest.mark.parametrize("preset", ["basic", "marketplace"])
@pytest.mark.parametrize("character", ["\0", "\n", "\x1b", "\x7f", "\x85", "\x9f"])
def test_no_text_field_accepts_a_control_character(
    preset: str, character: str, plan_update: PlanUpdate
) -> None:
    preset_template = template.load(preset)
    role = preset_template.roles[-1]
    patch: dict[str, Any] = {}
    expected = set()
    for kind in ("account", "profile"):
        for name, schema in preset_template.schema(kind, role)["properties"].items():
            if schema.get("readOnly"):
                continue
            if "string" in schema["type"]:
                patch.setdefault(kind, {})[name] = f"https://x{character}"
                expected.add(f"/{kind}/{name}")
            for inner_name, inner_schema in schema.get("properties", {}).items():
                if "string" in inner_schema["type"]:
                    patch.setdefault(kind, {}).setdefault(name, {})[inner_name] = f"x{character}"
                    expected.add(f"/{kind}/{name}/{inner_name}")

    with pytest.raises(ApiError) as refusal:
        plan_update(patch, preset_template, role)

    assert {entry.pointer for entry in refusal.value.field_errors} == expected


@pytest.mark.parametrize("character", ["\0", "\u202e", "\u2066", "\u200f", "\u061c", "\x80"])
def test_picture_url_can_not_contain_invisible_characters(
    character: str, field_errors: Callable[[Any], dict[str, str]]
) -> None:
    assert list(field_errors({"profile": {"profilePictureUrl": f"https://x/{character}gnp.exe"}})) == [
        "/profile/profilePictureUrl"
    ]


def test_members_of_a_list_that_is_too_long_are_not_checked(
    field_errors: Callable[[Any], dict[str, str]],
) -> None:
    assert field_errors({"account": {"wishlist": [1] * 501}}) == {
        "/account/wishlist": "has 501 items; at most 500 are allowed"
    }


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
def test_response_to_a_request_with_many_errors_is_small(patch: Any, current_items: Items) -> None:
    with pytest.raises(ApiError) as refusal:
        merge_patch.plan_update(
            MARKETPLACE, "vendor", current_items, request_body.parse(json.dumps(patch).encode())
        )

    assert len(json.dumps(refusal.value.body())) < 8192


def test_first_errors_of_many_are_returned_with_their_number(plan_update: PlanUpdate) -> None:
    with pytest.raises(ApiError) as refusal:
        plan_update({"account": {"wishlist": [1] * 500}})

    assert [f"/account/wishlist/{number}" for number in range(20)] == [
        entry.pointer for entry in refusal.value.field_errors
    ]
    assert "the first 20 of 500" in str(refusal.value)


def test_all_errors_are_returned_together(field_errors: Callable[[Any], dict[str, str]]) -> None:
    assert field_errors({"account": {"role": "vendor"}, "profile": {"x": 1}}).keys() == {
        "/account/role",
        "/profile/x",
    }
    assert field_errors({"profile": {"language": 7, "timezone": 8}}).keys() == {
        "/profile/language",
        "/profile/timezone",
    }
    assert field_errors(
        {
            "x/y~z": 1,
            "account": {"role": 7, "cart": [{"price": 1e126}], "wishlist": [1] * 501},
            "profile": {"address": {"planet": "Earth", "city": 7}, "language": "?", "timezone": None},
        }
    ).keys() == {
        "/x~1y~0z",
        "/account/role",
        "/account/cart/0/price",
        "/account/wishlist",
        "/profile/address/planet",
        "/profile/address/city",
        "/profile/language",
    }


@pytest.mark.parametrize(
    ("patch", "code"),
    [
        ({"account": {"role": "vendor"}}, "read_only"),
        ({"account": {"wishlist": [1] * 501}}, "max_items"),
        ({"account": {"cart": [{"price": 1e126}]}}, "not_storable"),
        ({"profile": {"unknown": 1}}, "unknown_field"),
        ({"profile": {"firstName": "x" * 2049}}, "max_length"),
        ({"profile": {"language": "?"}}, "pattern"),
        ({"profile": []}, "type"),
    ],
    ids=str,
)
def test_error_has_a_code_for_programs(plan_update: PlanUpdate, patch: Any, code: str) -> None:
    with pytest.raises(ApiError) as refusal:
        plan_update(patch)

    assert [entry.code for entry in refusal.value.field_errors] == [code]


@pytest.mark.parametrize("patch", [[], "text", 7, None])
def test_patch_that_is_not_an_object_is_rejected(
    patch: Any, field_errors: Callable[[Any], dict[str, str]]
) -> None:
    assert field_errors(patch) == {}


def test_field_of_vendors_is_unknown_for_a_customer(plan_update: PlanUpdate) -> None:
    with pytest.raises(ApiError):
        plan_update({"account": {"storeName": "Mine"}}, role="customer")

    assert plan_update({"account": {"storeName": "Mine"}}).fields == ["account.storeName"]


def test_read_only_on_a_deeper_level_is_rejected(plan_update: PlanUpdate) -> None:
    document = json.loads(json.dumps(MARKETPLACE.document))
    document["profile"]["properties"]["address"]["properties"]["city"]["readOnly"] = True

    with pytest.raises(ApiError) as refusal:
        plan_update({"profile": {"address": {"city": "Lyon"}}}, template=Template("own", document))

    assert [entry.pointer for entry in refusal.value.field_errors] == ["/profile/address/city"]


@pytest.mark.parametrize("number", [10**40 + 1, float("inf"), 1e126, -1e126, 1e-131])
def test_number_that_dynamodb_can_not_store_is_an_error_of_its_field(
    number: float, field_errors: Callable[[Any], dict[str, str]]
) -> None:
    errors = field_errors({"account": {"cart": ["a", {"price": number}]}})

    assert list(errors) == ["/account/cart/1/price"]
    assert "number" in errors["/account/cart/1/price"] or "Infinity" in errors["/account/cart/1/price"]


@pytest.mark.parametrize("number", [1e125, -1e125, 1e-130, 0, 10**60])
def test_number_that_dynamodb_can_store_is_accepted(number: float, plan_update: PlanUpdate) -> None:
    assert plan_update({"account": {"cart": [{"price": number}]}}).fields == ["account.cart"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "utf-32-be", "latin-1"])
def test_body_in_another_encoding_is_invalid_json(encoding: str) -> None:
    with pytest.raises(ApiError) as refusal:
        request_body.parse('{"profile": {"firstName": "Zoë"}}'.encode(encoding))

    assert (refusal.value.status, refusal.value.code) == (400, "invalid_json")


@pytest.mark.parametrize("body", [b'{"a": 1, "a": 1}', b'{"a": [{"b": 1, "\\u0062": 2}]}'])
def test_body_with_a_duplicate_name_is_invalid_json(body: bytes) -> None:
    with pytest.raises(ApiError) as refusal:
        request_body.parse(body)

    assert (refusal.value.status, refusal.value.code) == (400, "invalid_json")


def test_body_with_a_byte_order_mark_is_parsed() -> None:
    assert request_body.parse('\ufeff{"a": 1}'.encode()) == {"a": 1}


def test_record_that_would_become_too_large_is_rejected(current_items: Items) -> None:
    current_items["account"]["wishlist"] = ["x" * 10_000] * 39

    with pytest.raises(ApiError) as refusal:
        merge_patch.plan_update(MARKETPLACE, "vendor", current_items, {"account": {"cart": ["x" * 20_000]}})

    assert refusal.value.status == 413


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
def test_body_that_is_not_small_json_is_rejected(body: bytes, status: int) -> None:
    with pytest.raises(ApiError) as refusal:
        request_body.parse(body)

    assert refusal.value.status == status


def test_body_with_the_maximum_depth_is_parsed() -> None:
    assert request_body.parse(b"[" * 19 + b"]" * 19)
