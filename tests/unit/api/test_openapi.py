"""The OpenAPI document: it describes every route, and docs/ has it as JSON and as a page.

After an intended change, write the files again and review the difference:

    REGENERATE_GOLDEN=1 .venv/bin/python -m pytest tests/unit/api/test_openapi.py
"""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fastjsonschema
import pytest
from userprofiles import template
from userprofiles.api import openapi
from userprofiles.api.routes import CHANGE_PROFILE, OPENAPI, PHONE_ROUTES, READ_PROFILE, ROUTES, SOCIAL_ROUTES
from userprofiles.template import Template

DOCS = Path(__file__).resolve().parents[3] / "docs"
PRESETS = template.names()
ALL_ROUTES = ROUTES + PHONE_ROUTES + SOCIAL_ROUTES


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return openapi.build_document(template.load("marketplace"), has_phone_sign_in=True, has_social=True)


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for member in value.values():
            yield from references(member)
    elif isinstance(value, list):
        for member in value:
            yield from references(member)


def check_file(path: Path, text: str) -> None:
    if os.environ.get("REGENERATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text


def test_document_in_docs_is_current(document: dict[str, Any]) -> None:
    check_file(DOCS / "openapi.json", json.dumps(document, indent=1) + "\n")


def test_page_in_docs_is_current(document: dict[str, Any]) -> None:
    check_file(DOCS / "api-reference.md", render(document))


def test_document_has_every_route(document: dict[str, Any]) -> None:
    routes = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}

    assert routes == {f"{route.method} {route.document_path}" for route in ALL_ROUTES}


def test_document_requires_a_token_where_the_authorizer_does(document: dict[str, Any]) -> None:
    for route in ALL_ROUTES:
        operation = document["paths"][route.document_path][route.method.lower()]
        assert bool(operation["security"]) == route.needs_token


@pytest.mark.parametrize("preset", PRESETS)
def test_references_exist_and_operations_have_unique_names(preset: str) -> None:
    document = openapi.build_document(template.load(preset), has_phone_sign_in=True, has_social=True)
    names = [item["operationId"] for methods in document["paths"].values() for item in methods.values()]

    assert {name.rpartition("/")[2] for name in references(document)} <= set(
        document["components"]["schemas"]
    )
    assert len(names) == len(set(names))


def test_document_of_a_stack_without_options_has_no_routes_for_them() -> None:
    document = openapi.build_document(template.load("basic"))

    assert not any(path.startswith(("/auth/", "/media/", "/me/content")) for path in document["paths"])
    assert not {"PhoneUser", "Content"} & set(document["components"]["schemas"])


def validator(document: dict[str, Any], name: str) -> Any:
    schema = {**document["components"]["schemas"][name], "components": document["components"]}
    return fastjsonschema.compile(schema)


@pytest.mark.usefixtures("confirmed_user")
def test_answers_match_the_document(call_route: Callable[..., Any], document: dict[str, Any]) -> None:
    validate_user, validate_problem = validator(document, "User"), validator(document, "Problem")

    validate_user(call_route(READ_PROFILE).body)
    validate_user(call_route(CHANGE_PROFILE, body={"profile": {"language": "fr"}}).body)
    validate_problem(call_route(CHANGE_PROFILE, body={"profile": {"language": 7}}).body)
    validate_problem(call_route(READ_PROFILE, claims=None).body)


@pytest.mark.parametrize(
    ("role", "fields", "is_valid"),
    [
        ("vendor", {"storeName": "Mine"}, True),
        ("vendor", {"storeName": 7}, False),
        ("customer", {}, True),
        ("admin", {}, True),
        ("king", {}, False),
    ],
)
def test_fields_of_an_account_depend_on_its_role(
    document: dict[str, Any], role: str, fields: dict[str, Any], *, is_valid: bool
) -> None:
    validate = validator(document, "Account")

    if is_valid:
        validate({"role": role, **fields})
    else:
        with pytest.raises(fastjsonschema.JsonSchemaValueException):
            validate({"role": role, **fields})


@pytest.mark.parametrize(
    ("patch", "is_valid"),
    [
        ({"profile": {"language": "fr", "address": {"city": "Lyon"}}}, True),
        ({"profile": {"language": None, "address": {"city": None}}}, True),
        ({"account": {"storeName": "Mine"}}, True),
        ({}, True),
        ({"profile": {"language": 7}}, False),
        ({"account": {"role": "vendor"}}, False),
        ({"profile": {"unknown": 1}}, False),
        ({"other": {}}, False),
    ],
    ids=str,
)
def test_patch_has_the_fields_that_users_can_change(
    document: dict[str, Any], patch: Any, *, is_valid: bool
) -> None:
    validate = validator(document, "UserPatch")

    if is_valid:
        validate(patch)
    else:
        with pytest.raises(fastjsonschema.JsonSchemaValueException):
            validate(patch)


def test_api_returns_the_document_without_a_token(
    call_route: Callable[..., Any], marketplace: Template
) -> None:
    response = call_route(OPENAPI, claims=None)

    assert response.status == 200
    assert response.body == json.loads(json.dumps(openapi.build_document(marketplace)))


def render(document: dict[str, Any]) -> str:
    """Render the document as Markdown."""
    lines = [
        "# API reference",
        "",
        "From the OpenAPI document for the template `marketplace`, by `tests/unit/api/test_openapi.py`.",
        "Your stack serves the document for its own template at `GET /openapi.json`; without phone",
        "sign-in, it has no routes below `/auth`, and without `social` none of the routes with the tag",
        "`content and links`.",
        "[The profile API](profile-api.md) and [the content API](content-api.md) explain the routes.",
    ]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            lines += ["", f"## {method.upper()} {path}", "", f"{operation['summary']}.", ""]
            lines += _render_operation(operation)
    return "\n".join(lines) + "\n"


def _render_operation(operation: dict[str, Any]) -> list[str]:
    token = "access token" if operation["security"] else "none"
    lines = [f"- Token: {token}"]
    if "requestBody" in operation:
        types = ", ".join(f"`{name}`" for name in operation["requestBody"]["content"])
        [content, *_] = operation["requestBody"]["content"].values()
        lines.append(f"- Body: {_schema_name(content['schema'])} ({types})")
    for parameter in operation.get("parameters", []):
        required = ", required" if parameter["required"] else ""
        lines.append(f"- `{parameter['name']}` ({parameter['in']}{required}): {parameter['description']}")
    lines += ["", "| status | body | when |", "|---|---|---|"]
    for status, response in operation["responses"].items():
        bodies = ", ".join(_schema_name(item["schema"]) for item in response.get("content", {}).values())
        lines.append(f"| {status} | {bodies} | {response['description']} |")
    return lines


def _schema_name(schema: dict[str, Any]) -> str:
    return f"`{schema['$ref'].rpartition('/')[2]}`" if "$ref" in schema else "object"
