"""`userprofiles template`: check, show and schema."""

import json
from pathlib import Path
from typing import Any

import pytest
from userprofiles import cli, template, template_check

EXAMPLE = Path(__file__).parents[2] / "examples" / "own_template" / "hiking-club.json"


@pytest.fixture
def write(tmp_path: Path) -> Any:
    """Return a function that writes a template file."""

    def write_file(document: Any) -> str:
        file = tmp_path / "own.json"
        file.write_text(document if isinstance(document, str) else json.dumps(document))
        return str(file)

    return write_file


def test_check_accepts_the_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["template", "check", str(EXAMPLE)]) == 0
    assert capsys.readouterr().out == f"{EXAMPLE}: valid. Version 1.0, roles: user.\n"


def test_check_reports_all_problems(write: Any, capsys: pytest.CaptureFixture[str]) -> None:
    file = write({"account": {"from": "nope"}, "profile": {"from": "basic"}, "version": "x", "colour": 1})

    assert cli.main(["template", "check", file]) == 2

    output = capsys.readouterr()
    assert output.out.splitlines() == [
        f"{file}: account.from is 'nope'; allowed: basic, career, marketplace, social",
        f"{file}: unknown key 'colour'; allowed: {', '.join(sorted(template_check.TOP_LEVEL))}",
        f'{file}: version is \'x\'; use "<major>.<minor>", at least "1.0"',
    ]
    assert output.err == "3 problems.\n"


def test_check_reports_the_problems_as_json(write: Any, capsys: pytest.CaptureFixture[str]) -> None:
    file = write({"account": {"from": "basic"}, "profile": {"from": "basic"}, "description": 1})

    assert cli.main(["template", "check", "--json", file]) == 2

    result = json.loads(capsys.readouterr().out)
    assert result == {"file": file, "valid": False, "problems": ["description must be a text"]}


@pytest.mark.parametrize("text", ["{", "[" * 100_000, '{"a": 1, "a": 2}'])
def test_check_explains_a_file_that_is_not_json(
    write: Any, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["template", "check", "--json", write(text)]) == 1

    output = capsys.readouterr()
    assert output.err.startswith("Error: Template file ")
    assert json.loads(output.out)["error"] in output.err


@pytest.mark.parametrize("document", [[], 3, "x", None, {}])
def test_check_reports_a_document_of_another_type(write: Any, document: Any) -> None:
    assert cli.main(["template", "check", write(json.dumps(document))]) == 2


def test_check_explains_a_missing_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["template", "check", str(tmp_path / "none")]) == 1
    assert "can't be read: No such file or directory" in capsys.readouterr().err


@pytest.mark.parametrize("name", template.names())
def test_show_prints_the_expanded_template(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["template", "show", name]) == 0

    shown = json.loads(capsys.readouterr().out)
    assert shown == template.load(name).document
    assert template.find_problems(shown) == []


def test_show_prints_a_table_of_fields(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["template", "show", "marketplace", "--fields"]) == 0

    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert rows[0] == ["field", "role", "type", "default", "set", "by", "completion"]
    assert ["account.storeName", "vendor", "string", '""', "user", "2"] in rows
    assert ["account.vendorStatus", "vendor", "string", '"approved"', "service", "-"] in rows
    assert ["profile.firstName", "all", "string", "or", "null", '""', "user", "1"] in rows


def test_show_explains_an_unknown_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["template", "show", "nope"]) == 1
    assert "Available: basic, career, marketplace, social." in capsys.readouterr().err


def test_schema_prints_the_published_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["template", "schema"]) == 0
    published = Path(__file__).parents[2] / "docs" / "template.schema.json"
    assert json.loads(capsys.readouterr().out) == json.loads(published.read_text())


@pytest.mark.parametrize("arguments", [[], ["check"], ["show"], ["show", "basic", "--bogus"], ["walk"]])
def test_wrong_usage_exits_with_64(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        cli.main(["template", *arguments])

    assert raised.value.code == 64


def test_documentation_has_the_example_and_the_field_types() -> None:
    page = (Path(__file__).parents[2] / "docs" / "templates.md").read_text()
    documented = json.loads(page.split("   ```json\n")[1].split("   ```")[0])
    example = json.loads(EXAMPLE.read_text())
    example_fields = example["profile"]["properties"]

    for schema in example_fields.values():
        del schema["description"]
    del example["$schema"], example["description"]

    assert documented == example
    types = json.loads((Path(template.__file__).parent / "templates" / "field_types.json").read_text())
    table = page.split("### Field types")[1].split("###")[0]
    assert [line.split("`")[1] for line in table.splitlines() if line.startswith("| `")] == list(types)
