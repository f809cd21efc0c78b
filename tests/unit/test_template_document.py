"""The short forms of a template: shared field types, and parts of another template."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from userprofiles import field_types, template, template_document
from userprofiles.template import Template, TemplateError

ORIGINALS = Path(__file__).parent / "original_templates"
SYSTEM = {"sub": "s-1", "role": "user", "now": "2026-02-04T16:00:00Z"}


@pytest.mark.parametrize("name", ["basic", "marketplace"])
def test_preset_expands_to_the_schemas_before_there_were_field_types(name: str) -> None:
    original = json.loads((ORIGINALS / f"{name}.json").read_text())
    expanded = template.load(name).document

    for kind in ("account", "profile"):
        # As text: the order of fields and of their defaults is part of the contract.
        fields, original_fields = (document[kind]["properties"] for document in (expanded, original))
        assert list(fields) == list(original_fields)
        assert expanded[kind] == original[kind]
    assert expanded["cognito"] == original["cognito"]


def test_marketplace_roles_add_only_the_approval() -> None:
    original = json.loads((ORIGINALS / "marketplace.json").read_text())["roles"]
    roles = copy.deepcopy(template.load("marketplace").document["roles"])

    del roles["allowed"]["vendor"]["approval"], roles["allowed"]["vendor"]["properties"]["vendorStatus"]

    assert roles == original


def test_pattern_for_control_characters_stands_once_in_each_type() -> None:
    folder = Path(template.__file__).parent / "templates"
    counts = {file.stem: file.read_text().count("u0000-") for file in folder.glob("*.json")}

    assert {name for name, count in counts.items() if count} == {"field_types"}


@pytest.mark.parametrize("name", template.names())
def test_expanded_document_expands_to_itself(name: str) -> None:
    document = template.load(name).document

    assert template_document.expand(copy.deepcopy(document)) == (document, [])


@pytest.mark.parametrize("name", field_types.load())
def test_default_of_a_field_type_is_valid(name: str) -> None:
    document = {"profile": {"from": "basic", "properties": {"field": {"fieldType": name}}}}

    assert template.find_problems({"account": {"from": "basic"}, **document}) == []


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"fieldType": "phone"}, {"type": "string", "pattern": "^\\+[1-9][0-9]{1,14}$"}),
        (
            {"fieldType": "currency", "type": ["string", "null"], "default": None},
            {"type": ["string", "null"], "pattern": "^[A-Z]{3}$", "default": None},
        ),
        (
            {"type": "array", "items": {"fieldType": "uuid", "pattern": "x"}},
            {"type": "array", "items": {"type": "string", "pattern": "x"}},
        ),
        (
            {"anyOf": [{"fieldType": "phone", "pattern": "x"}]},
            {"anyOf": [{"type": "string", "pattern": "x"}]},
        ),
        (
            {
                "type": "object",
                "properties": {"fieldType": {"type": "string"}},
                "default": {"fieldType": "x"},
            },
            {
                "type": "object",
                "properties": {"fieldType": {"type": "string"}},
                "default": {"fieldType": "x"},
            },
        ),
    ],
)
def test_field_type_is_expanded_on_every_level(schema: dict[str, Any], expected: dict[str, Any]) -> None:
    assert field_types.expand(schema, "x", pytest.fail) == expected


@pytest.mark.parametrize("role_fields", [{}, {"code": {"fieldType": "tekst"}}])
def test_unknown_field_type_names_the_field_and_the_types(role_fields: dict[str, Any]) -> None:
    document = {
        "account": {"from": "basic"},
        "profile": {"from": "basic", "properties": {"bio": {"items": {"fieldType": 3}}}},
        "roles": {"default": "user", "allowed": {"user": {"properties": role_fields}}},
    }

    problems = template.find_problems(document)

    expected = [f"profile.bio.items.fieldType is 3; allowed: {', '.join(field_types.load())}"]
    if role_fields:
        types = ", ".join(field_types.load())
        expected.insert(0, f"roles.allowed.user.code.fieldType is 'tekst'; allowed: {types}")
    assert problems == expected


def test_account_of_one_template_with_the_profile_of_another() -> None:
    combined = template.load({"account": {"from": "marketplace"}, "profile": {"from": "career"}})
    marketplace, career = template.load("marketplace"), template.load("career")

    assert combined.document["roles"] == marketplace.document["roles"]
    assert combined.schema("account", "vendor") == marketplace.schema("account", "vendor")
    assert combined.document["profile"] == career.document["profile"]
    assert combined.document["cognito"] == {
        "account": marketplace.document["cognito"]["account"],
        "profile": career.document["cognito"]["profile"],
    }
    assert combined.document["completion"] == {
        "account": {"name": 1},
        "profile": {"years_of_experience": 1, "experience_level": 1, "education_level": 1},
        "roles": {"vendor": {"account": {"storeName": 2}}},
    }


def test_own_fields_extend_the_part_of_a_template() -> None:
    own = template.load(
        {
            "account": {"from": "basic"},
            "profile": {"from": "basic", "properties": {"nickname": {"fieldType": "text", "default": ""}}},
            "cognito": {"profile": {"nickname": [{"attribute": "nickname"}]}},
            "completion": {"profile": {"nickname": 3}},
        }
    )
    basic = template.load("basic")

    fields, _ = own.fill("profile", "user", {"nickname": "Jo", "given_name": "John"}, SYSTEM)

    assert set(fields) == {*basic.document["profile"]["properties"], "nickname"}
    assert (fields["nickname"], fields["firstName"]) == ("Jo", "John")
    assert own.document["completion"]["profile"] == {"nickname": 3}


def test_own_roles_replace_those_of_the_account(basic: Template) -> None:
    roles = {"attribute": None, "default": "seller", "allowed": {"seller": {"properties": {}}}}

    own = template.load({"account": {"from": "marketplace"}, "profile": {"from": "basic"}, "roles": roles})

    assert own.roles == ("seller",)
    assert own.document["completion"]["roles"] == {}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"profile": {"from": "careers"}}, "profile.from is 'careers'; allowed: basic, career, marketplace"),
        ({"profile": {"from": "field_types"}}, "profile.from is 'field_types'; allowed: basic"),
        ({"profile": {"from": ["basic"]}}, "profile.from is ['basic']; allowed: basic"),
        (
            {"account": {"from": "basic", "required": ["email"]}},
            "account.required can't be used beside account.from; allowed: properties",
        ),
        ({"profile": {"from": "basic", "properties": []}}, "profile.properties must be an object"),
    ],
)
def test_wrong_part_of_a_template_is_reported(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(TemplateError) as refusal:
        template.load({"account": {"from": "basic"}, "profile": {"from": "basic"}} | changes)

    assert problem in str(refusal.value)


@pytest.mark.parametrize("value", [[], 3, "x", None])
@pytest.mark.parametrize(
    "key", ["account", "profile", "roles", "cognito", "completion", "upgrades", "version", "description"]
)
def test_value_of_another_type_never_raises_an_error(key: str, value: Any) -> None:
    """Only TemplateError may leave `load`, and find_problems returns texts."""
    document = {"account": {"from": "marketplace"}, "profile": {"from": "career"}, key: value}
    assert all(isinstance(problem, str) for problem in template.find_problems(document))


@pytest.mark.parametrize("value", [[], 3, "x", None, {}])
@pytest.mark.parametrize(
    "path", ["completion.roles", "completion.roles.vendor", "cognito.account", "roles.allowed"]
)
def test_nested_value_of_another_type_never_raises_an_error(path: str, value: Any) -> None:
    for key in reversed(path.split(".")):
        value = {key: value}
    document = {"account": {"from": "marketplace"}, "profile": {"from": "career"}, **value}

    assert all(isinstance(problem, str) for problem in template.find_problems(document))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"account": 1, "account": 2}', "an object has the name 'account' twice"),
        ('{"account": NaN}', "NaN is not valid JSON"),
        ("[" * 100_000, "is not valid JSON"),
        ("[" * 50 + "]" * 50, "more than 40 levels"),
    ],
)
def test_file_that_is_no_plain_json_is_refused(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "own.json"
    file.write_text(text)

    with pytest.raises(TemplateError) as refusal:
        template.load(file)

    assert message in str(refusal.value)
