"""The table of faults in docs/migration.md: it has all faults, and its tests exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LISTED_FAULTS = re.findall(r"^\| (F\d\d) .*", (ROOT / "docs" / "migration.md").read_text(), re.MULTILINE)
TESTS = re.findall(r"`(\S+\.py)::(test_\w+)`", (ROOT / "docs" / "migration.md").read_text())


def test_every_fault_of_a_migration_is_listed():
    faults = [f"F{number}" for number in range(21, 41)]

    assert faults == LISTED_FAULTS


@pytest.mark.parametrize(("path", "name"), TESTS, ids=lambda value: value)
def test_named_test_exists(path, name):
    assert f"def {name}(" in (ROOT / "tests" / path).read_text()
