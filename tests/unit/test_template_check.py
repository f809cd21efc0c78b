"""Invalid templates: each gives one error with its location."""

import copy
import json
from pathlib import Path
from typing import Any

import fastjsonschema
import pytest
from userprofiles import template, template_check, template_schema
from userprofiles.template import Template, TemplateError

VALIDATE = fastjsonschema.compile(template_schema.create_schema())

# Problems that a JSON Schema can't describe, because they compare two places of a document.
BEYOND_A_SCHEMA = (
    "default of profile.bio",
    "roles.default is 'admin'",
    "repeats the account's field",
    "is the source of a field that the profile doesn't have",
    "approval is 'rating'; use",
    "must have the enum pending",
    'must have "readOnly": true',
    "is the weight of a field",
    "is the completion of a role",
)


def is_valid_in_the_schema(document: Any) -> bool:
    try:
        VALIDATE(document)
    except fastjsonschema.JsonSchemaValueException:
        return False
    return True


def test_keywords_for_own_programs_are_accepted_with_any_value(marketplace: Template) -> None:
    bio = {"type": "string", "x-form": {"widget": "textarea", "rows": [1, 2]}}
    document = _change_document(marketplace, profile__properties__bio=bio)

    assert list(template_check.find_problems(document)) == []
    assert is_valid_in_the_schema(document)
    assert template.load(document).validate("profile", "customer", {"bio": "A text"}) == []


@pytest.mark.parametrize("name", template.names())
def test_schema_accepts_each_preset_and_its_expanded_form(name: str) -> None:
    _, document = template.read(name)

    assert is_valid_in_the_schema(document)
    assert is_valid_in_the_schema(template.load(name).document)


def _change_document(marketplace: Template, **changes: Any) -> dict[str, Any]:
    document = copy.deepcopy(marketplace.document)
    for path, value in changes.items():
        *parents, last = path.split("__")
        container = document
        for parent in parents:
            container = container[parent]
        container[last] = value
    return document


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"colour": 1}, "unknown key 'colour'"),
        ({"account": []}, 'account must be a JSON Schema with "type": "object"'),
        ({"account__additionalProperties": True}, '"additionalProperties": false'),
        ({"account__properties__PK": {"type": "string"}}, "is reserved for the table"),
        ({"profile__properties__a b": {"type": "string"}}, "is not a valid field name"),
        ({"profile__properties__bio": "text"}, "profile.bio must be a JSON Schema object"),
        (
            {"profile__properties__bio": {"$ref": "https://example.com/x.json"}},
            "profile.bio has a $ref",
        ),
        (
            {"profile__properties__bio": {"type": "string", "readonly": True}},
            "has no effect, because it is not a keyword of JSON Schema (draft 7). Use 'readOnly'",
        ),
        (
            {"profile__properties__bio": {"type": "array", "items": {"type": "string", "maxLenght": 3}}},
            "profile.bio.items.maxLenght has no effect",
        ),
        ({"profile__qqq": 1}, "profile.qqq has no effect"),
        ({"profile__properties__bio": {"type": "text"}}, "is not a valid JSON Schema"),
        ({"profile__properties__bio": {"type": "string", "pattern": "("}}, "is not a valid JSON Schema"),
        (
            {"profile__properties__bio": {"type": "string", "default": 3}},
            "the default of profile.bio violates its keyword 'type': bio must be string",
        ),
        ({"roles": {}}, "roles.allowed must contain at least one role"),
        ({"roles__default": "admin"}, "roles.default is 'admin'; allowed: customer, vendor"),
        ({"roles__allowed__admin": {"properties": {}}}, "roles.allowed contains 'admin'"),
        ({"roles__attribute": 1}, "roles.attribute"),
        ({"roles__allowed__Admin": {"properties": {}}}, "role 'Admin' must match"),
        ({"roles__allowed__vendor": []}, 'must be an object with "properties"'),
        (
            {"roles__allowed__vendor": {"properties": {"cart": {"type": "array"}}}},
            "repeats the account's field",
        ),
        ({"cognito": {}}, "cognito must be an object with account and profile"),
        ({"cognito__profile": []}, "cognito.profile must be an object"),
        (
            {"cognito__profile__bio": [{"system": "sub"}]},
            "is the source of a field that the profile doesn't have",
        ),
        ({"cognito__profile__userId": {"system": "sub"}}, "must be a list of sources"),
        (
            {"cognito__profile__userId": [{"system": "sub"}, {"system": "password"}]},
            "cognito.profile.userId[1] is {'system': 'password'}, which is not a source; allowed: ",
        ),
        (
            {"cognito__profile__userId": [{"attribute": "a", "as": "upper"}]},
            "which is not a source; allowed: ",
        ),
        ({"description": 1}, "description must be a text"),
        ({"version": "0.1"}, "version is '0.1'"),
        ({"upgrades": {}}, "upgrades must be a list of steps"),
        ({"upgrades": [{"to": "2.0", "profile": {"copy": {}}}]}, "upgrades[0]"),
        ({"completion": []}, "completion must be an object"),
        ({"completion__wallet": {}}, "unknown key completion.wallet; allowed: account, profile, roles"),
        ({"completion__profile": []}, "completion.profile must be an object that maps fields to weights"),
        ({"completion__profile": {"bio": 1}}, "completion.profile.bio is the weight of a field"),
        ({"completion__profile": {"userId": 0}}, "completion.profile.userId is 0; a weight must be"),
        ({"completion__profile": {"userId": True}}, "completion.profile.userId is True; a weight must be"),
        ({"completion__profile": {"userId": 1.5}}, "completion.profile.userId is 1.5; a weight must be"),
        ({"completion__roles": []}, "completion.roles must be an object"),
        ({"completion__roles": {"admin": {}}}, "completion.roles.admin is the completion of a role"),
        ({"completion__roles": {"vendor": {"x": 1}}}, "completion.roles.vendor must be an object"),
        (
            {"completion__roles": {"customer": {"account": {"storeName": 1}}}},
            "completion.roles.customer.account.storeName is the weight of a field",
        ),
        ({"roles__allowed__vendor__approval": "rating"}, "must have the enum pending, approved, suspended"),
        ({"roles__allowed__customer__approval": "rating"}, "approval is 'rating'; use the name of a field"),
        ({"roles__allowed__vendor__approval": 3}, "approval is 3; use the name of a field"),
        (
            {"roles__allowed__vendor__properties__vendorStatus__readOnly": False},
            'vendorStatus must have "readOnly": true',
        ),
    ],
)
def test_invalid_template_raises_one_clear_error(
    marketplace: Template, changes: dict[str, Any], message: str
) -> None:
    document = _change_document(marketplace, **changes)

    with pytest.raises(TemplateError) as refusal:
        template.load(document)

    assert message in str(refusal.value)
    is_beyond_a_schema = any(text in str(refusal.value) for text in BEYOND_A_SCHEMA)
    assert is_valid_in_the_schema(document) is is_beyond_a_schema


READ_ONLY = {"type": "string", "readOnly": True}


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"type": "object", "properties": {"tier": READ_ONLY}}, "profile.bio.properties.tier.readOnly"),
        (
            {"type": "array", "items": {"properties": {"x": READ_ONLY}}},
            "profile.bio.items.properties.x.readOnly",
        ),
        ({"type": "array", "items": [READ_ONLY]}, "profile.bio.items[0].readOnly"),
        ({"allOf": [{"readOnly": True}]}, "profile.bio.allOf[0].readOnly"),
        ({"anyOf": [{"type": "null"}, READ_ONLY]}, "profile.bio.anyOf[1].readOnly"),
        ({"not": READ_ONLY}, "profile.bio.not.readOnly"),
        ({"if": {}, "then": READ_ONLY}, "profile.bio.then.readOnly"),
        ({"patternProperties": {"^x": READ_ONLY}}, "profile.bio.patternProperties.^x.readOnly"),
        ({"additionalProperties": READ_ONLY}, "profile.bio.additionalProperties.readOnly"),
        ({"type": "string", "readOnly": "yes"}, "profile.bio.readOnly must be true or false"),
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
def test_keyword_that_the_api_can_not_enforce_is_rejected(
    marketplace: Template, schema: dict[str, Any], message: str
) -> None:
    document = _change_document(marketplace, profile__properties__bio=schema)

    with pytest.raises(TemplateError) as refusal:
        template.load(document)

    assert message in str(refusal.value)
    assert is_valid_in_the_schema(document) is False


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"profile__readOnly": True}, "profile.readOnly"),
        (
            {"account__allOf": [{"properties": {"name": READ_ONLY}}]},
            "account.allOf[0].properties.name.readOnly",
        ),
        ({"account__definitions": {"name": READ_ONLY}}, "account.definitions.name.readOnly"),
        (
            {"roles__allowed__vendor": {"properties": {"a": {"properties": {"b": READ_ONLY}}}}},
            "roles.allowed.vendor.a.properties.b.readOnly",
        ),
    ],
)
def test_read_only_outside_of_fields_is_rejected(
    marketplace: Template, changes: dict[str, Any], message: str
) -> None:
    document = _change_document(marketplace, **changes)

    with pytest.raises(TemplateError) as refusal:
        template.load(document)

    assert message in str(refusal.value)
    assert is_valid_in_the_schema(document) is False


@pytest.mark.parametrize(
    "schema",
    [
        {"type": ["string", "null"], "readOnly": True},
        {"type": "object", "properties": {"readOnly": {"type": "boolean"}, "$ref": {"type": "string"}}},
        {"type": "object", "default": {"readOnly": True}, "enum": [{"readOnly": True}]},
        {"type": "object", "properties": {"x": {"type": "string", "readOnly": False}}},
    ],
)
def test_data_and_field_names_that_look_like_keywords_are_accepted(
    marketplace: Template, schema: dict[str, Any]
) -> None:
    document = _change_document(marketplace, profile__properties__bio=schema)

    custom = template.load(document)

    assert is_valid_in_the_schema(document)
    assert custom.schema("profile", "customer")["properties"]["bio"] == schema


def test_published_schema_is_the_current_one() -> None:
    """`userprofiles template schema > docs/template.schema.json` writes it."""
    file = Path(__file__).parents[2] / "docs" / "template.schema.json"

    assert json.loads(file.read_text()) == template_schema.create_schema()


def test_load_counts_the_other_problems(marketplace: Template) -> None:
    with pytest.raises(TemplateError, match="2 more: run `userprofiles template check`"):
        template.load(_change_document(marketplace, colour=1, size=2, version="x"))
