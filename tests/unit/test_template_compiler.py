"""Compiled templates behave like those that a function would check and compile itself."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastjsonschema
import pytest
import userprofiles
from userprofiles import compiled_template, template, template_compiler
from userprofiles.schema_violation import SchemaViolation
from userprofiles.template import Template
from userprofiles.template_check import ItemKind

PACKAGE = "userprofiles.compiled_templates"
VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 7, 10**12, 0.5, "", "en", "\x00", "x" * 3000, "https://example.com", "2026-02-29"),
    *([], ["x"], ["x"] * 600, [1], {}, {"theme": "dark"}, {"emailNotifications": "no", "extra": [{}]}),
)


@pytest.fixture(scope="module")
def modules() -> dict[str, str]:
    return template_compiler.compile_templates()


@pytest.fixture
def _compiled_templates(
    modules: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Add the modules to the package `userprofiles`, as the zip does."""
    for name, source in modules.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")
    monkeypatch.setattr(userprofiles, "__path__", [*userprofiles.__path__, str(tmp_path)])
    importlib.invalidate_caches()
    yield
    for name in [name for name in sys.modules if name.startswith(PACKAGE)]:
        del sys.modules[name]
    vars(userprofiles).pop(compiled_template.PACKAGE, None)


def create_documents(checked: Template, kind: ItemKind, role: str) -> list[dict[str, Any]]:
    """Return a valid document, and documents with each value in each field."""
    fields = checked.schema(kind, role)["properties"]
    return [
        checked.defaults(kind, role),
        {"unknownField": 1},
        *({name: value} for name in fields for value in VALUES),
        *(dict.fromkeys(fields, value) for value in VALUES),
    ]


def find_violations_by_library(schema: dict[str, Any], document: dict[str, Any]) -> list[SchemaViolation]:
    """Validate with the library alone, the reference."""
    try:
        fastjsonschema.compile(schema, use_default=False, fast_fail=False)(document)
    except fastjsonschema.JsonSchemaValuesException as error:
        return [
            SchemaViolation(
                tuple(violation.path[1:]),
                violation.rule,
                violation.message.removeprefix("data").lstrip(". "),
            )
            for violation in error.errors
        ]
    return []


@pytest.mark.usefixtures("_compiled_templates")
@pytest.mark.parametrize("name", template.names())
def test_compiled_validators_find_the_same_violations(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = template.load(name)
    monkeypatch.setattr(compiled_template, "load", lambda _: None)
    checked = template.load(name)
    checks = [(kind, role) for kind in ("account", "profile") for role in checked.roles]

    assert compiled == checked
    assert set(compiled.compiled_validators) == set(checks)
    assert checked.compiled_validators == {}
    for kind, role in checks:
        documents = create_documents(checked, kind, role)
        violations = [compiled.validate(kind, role, document) for document in documents]
        assert violations == [checked.validate(kind, role, document) for document in documents]
        assert violations[0] == []
        assert len({violation.keyword for values in violations for violation in values}) >= 3


@pytest.mark.parametrize("role", ["customer", "vendor"])
def test_violations_are_those_of_the_library(role: str) -> None:
    checked = template.load("marketplace")
    documents: list[dict[str, Any]] = [
        {"rating": 9, "storeName": 7, "cart": [1, {}], "unknownField": "x"},
        {"email": "\x00" + "x" * 3000, "status": "gone", "wishlist": "no"},
        {},
    ]

    violations = [checked.validate("account", role, document) for document in documents]

    schema = checked.schema("account", role)
    assert violations == [find_violations_by_library(schema, document) for document in documents]
    assert [len(values) > 1 for values in violations] == [True, True, False]


@pytest.mark.usefixtures("_compiled_templates")
def test_template_that_changed_after_the_build_is_compiled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled_template, "calculate_digest", lambda _: "another digest")

    assert compiled_template.load("basic") is None
    assert template.load("basic").compiled_validators == {}


@pytest.mark.usefixtures("_compiled_templates")
@pytest.mark.parametrize("name", ["unknown", "", "basic.profile", "../basic", "basic.json"])
def test_other_names_have_no_compiled_template(name: str) -> None:
    assert compiled_template.load(name) is None


def test_digest_depends_on_names_and_contents(tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    folder.mkdir()
    digests = []
    for name, content in (("a.json", "1"), ("a.json", "2"), ("b.json", "2"), ("b.json", "2")):
        (folder / name).write_text(content, encoding="utf-8")
        digests.append(compiled_template.calculate_digest(tmp_path))

    assert len(set(digests)) == 3
    assert digests[2] == digests[3]


@pytest.mark.usefixtures("_compiled_templates")
def test_approval_keeps_the_compiled_validators() -> None:
    """They ignore defaults, which are all that an approval changes."""
    marketplace = template.load("marketplace")

    pending = marketplace.requiring_approval(["vendor"])

    assert pending.defaults("account", "vendor")["vendorStatus"] == "pending"
    assert pending.compiled_validators == marketplace.compiled_validators


def test_checkout_has_no_compiled_templates() -> None:
    """Otherwise the tests and tools would not use the JSON files."""
    assert compiled_template.load("basic") is None
