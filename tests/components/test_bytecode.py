"""Bytecode in the functions' zip: used by the runtime, and the same on every machine."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest
from component_zip import OWN_RUNTIME, import_handlers, sources_of
from pulumi_userprofiles import build_tools, bundle, bytecode
from pulumi_userprofiles.build_tools import BundleError, python_path
from pulumi_userprofiles.bundle import RUNTIMES, build_bundle
from pulumi_userprofiles.bytecode import compile_modules
from pulumi_userprofiles.reproducible_zip import read_zip


def is_working_python(path: str) -> bool:
    """Return whether an interpreter starts, which a shim of pyenv for another version does not."""
    return subprocess.run([path, "-c", ""], capture_output=True, check=False).returncode == 0


@pytest.fixture
def _search_pythons_again() -> Iterator[None]:
    """Forget the interpreters, before and after a test that changes which ones can be found."""
    python_path.cache_clear()
    yield
    python_path.cache_clear()


@pytest.fixture(
    params=[
        runtime if runtime == OWN_RUNTIME else pytest.param(runtime, marks=pytest.mark.long)
        for runtime in RUNTIMES
    ]
)
def runtime(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, _search_pythons_again: None
) -> str:
    """Return each runtime that this machine has an interpreter for, including those of pyenv."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    folders = [str(path) for path in sorted(pyenv.glob("3.*/bin"))]
    monkeypatch.setenv("PATH", os.pathsep.join([*folders, os.environ["PATH"]]))
    try:
        python_path(request.param.removeprefix("python"))
    except BundleError:
        pytest.skip(f"this machine has no interpreter for {request.param}")
    return str(request.param)


def test_handlers_start_from_bytecode_alone(runtime: str, tmp_path: Path) -> None:
    """Python does not read the sources, so their times and even their content have no effect (PEP 552)."""
    with zipfile.ZipFile(build_bundle(runtime=runtime)) as archive:
        archive.extractall(tmp_path)
    for path in tmp_path.rglob("*.py"):
        path.write_text("raise RuntimeError('compiled at import')\n")
        os.utime(path, (0, 0))

    process = import_handlers(tmp_path, python_path(runtime.removeprefix("python")))

    assert process.stderr == ""
    assert json.loads(process.stdout.splitlines()[-1]) == [], "imports from outside of the zip"


def test_every_module_has_source_and_bytecode_of_the_runtime(runtime: str) -> None:
    """Tracebacks show lines of the source."""
    entries = read_zip(build_bundle(runtime=runtime))

    tag = "cpython-" + runtime.removeprefix("python").replace(".", "")
    modules = [PurePosixPath(name) for name in entries if name.endswith(".py")]
    expected_names = {str(path.parent / "__pycache__" / f"{path.stem}.{tag}.pyc") for path in modules}
    assert {name for name in entries if name.endswith(".pyc")} == expected_names
    assert {entries[name][4:8] for name in expected_names} == {b"\1\0\0\0"}, "hash, unchecked (PEP 552)"


def test_a_zip_for_this_machine_starts_from_bytecode() -> None:
    with zipfile.ZipFile(build_bundle("host")) as archive:
        names = set(archive.namelist())

    tag = sys.implementation.cache_tag
    assert f"botocore/__pycache__/client.{tag}.pyc" in names
    assert f"userprofiles/table/__pycache__/store.{tag}.pyc" in names


@pytest.mark.long
def test_releases_of_a_python_version_compile_the_same_bytecode() -> None:
    """Compare all interpreters of our version on this machine, each with its own hash seed."""
    sources = sources_of(build_bundle("host"))
    others = [shutil.which(OWN_RUNTIME, path=folder) for folder in os.environ["PATH"].split(os.pathsep)]
    pythons = [Path(path) for path in others if path and is_working_python(path)]

    own_result = compile_modules(sources, Path(sys.executable))
    results = [compile_modules(sources, python) for python in [Path(sys.executable), *pythons]]

    assert all(result == own_result for result in results)


@pytest.mark.long
def test_bytecode_does_not_depend_on_imported_modules() -> None:
    """This process has imported many modules; a new interpreter has not."""
    sources = {
        name: data for name, data in sources_of(build_bundle("host")).items() if "userprofiles/" in name
    }

    assert bytecode._bytecode_of(sources) == compile_modules(sources, Path(sys.executable))


@pytest.mark.parametrize("variable", ["PYTHONOPTIMIZE", "PYTHONNODEBUGRANGES"])
def test_bytecode_does_not_depend_on_the_environment(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    source = {"package/module.py": b"def f(x):\n    assert x, 'message'\n    return {'a', 'b', x.name}\n"}
    before = compile_modules(source, Path(sys.executable))

    monkeypatch.setenv(variable, "2")

    assert compile_modules(source, Path(sys.executable)) == before


@pytest.mark.long
def test_module_that_cannot_be_compiled_is_reported() -> None:
    with pytest.raises(BundleError, match=r"(?s)userprofiles/own\.py.*SyntaxError"):
        build_bundle("host", {"userprofiles/own.py": "not a module"})


@pytest.mark.long
@pytest.mark.usefixtures("_search_pythons_again")
def test_missing_interpreter_is_reported_with_the_command_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A zip without bytecode, or for another runtime, would differ from the zip of other machines."""
    other_runtime = next(name for name in RUNTIMES if name != OWN_RUNTIME)
    version = other_runtime.removeprefix("python")
    uv = build_tools.uv_path()
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(tmp_path / "pythons"))
    monkeypatch.setattr(bundle, "_cache", lambda: tmp_path / "bundles")

    with pytest.raises(BundleError) as raised:
        build_bundle(runtime=other_runtime)

    message = str(raised.value)
    parts = [f"`{uv} python install {version}`", sys.executable, OWN_RUNTIME, "'lambdaRuntime'"]
    assert [part for part in parts if part not in message] == [], message
    assert list(tmp_path.rglob("*.zip")) == []
