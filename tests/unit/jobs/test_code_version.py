"""The version of the code that decides what a job writes."""

import ast
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import userprofiles
from userprofiles.backfill.plan.written_code import PATTERNS, backfill_code_version
from userprofiles.jobs.code_version import VERSION, code_version

ROOT = Path(__file__).resolve().parents[3]
PRINT = "from userprofiles.backfill.plan.written_code import *; print(backfill_code_version())"


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
    builder = package / "backfill" / "targets" / "profile_builder.py"
    builder.write_text(builder.read_text() + "# changed\n")

    assert version_in(archive) == backfill_code_version()
    assert version_in(tmp_path) != backfill_code_version()


# How items are read and written, not which ones: a change of these modules does not change a plan.
INFRASTRUCTURE = {
    "aws", "backfill/error_messages", "backfill/errors", "backfill/job", "backfill/limits",
    "backfill/outcome", "backfill/segment_state", "backfill/stop", "backfill/tables/batch_permissions",
    "backfill/tables/calls", "backfill/tables/key_reader", "backfill/tables/table_scan", "backfill/tally",
    "backfill/targets/insert_batch", "backfill/targets/item_inserter", "backfill/targets/pending_inserts",
    "backfill/targets/profile_reader", "backfill/targets/profile_writer", "backfill/targets/target",
    "compiled_template", "jobs/counted", "jobs/latency", "jobs/pacing", "jobs/quarantine", "settings",
    "table/conditions", "table/error_codes", "telemetry",
}  # fmt: skip
ROOTS = {
    "segment", "sources/open_source", "targets/profile_builder", "targets/profile_target",
    "targets/user_builder", "targets/user_target", "users/skip_rule",
}  # fmt: skip


def imported_files(path, package):
    """Yield the files of this package that a file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] == "userprofiles":
            folder = package.joinpath(*node.module.split(".")[1:])
            yield folder.with_suffix(".py")
            yield from (folder / f"{alias.name}.py" for alias in node.names)


def test_each_imported_module_is_included_or_named_as_infrastructure():
    """A new module that decides what is written must be added to the patterns."""
    package = Path(userprofiles.__file__).parent
    pending = [package / "backfill" / f"{name}.py" for name in ROOTS]
    modules = set()
    while pending:
        path = pending.pop()
        if path not in modules and path.exists():
            modules.add(path)
            pending += imported_files(path, package)
    included = {path for pattern in PATTERNS for path in package.glob(pattern)}

    names = {path.relative_to(package).with_suffix("").as_posix() for path in modules - included}

    assert names - INFRASTRUCTURE == set()


@pytest.fixture
def version_of(tmp_path, monkeypatch):
    """Return a function that returns the version of a package with these files."""

    def version(**sources):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        for name, data in sources.items():
            (folder / f"{name}.py").write_bytes(data)
        monkeypatch.setattr("userprofiles.jobs.code_version.files", lambda _: folder)
        return code_version.__wrapped__(("*.py",))

    return version


def test_line_ends_of_windows_are_no_change(version_of):
    assert version_of(a=b"x\r\ny\r\n") == version_of(a=b"x\ny\n")


def test_text_in_another_file_or_under_another_name_is_a_change(version_of):
    versions = [version_of(a=b"x", b=b"y"), version_of(a=b"xy", b=b""), version_of(a=b"x", c=b"y")]

    assert len(set(versions)) == 3
