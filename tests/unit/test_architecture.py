"""Imports follow the drawing in docs/architecture.md, and the document names what exists."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PACKAGES = ("components/pulumi_userprofiles", "lambdas/userprofiles", "harness/pulumi_localaws")


def test_imports_point_from_top_to_bottom():
    """The contracts are in pyproject.toml."""
    lint_imports = Path(sys.executable).with_name("lint-imports")

    done = subprocess.run(
        [lint_imports, "--no-cache", "--no-logo"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_drawing_shows_every_folder_with_code():
    drawing = re.search(r"## Packages and folders\n+```\n(.*?)```", DOCUMENT, re.DOTALL)[1]
    folders = {file.parent.name for package in PACKAGES for file in (ROOT / package).rglob("__init__.py")}

    assert {folder for folder in folders if not re.search(rf"\b{folder}\b", drawing)} == set()


def test_every_file_that_the_document_names_exists():
    named = re.findall(r"`([a-z_]+(?:/[a-z_<>*.]+)+)/?`", DOCUMENT)
    roots = [ROOT, *(ROOT / package for package in PACKAGES)]

    missing = [
        path
        for path in named
        if "<" not in path
        and not any(list(root.glob(path)) or (root / f"{path}.py").exists() for root in roots)
    ]

    assert len(named) > 40
    assert missing == []
