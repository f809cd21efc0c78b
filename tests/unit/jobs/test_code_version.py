"""The version of the code that decides what a job writes."""

import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import userprofiles
from userprofiles.backfill.written_code import PATTERNS, backfill_code_version
from userprofiles.jobs.code_version import VERSION, code_version

ROOT = Path(__file__).resolve().parents[3]
PRINT = "from userprofiles.backfill.written_code import *; print(backfill_code_version())"


def test_release_is_that_of_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert project["version"] == VERSION
    assert backfill_code_version().startswith(f"{VERSION}+")


def test_pattern_without_a_file_is_an_error():
    with pytest.raises(ValueError, match=r"has no file table/missing\.py"):
        code_version(("table/record.py", "table/missing.py"))


def test_digest_depends_on_the_files():
    assert code_version(("table/record.py",)) != code_version(("table/*.py",))


def copy_of_package(folder):
    source = Path(userprofiles.__file__).parent
    return Path(
        shutil.copytree(source, folder / "userprofiles", ignore=shutil.ignore_patterns("__pycache__"))
    )


def version_in(path):
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(path)!r}); {PRINT}"],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_functions_zip_has_the_same_version_and_a_changed_builder_another_one(tmp_path):
    package = copy_of_package(tmp_path)
    archive = tmp_path / "functions.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in package.rglob("*.py"):
            file.write(path, path.relative_to(tmp_path))
    builder = package / "backfill" / "profile_builder.py"
    builder.write_text(builder.read_text() + "# changed\n")

    assert version_in(archive) == backfill_code_version()
    assert version_in(tmp_path) != backfill_code_version()


def test_each_module_with_a_rule_is_included():
    """A new module that decides what is written must be added, or named here as one that does not."""
    package = Path(userprofiles.__file__).parent
    included = {path for pattern in PATTERNS for path in package.glob(pattern)}
    names = {
        "profile_builder",
        "skip_rule",
        "table_shape",
        "user_row",
        "mapping",
        "mapped_user",
        "user_target",
    }
    modules = {path for name in names for path in (package / "backfill").glob(f"{name}.py")}

    assert modules - included == set()
