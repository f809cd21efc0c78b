"""docs/phone-sign-in.md: the table of settings matches the component, and the named tests exist."""

import json
import re
from pathlib import Path

import pytest
from component_schema import ANALYZED

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "phone-sign-in.md").read_text(encoding="utf-8")
TESTS = sorted(set(re.findall(r"`(\S+\.py)::(test_\w+)`", DOCUMENT)))


def snake_case(name: str) -> str:
    return re.sub(r"([A-Z])", lambda match: "_" + match[1].lower(), name)


def test_settings_and_their_defaults_are_those_of_the_component() -> None:
    section = DOCUMENT.split("\n## Settings\n")[1].split("\n### ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.+) \|$", section, re.MULTILINE)
    settings = ANALYZED["type_definitions"]["PhoneSignInSettings"].properties
    defaults = {}
    for name, item in settings.items():
        description = " ".join((item.description or "").split())
        defaults[snake_case(name)] = description.partition(" Default: ")[2].removesuffix(".")

    assert dict(rows) == defaults


@pytest.mark.parametrize(("path", "name"), TESTS, ids=lambda value: value)
def test_named_test_exists(path: str, name: str) -> None:
    assert f"def {name}(" in (ROOT / "tests" / path).read_text(encoding="utf-8")


def test_documents_in_json_are_valid() -> None:
    blocks = re.findall(r"^ *```json\n(.*?)^ *```", DOCUMENT, re.MULTILINE | re.DOTALL)

    assert [type(json.loads(block)) for block in blocks] == [dict, dict]
