import copy
import json
from pathlib import Path
from typing import Any

import pytest
from userprofiles import template
from userprofiles.template import Template, TemplateError

SYSTEM = {"sub": "s-1", "role": "customer", "now": "2026-02-04T16:00:00Z"}

# The account that the post-confirmation write-up shows, and the vendor's additional fields.
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
VENDOR = CUSTOMER | {"role": "vendor", "storeName": "", "totalProducts": 0, "totalRevenue": 0, "rating": 0}

# The profile that the profile migration README shows, without its keys.
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
def test_marketplace_account_is_the_write_ups_record(
    marketplace: Template,
    role: str,
    expected: dict[str, Any],
) -> None:
    account, unfit = marketplace.fill("account", role, ATTRIBUTES, SYSTEM | {"role": role})

    assert (expected, []) == (account, unfit)


@pytest.mark.parametrize("name", ["basic", "marketplace"])
def test_profile_is_the_readmes_profile_in_its_order(name: str) -> None:
    chosen = template.load(name)

    profile, unfit = chosen.fill("profile", chosen.default_role, ATTRIBUTES, SYSTEM)

    assert (json.dumps(PROFILE), []) == (json.dumps(profile), unfit)


def test_basic_account_leaves_out_a_name_nobody_knows(basic: Template) -> None:
    account, _ = basic.fill("account", "user", {"email": "a@b.co"}, SYSTEM)

    expected = {
        "userId": "s-1",
        "email": "a@b.co",
        "emailVerified": False,
        "status": "active",
        "createdAt": SYSTEM["now"],
    }
    assert expected == account


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
def test_username_is_preferred_name_else_local_part_else_sub(
    marketplace: Template,
    attributes: dict[str, str],
    username: str,
) -> None:
    account, _ = marketplace.fill("account", "customer", attributes, SYSTEM)

    assert username == account["username"]


@pytest.mark.parametrize(
    ("said", "expected"),
    [("true", True), ("True", True), ("false", False), ("", False), ("yes", False), (None, False)],
)
def test_email_verified_is_what_cognito_says(marketplace: Template, said: str | None, expected: bool) -> None:
    attributes = {"email": "a@b.co"} | ({} if said is None else {"email_verified": said})

    account, _ = marketplace.fill("account", "customer", attributes, SYSTEM)

    assert expected is account["emailVerified"]


def test_name_is_joined_from_its_parts_where_there_is_no_whole(marketplace: Template) -> None:
    account, _ = marketplace.fill("account", "customer", {"given_name": "Ana", "family_name": "B"}, SYSTEM)

    assert account["name"] == "Ana B"


def test_value_that_breaks_the_schema_gives_way_to_the_default(marketplace: Template) -> None:
    """One hostile attribute costs nobody their record."""
    profile, unfit = marketplace.fill(
        "profile",
        "customer",
        {"given_name": "x" * 3000, "phone_number": "0800", "family_name": "Doe"},
        SYSTEM,
    )

    assert unfit == ["firstName", "phoneNumber"]
    assert (profile["firstName"], profile["phoneNumber"], profile["lastName"]) == ("", None, "Doe")


def test_attribute_with_a_control_character_gives_way_to_the_next_source(marketplace: Template) -> None:
    account, unfit = marketplace.fill(
        "account",
        "customer",
        {"preferred_username": "a\x1b[2Jb", "email": "ana@b.co", "name": "\0x", "given_name": "A\0na"},
        SYSTEM,
    )

    assert unfit == ["name", "username"]
    assert (account["username"], account["name"], account["email"]) == ("ana", None, "ana@b.co")


def test_half_a_surrogate_pair_is_replaced(marketplace: Template) -> None:
    account, _ = marketplace.fill("account", "customer", {"name": "A\ud800na"}, SYSTEM)

    assert account["name"] == "A\ufffdna"


def test_defaults_are_fresh_each_time(basic: Template) -> None:
    basic.defaults("profile")["address"]["city"] = "Pune"

    assert basic.defaults("profile")["address"]["city"] == ""


def test_every_field_of_the_presets_is_described() -> None:
    silent = [
        f"{name}.{kind}.{field}"
        for name in template.names()
        for kind in ("account", "profile")
        for field, schema in template.load(name).document[kind]["properties"].items()
        if not schema.get("description")
    ]

    assert silent == []


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


def _broken(marketplace: Template, **changes: Any) -> dict[str, Any]:
    document = copy.deepcopy(marketplace.document)
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = document
        for parent in parents:
            place = place[parent]
        place[last] = value
    return document


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"colour": 1}, "unknown key 'colour'"),
        ({"account": []}, 'account has to be a JSON Schema with "type": "object"'),
        ({"account__additionalProperties": True}, '"additionalProperties": false'),
        ({"account__properties__PK": {"type": "string"}}, "a name of the table's own"),
        ({"profile__properties__a b": {"type": "string"}}, "is no field name"),
        ({"profile__properties__bio": "text"}, "profile.bio has to be a JSON Schema object"),
        (
            {"profile__properties__bio": {"$ref": "https://example.com/x.json"}},
            "profile.bio has a $ref",
        ),
        ({"profile__properties__bio": {"type": "text"}}, "is no JSON Schema"),
        ({"profile__properties__bio": {"type": "string", "pattern": "("}}, "is no JSON Schema"),
        ({"profile__properties__bio": {"type": "string", "default": 3}}, "default of profile.bio"),
        ({"roles": {}}, "roles.allowed has to name at least one role"),
        ({"roles__default": "admin"}, "roles.default is 'admin'; it has to be one of customer, vendor"),
        ({"roles__attribute": 1}, "roles.attribute"),
        ({"roles__allowed__Admin": {"properties": {}}}, "role 'Admin' has to match"),
        ({"roles__allowed__vendor": []}, 'has to be an object with "properties"'),
        (
            {"roles__allowed__vendor": {"properties": {"cart": {"type": "array"}}}},
            "repeats the account's field",
        ),
        ({"cognito": {}}, "cognito has to be an object with account and profile"),
        ({"cognito__profile": []}, "cognito.profile has to be an object"),
        ({"cognito__profile__bio": [{"system": "sub"}]}, "feeds a field that the profile doesn't have"),
        ({"cognito__profile__userId": {"system": "sub"}}, "has to be a list of sources"),
        ({"cognito__profile__userId": [{"system": "password"}]}, "source of unknown form"),
        ({"cognito__profile__userId": [{"attribute": "a", "as": "upper"}]}, "source of unknown form"),
    ],
)
def test_bad_template_gives_one_clear_error(
    marketplace: Template, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(TemplateError) as refusal:
        template.load(_broken(marketplace, **changes))

    assert message in str(refusal.value)


LOCKED = {"type": "string", "readOnly": True}


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ({"type": "object", "properties": {"tier": LOCKED}}, "profile.bio.properties.tier.readOnly"),
        (
            {"type": "array", "items": {"properties": {"x": LOCKED}}},
            "profile.bio.items.properties.x.readOnly",
        ),
        ({"type": "array", "items": [LOCKED]}, "profile.bio.items[0].readOnly"),
        ({"allOf": [{"readOnly": True}]}, "profile.bio.allOf[0].readOnly"),
        ({"anyOf": [{"type": "null"}, LOCKED]}, "profile.bio.anyOf[1].readOnly"),
        ({"not": LOCKED}, "profile.bio.not.readOnly"),
        ({"if": {}, "then": LOCKED}, "profile.bio.then.readOnly"),
        ({"patternProperties": {"^x": LOCKED}}, "profile.bio.patternProperties.^x.readOnly"),
        ({"additionalProperties": LOCKED}, "profile.bio.additionalProperties.readOnly"),
        ({"type": "string", "readOnly": "yes"}, "profile.bio.readOnly has to be true or false"),
        ({"$ref": "#/properties/userId"}, "profile.bio has a $ref"),
        ({"$ref": "#/properties/userId", "readOnly": True}, "profile.bio has a $ref"),
        (
            {"type": "object", "default": {"x": {"$ref": "https://example.com"}}},
            "profile.bio.default has a $ref",
        ),
        ({"enum": [[{"$ref": "https://example.com"}]]}, "profile.bio.enum has a $ref"),
        ({"const": {"x": {"$ref": "https://example.com"}}}, "profile.bio.const has a $ref"),
        ({"items": {"items": [{"$ref": "#"}]}}, "profile.bio.items.items[0] has a $ref"),
        ({"properties": {"x": {"$ref": "#/x"}}}, "profile.bio.properties.x has a $ref"),
    ],
)
def test_rule_that_the_api_could_not_keep_is_refused(
    marketplace: Template, schema: dict[str, Any], place: str
) -> None:
    with pytest.raises(TemplateError) as refusal:
        template.load(_broken(marketplace, profile__properties__bio=schema))

    assert place in str(refusal.value)


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"profile__readOnly": True}, "profile.readOnly"),
        ({"account__allOf": [{"properties": {"name": LOCKED}}]}, "account.allOf[0].properties.name.readOnly"),
        ({"account__definitions": {"name": LOCKED}}, "account.definitions.name.readOnly"),
        (
            {"roles__allowed__vendor": {"properties": {"a": {"properties": {"b": LOCKED}}}}},
            "roles.allowed.vendor.a.properties.b.readOnly",
        ),
    ],
)
def test_read_only_beside_the_fields_is_refused(
    marketplace: Template, changes: dict[str, Any], place: str
) -> None:
    with pytest.raises(TemplateError) as refusal:
        template.load(_broken(marketplace, **changes))

    assert place in str(refusal.value)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": ["string", "null"], "readOnly": True},
        {"type": "object", "properties": {"readOnly": {"type": "boolean"}, "$ref": {"type": "string"}}},
        {"type": "object", "default": {"readOnly": True}, "enum": [{"readOnly": True}]},
        {"type": "object", "properties": {"x": {"type": "string", "readOnly": False}}},
    ],
)
def test_what_only_looks_like_such_a_rule_is_taken(marketplace: Template, schema: dict[str, Any]) -> None:
    loaded = template.load(_broken(marketplace, profile__properties__bio=schema))

    assert schema == loaded.schema("profile", "customer")["properties"]["bio"]


@pytest.mark.parametrize("source", ["nowhere", "../basic", "", "Basic", "/no/such/file.json"])
def test_template_that_is_not_there_is_told_with_what_is_allowed(source: str) -> None:
    with pytest.raises(TemplateError, match=r"basic, marketplace|readable JSON file"):
        template.load(source)


def test_unknown_name_is_told_how_to_give_a_template_of_ones_own() -> None:
    with pytest.raises(TemplateError) as refusal:
        template.load("nope")

    assert str(refusal.value) == (
        "There is no template 'nope'. There are basic, marketplace; one of your own is given as its JSON "
        "file (a path that ends in .json) or as the document itself."
    )


def test_template_loads_from_a_path(tmp_path: Path, basic: Template) -> None:
    file = tmp_path / "own.json"
    file.write_text(json.dumps(basic.document))

    assert ("own", basic.document) == (template.load(file).name, template.load(str(file)).document)


def test_file_that_is_no_json_is_a_template_error(tmp_path: Path) -> None:
    file = tmp_path / "own.json"
    file.write_text("{")

    with pytest.raises(TemplateError, match="is no JSON"):
        template.load(file)
