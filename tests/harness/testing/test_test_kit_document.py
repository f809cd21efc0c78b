"""The examples in docs/test-kit.md run as they are written, and its table names every fixture."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from pulumi_localaws import pytest_plugin

ROOT = Path(__file__).resolve().parents[3]
DOCUMENT = (ROOT / "docs" / "test-kit.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)


def test_table_names_each_fixture() -> None:
    rows = re.findall(r"^\| `(\w+)[^|]*\| (?:session|test) \|", DOCUMENT, re.MULTILINE)
    fixtures = {
        name
        for name, value in vars(pytest_plugin).items()
        if type(value).__name__ == "FixtureFunctionDefinition"
    }

    assert set(rows) == fixtures - {"localaws_stacks"}


@pytest.mark.long
@pytest.mark.timeout(300)
def test_examples_pass(tmp_path: Path) -> None:
    """The folder `infra` of the examples is the stack of this repository."""
    (tmp_path / "infra").symlink_to(ROOT, target_is_directory=True)
    (tmp_path / "test_examples.py").write_text("\n\n".join(EXAMPLES))
    tests = re.findall(r"^def test_", "\n".join(EXAMPLES), re.MULTILINE)

    process = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "test_examples.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert process.returncode == 0, process.stdout
    assert f"{len(tests)} passed" in process.stdout
