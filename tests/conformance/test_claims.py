"""Every line that the documentation claims has a case, and every case says on whose word."""

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
DOCUMENT = HERE.parents[1] / "docs" / "cognito-behaviour.md"
LINE = re.compile(r"Lines? ([\d, and]+) \((doc|seen|doc; [^)]*seen[^)]*|seen in [^)]*)")


def cases() -> list[tuple[str, str]]:
    """Return the names and docstrings of all cases."""
    return [
        (f"{path.name}::{node.name}", ast.get_docstring(node) or "")
        for path in sorted(HERE.rglob("test_*.py"))
        if path.name != Path(__file__).name
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


def lines_of(docstring: str) -> set[int]:
    found = LINE.match(docstring)
    return {int(n) for n in re.findall(r"\d+", found[1])} if found else set()


def rows() -> list[tuple[int, str]]:
    """Return the number of each row and who enforces it."""
    found = re.findall(
        r"^\| (\d+) \|.*?\| (gateway|emulator|both|not claimed) \|", DOCUMENT.read_text(), re.MULTILINE
    )
    return [(int(number), by) for number, by in found]


def test_each_case_says_on_whose_word() -> None:
    """Our own rule: documented by AWS, seen by users, or our own."""
    silent = [name for name, doc in cases() if not lines_of(doc) and not doc.startswith("Our own rule:")]

    assert [] == silent


def test_every_line_is_in_the_table() -> None:
    """Our own rule: a line is claimed or it is said that it is not."""
    assert set(range(1, 39)) == {number for number, _ in rows()}


def test_every_claimed_line_has_a_case() -> None:
    """Our own rule: no claim without a case, no case for what is not claimed."""
    claimed = {number for number, by in rows() if by != "not claimed"}
    # 20 is about what a handler may say; its cases are those of 5 and 12.
    tried = set().union(*(lines_of(docstring) for _, docstring in cases())) | {20}

    assert claimed == tried
