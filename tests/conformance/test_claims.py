"""Every claimed line of docs/cognito-behaviour.md has a test, and every test names its source."""

import ast
import re
from pathlib import Path

from pulumi_localaws.conformance.fact import load_facts

HERE = Path(__file__).parent
DOCUMENT = HERE.parents[1] / "docs" / "cognito-behaviour.md"
LINE = re.compile(r"Lines? ([\d, and]+) \((doc|seen|doc; [^)]*seen[^)]*|seen in [^)]*)")


def read_tests() -> list[tuple[str, str]]:
    """Return names and docstrings of all conformance tests."""
    return [
        (f"{path.name}::{node.name}", ast.get_docstring(node) or "")
        for path in sorted(HERE.rglob("test_*.py"))
        if path.name != Path(__file__).name
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


def lines_of(docstring: str) -> set[int]:
    match = LINE.match(docstring)
    return {int(n) for n in re.findall(r"\d+", match[1])} if match else set()


def read_rows() -> list[tuple[int, str]]:
    """Return number and enforcing part of each row."""
    rows = re.findall(
        r"^\| (\d+) \|.*?\| (gateway|emulator|both|not claimed) \|", DOCUMENT.read_text(), re.MULTILINE
    )
    return [(int(number), by) for number, by in rows]


def test_each_test_names_its_source() -> None:
    """Our own rule: a docstring names AWS's documentation, users, or our own rule."""
    without_source = [
        name for name, doc in read_tests() if not lines_of(doc) and not doc.startswith("Our own rule:")
    ]

    assert without_source == []


def test_each_line_is_in_the_table() -> None:
    """Our own rule: each line has a row, also if it is not claimed."""
    assert {number for number, _ in read_rows()} == set(range(1, 70))


def test_each_claimed_line_has_a_test() -> None:
    """Our own rule: there are tests or facts for exactly the claimed lines."""
    claimed = {number for number, by in read_rows() if by != "not claimed"}
    facts = {entry.line for entry in load_facts()}
    tested = facts.union(*(lines_of(docstring) for _, docstring in read_tests()))

    assert claimed == tested
