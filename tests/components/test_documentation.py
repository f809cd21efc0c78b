"""docs/components.md: the reference is generated from the schema, and the programs run."""

import inspect
import os
import re
import textwrap
from pathlib import Path

import pytest
from component_recording import record
from component_schema import ANALYZED, hosted_components
from pulumi.provider.experimental.analyzer import ComponentDefinition, PropertyDefinition
from pulumi_userprofiles import bundle
from pulumi_userprofiles.component import Component

DOCUMENT = Path(__file__).parents[2] / "docs" / "components.md"
MARK = "<!-- From the schema, written by tests/components/test_documentation.py -->\n"
KINDS: dict[str, type[Component]] = {kind.__name__: kind for kind in hosted_components()}


def snake_case(name: str) -> str:
    return re.sub(r"([A-Z])", lambda match: "_" + match[1].lower(), name)


def row(name: str, item: PropertyDefinition, *, column: str) -> str:
    text = " ".join((item.description or "").split()).replace("|", "\\|")
    meaning, _, default = text.partition(" Default: ")
    last = (default.rstrip(".") if item.optional else "**required**") if column == "argument" else None
    return f"| `{snake_case(name)}` | {meaning} |" + ("" if last is None else f" {last} |")


def children(kind: type[Component]) -> list[str]:
    """Return the names of a component's children, with the type of those that are components."""
    return [
        f"`{child}` (`{kind._COMPONENTS[child].__name__}`)" if child in kind._COMPONENTS else f"`{child}`"
        for child in kind._CHILDREN
    ]


def reference(component: ComponentDefinition) -> str:
    lines = [f"### {component.name}", "", inspect.cleandoc(str(component.description)), ""]
    lines += ["| argument | what | default |", "|---|---|---|"]
    lines += [row(name, item, column="argument") for name, item in component.inputs.items()]
    lines += ["", "| output | what |", "|---|---|"]
    lines += [row(name, item, column="output") for name, item in component.outputs.items()]
    lines += ["", f"Children: {', '.join(children(KINDS[component.name]))}."]
    return "\n".join(lines)


def test_reference_matches_the_schema() -> None:
    text = (
        "\n\n".join(reference(item) for _, item in sorted(ANALYZED["component_definitions"].items())) + "\n"
    )
    before, _, after = DOCUMENT.read_text().partition(MARK)
    if os.environ.get("REGENERATE_GOLDEN"):
        DOCUMENT.write_text(f"{before}{MARK}\n{text}")
        after = f"\n{text}"

    assert after == f"\n{text}"


SNIPPETS = re.findall(r"^( *)```python\n(.*?)^ *```", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("number", range(len(SNIPPETS)))
def test_a_program_of_the_document_runs(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    zipped = bundle.build_bundle("host")
    monkeypatch.setattr("pulumi_userprofiles.python_function_settings.build_bundle", lambda *_: zipped)
    code = compile(textwrap.dedent(SNIPPETS[number][1]), f"{DOCUMENT.name} {number}", "exec")

    recording = record(lambda: exec(code, {}))

    assert "shop" in {resource.name for resource in recording.resources}


def test_every_setting_that_the_program_reads_is_documented() -> None:
    program = (DOCUMENT.parents[1] / "__main__.py").read_text()
    settings = set(re.findall(r'config\.\w+\("(\w+)"', program))

    documented = set(
        re.findall(
            r"^\| `(\w+)` \| [^|]+\| [^|]+\|$", DOCUMENT.read_text().split("## When you")[0], re.MULTILINE
        )
    )

    assert settings == documented & settings
    assert settings
