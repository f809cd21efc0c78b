"""The presets, the first values of a user's fields, and how templates are loaded."""

import json
from pathlib import Path
from typing import Any

import pytest
from userprofiles import template
from userprofiles.template import Template, TemplateError

SYSTEM = {"sub": "s-1", "role": "customer", "now": "2026-02-04T16:00:00Z"}

# The account in the post-confirmation write-up, and the additional fields of a vendor.
CUSTOMER = {
    "user_id": "s-1",
    "username": "john_doe",
    "email": "john@example.com",
    "name": "John Doe",
    "role": "customer",
    "status": "active",
    "emailVerified": True,
    "createdAt": "2026-02-04T16:00:00Z",
    "wishlist": [],
    "cart": [],
    "totalOrders": 0,
    "totalSpent": 0,
}
VENDOR = CUSTOMER | {
    "role": "vendor",
    "storeName": "",
    "totalProducts": 0,
    "totalRevenue": 0,
    "rating": 0,
    "vendorStatus": "approved",
}

# The profile in the profile migration README, without its keys.
PROFILE = {
    "userId": "s-1",
    "firstName": "John",
    "lastName": "Doe",
    "phoneNumber": "+14155550123",
    "language": "en",
    "organization": None,
    "department": None,
    "timezone": "UTC",
    "profilePictureUrl": None,
    "address": {"street": "", "city": "", "state": "", "country": "", "postalCode": ""},
    "preferences": {"notifications": True, "emailAlerts": True, "smsAlerts": False},
    "createdAt": "2026-02-04T16:00:00Z",
    "updatedAt": "2026-02-04T16:00:00Z",
}
ATTRIBUTES = {
    "sub": "s-1",
    "preferred_username": "john_doe",
    "email": "John@Example.com",
    "email_verified": "true",
    "name": "John Doe",
    "given_name": "John",
    "family_name": "Doe",
    "phone_number": "+14155550123",
}


@pytest.mark.parametrize(("role", "expected"), [("customer", CUSTOMER), ("vendor", VENDOR)])
def test_marketplace_account_is_the_record_of_the_write_up(
    marketplace: Template,
    role: str,
    expected: dict[str, Any],
) -> None:
    account, unfit = marketplace.fill("account", role, ATTRIBUTES, SYSTEM | {"role": role})

    assert (account, unfit) == (expected, [])


@pytest.mark.parametrize("name", ["basic", "marketplace"])
def test_profile_is_that_of_the_readme_in_its_order(name: str) -> None:
    preset = template.load(name)

    profile, unfit = preset.fill("profile", preset.default_role, ATTRIBUTES, SYSTEM)

    assert (json.dumps(profile), unfit) == (json.dumps(PROFILE), [])


def test_basic_account_omits_an_unknown_name(basic: Template) -> None:
    account, _ = basic.fill("account", "user", {"email": "a@b.co"}, SYSTEM)

    expected = {
        "userId": "s-1",
        "email": "a@b.co",
        "emailVerified": False,
        "status": "active",
        "createdAt": SYSTEM["now"],
    }
    assert account == expected


@pytest.mark.parametrize(
    ("attributes", "username"),
    [
        ({"preferred_username": "ana", "email": "x@y.co"}, "ana"),
        ({"email": "Ana.B@y.co"}, "ana.b"),
        ({"preferred_username": "  ", "email": "x@y.co"}, "x"),
        ({"email": "@y.co"}, "s-1"),
        ({"phone_number": "+14155550123"}, "s-1"),
    ],
)
def test_username_is_preferred_username_else_local_part_else_sub(
    marketplace: Template,
    attributes: dict[str, str],
    username: str,
) -> None:
    account, _ = marketplace.fill("account", "customer", attributes, SYSTEM)

    assert account["username"] == username


@pytest.mark.parametrize(
    ("email_verified", "expected"),
    [("true", True), ("True", True), ("false", False), ("", False), ("yes", False), (None, False)],
)
def test_email_verified_is_the_value_in_cognito(
    marketplace: Template, email_verified: str | None, expected: bool
) -> None:
    attributes = {"email": "a@b.co"} | ({} if email_verified is None else {"email_verified": email_verified})

    account, _ = marketplace.fill("account", "customer", attributes, SYSTEM)

    assert expected is account["emailVerified"]


def test_name_is_joined_from_its_parts_without_a_full_name(marketplace: Template) -> None:
    account, _ = marketplace.fill("account", "customer", {"given_name": "Ana", "family_name": "B"}, SYSTEM)

    assert account["name"] == "Ana B"


def test_invalid_value_is_replaced_with_the_default(marketplace: Template) -> None:
    """One bad attribute doesn't prevent the registration."""
    profile, unfit = marketplace.fill(
        "profile",
        "customer",
        {"given_name": "x" * 3000, "phone_number": "0800", "family_name": "Doe"},
        SYSTEM,
    )

    assert unfit == ["firstName", "phoneNumber"]
    assert (profile["firstName"], profile["phoneNumber"], profile["lastName"]) == ("", None, "Doe")


def test_attribute_with_a_control_character_is_replaced_with_the_next_source(marketplace: Template) -> None:
    account, unfit = marketplace.fill(
        "account",
        "customer",
        {"preferred_username": "a\x1b[2Jb", "email": "ana@b.co", "name": "\0x", "given_name": "A\0na"},
        SYSTEM,
    )

    assert unfit == ["name", "username"]
    assert (account["username"], account["name"], account["email"]) == ("ana", None, "ana@b.co")


def test_unpaired_surrogate_is_replaced(marketplace: Template) -> None:
    account, _ = marketplace.fill("account", "customer", {"name": "A\ud800na"}, SYSTEM)

    assert account["name"] == "A\ufffdna"


def test_defaults_are_a_new_copy_each_time(basic: Template) -> None:
    basic.defaults("profile")["address"]["city"] = "Pune"

    assert basic.defaults("profile")["address"]["city"] == ""


def test_every_field_of_the_presets_has_a_description() -> None:
    fields_without_description = [
        f"{name}.{kind}.{field}"
        for name in template.names()
        for kind in ("account", "profile")
        for field, schema in template.load(name).document[kind]["properties"].items()
        if not schema.get("description")
    ]

    assert fields_without_description == []


@pytest.mark.parametrize(
    "field",
    [
        "user_id",
        "email",
        "emailVerified",
        "role",
        "status",
        "createdAt",
        "totalOrders",
        "totalSpent",
        "username",
        "totalProducts",
        "totalRevenue",
        "rating",
    ],
)
def test_account_fields_that_users_must_not_change_are_read_only(marketplace: Template, field: str) -> None:
    assert marketplace.schema("account", "vendor")["properties"][field].get("readOnly") is True


@pytest.mark.parametrize("source", ["nowhere", "../basic", "", "Basic", "/no/such/file.json"])
def test_error_for_a_missing_template_lists_what_is_allowed(source: str) -> None:
    with pytest.raises(TemplateError, match=r"basic, career, marketplace, social|readable JSON file"):
        template.load(source)


def test_error_for_an_unknown_name_explains_how_to_use_your_own_template() -> None:
    with pytest.raises(TemplateError) as refusal:
        template.load("nope")

    assert str(refusal.value) == (
        "Template 'nope' doesn't exist. Available: basic, career, marketplace, social. For your own "
        "template, use the path of its JSON file (ending in .json) or the document itself."
    )


def test_template_loads_from_a_path(tmp_path: Path, basic: Template) -> None:
    file = tmp_path / "own.json"
    file.write_text(json.dumps(basic.document))

    assert (template.load(file).name, template.load(str(file)).document) == ("own", basic.document)


def test_file_with_invalid_json_raises_a_template_error(tmp_path: Path) -> None:
    file = tmp_path / "own.json"
    file.write_text("{")

    with pytest.raises(TemplateError, match="is not valid JSON"):
        template.load(file)
