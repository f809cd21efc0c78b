"""The functions' zip: reproducible, self-contained, and safe to build concurrently."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest
from pulumi_userprofiles import build_tools, bundle, bytecode
from pulumi_userprofiles.build_tools import BundleError, python_path
from pulumi_userprofiles.bundle import RUNTIMES, build_bundle
from pulumi_userprofiles.bytecode import compile_modules
from pulumi_userprofiles.python_function_settings import LambdaRuntime
from pulumi_userprofiles.reproducible_zip import read_zip

OWN_RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
"""The runtime that every machine with our tests can build for."""

HANDLERS = sorted(path.stem for path in (Path(bundle._source()) / "handlers").glob("[!_]*.py"))
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AUDIT_TABLE": "audit",
    "MIGRATION_BUCKET": "bucket",
    "OUTBOX_QUEUE_URL": "http://127.0.0.1:9/queue",
    "POWERTOOLS_METRICS_NAMESPACE": "UserProfiles",
    "POWERTOOLS_SERVICE_NAME": "test",
    "TEMPLATE": "marketplace",
    "USERS_TABLE": "users",
    "IDEMPOTENCY_TABLE": "answers",
    "USER_POOL_CLIENT_IDS": "client",
    "USER_POOL_ID": "us-east-1_pool",
}
IMPORT = """
import sys
sys.path.insert(0, sys.argv[1])
import importlib, json
for name in sys.argv[2:]:
    assert callable(importlib.import_module(f"userprofiles.handlers.{name}").handler)
# The API imports it with the first request that has an Idempotency-Key.
importlib.import_module("aws_lambda_powertools.utilities.idempotency")
outside = {getattr(module, "__file__", None) or "" for module in sys.modules.values()}
print(json.dumps(sorted(path for path in outside if "site-packages" in path)))
"""


def build_in(folder: Path, platform: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(bundle, "_cache", lambda: folder)
    return build_bundle(platform, runtime=OWN_RUNTIME)


def import_handlers(folder: Path, python: Path) -> subprocess.CompletedProcess[str]:
    """Import all handlers from an unpacked zip as Lambda does: without site-packages and our environment."""
    command = [str(python), "-I", "-S", "-B", "-c", IMPORT, str(folder), *HANDLERS]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT, cwd=folder)


def sources_of(path: Path) -> dict[str, bytes]:
    return {name: data for name, data in read_zip(path).items() if name.endswith(".py")}


def is_working_python(path: str) -> bool:
    """Return whether an interpreter starts, which a shim of pyenv for another version does not."""
    return subprocess.run([path, "-c", ""], capture_output=True, check=False).returncode == 0


@pytest.fixture
def _search_pythons_again() -> Iterator[None]:
    """Forget the interpreters, before and after a test that changes which ones can be found."""
    python_path.cache_clear()
    yield
    python_path.cache_clear()


@pytest.fixture(params=RUNTIMES)
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


@pytest.mark.parametrize("platform", ["host", "lambda"])
def test_two_builds_in_two_folders_are_the_same_bytes(
    platform: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = build_in(tmp_path / "first", platform, monkeypatch)
    second = build_in(tmp_path / "second", platform, monkeypatch)

    assert first.name == second.name
    assert first.read_bytes() == second.read_bytes()


def test_changed_exclusions_create_another_zip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the cache would return the libraries of the old exclusions."""
    before = build_in(tmp_path, "host", monkeypatch)
    excluded = "aws_lambda_powertools/utilities/parser/"
    monkeypatch.setattr(bundle, "_UNUSED", tuple(name for name in bundle._UNUSED if name != excluded))
    after = build_in(tmp_path, "host", monkeypatch)

    def has_excluded_file(path: Path) -> bool:
        with zipfile.ZipFile(path) as archive:
            return any(name.startswith(excluded) for name in archive.namelist())

    assert (has_excluded_file(before), has_excluded_file(after)) == (False, True)


@pytest.mark.parametrize("platform", ["host", "lambda"])
def test_handlers_import_only_from_the_zip(platform: str, tmp_path: Path) -> None:
    """A library that the zip lacks would be missing in Lambda."""
    with zipfile.ZipFile(build_bundle(platform, runtime=OWN_RUNTIME)) as archive:
        archive.extractall(tmp_path)

    process = import_handlers(tmp_path, Path(sys.executable))

    assert process.stderr == ""
    assert json.loads(process.stdout.splitlines()[-1]) == []


TRIGGERS = """
import sys
import userprofiles.handlers.pre_sign_up, userprofiles.handlers.post_confirmation
loaded = ("userprofiles.api", "boto3", "jmespath_utils", "aws_lambda_powertools.event_handler")
print([name for name in sys.modules if name.startswith(loaded)])
"""


def test_triggers_load_neither_the_api_nor_boto3() -> None:
    """Cognito waits five seconds for a trigger, with the cold start in them."""
    process = subprocess.run(
        [sys.executable, "-c", TRIGGERS], capture_output=True, text=True, check=True, env=ENVIRONMENT
    )

    assert process.stdout == "[]\n"


def test_handlers_start_from_bytecode_alone(runtime: str, tmp_path: Path) -> None:
    """Python does not read the sources, so their times and even their content have no effect (PEP 552)."""
    with zipfile.ZipFile(build_bundle(runtime=runtime)) as archive:
        archive.extractall(tmp_path)
    for path in tmp_path.rglob("*.py"):
        path.write_text("raise RuntimeError('compiled at import')\n")
        os.utime(path, (0, 0))

    process = import_handlers(tmp_path, python_path(runtime.removeprefix("python")))

    assert process.stderr == ""


def test_every_module_has_source_and_bytecode_of_the_runtime(runtime: str) -> None:
    """Tracebacks show lines of the source."""
    entries = read_zip(build_bundle(runtime=runtime))

    tag = "cpython-" + runtime.removeprefix("python").replace(".", "")
    modules = [PurePosixPath(name) for name in entries if name.endswith(".py")]
    expected_names = {str(path.parent / "__pycache__" / f"{path.stem}.{tag}.pyc") for path in modules}
    assert {name for name in entries if name.endswith(".pyc")} == expected_names
    assert {entries[name][4:8] for name in expected_names} == {b"\1\0\0\0"}, "hash, unchecked (PEP 552)"


def test_zip_has_all_files_for_lambda_and_none_of_this_machine() -> None:
    with zipfile.ZipFile(build_bundle(runtime=OWN_RUNTIME)) as archive:
        entries = archive.infolist()

    names = [entry.filename for entry in entries]
    assert names == sorted(names)
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {entry.external_attr >> 16 for entry in entries} == {0o100644}
    assert not [name for name in names if name.endswith(("RECORD", "INSTALLER", ".so"))]
    assert "userprofiles/templates/marketplace.json" in names


def test_zip_is_within_the_limits_of_lambda() -> None:
    """AWS Lambda Developer Guide, "Lambda quotas": 50 MB zipped for a direct upload, 250 MB unzipped.

    The zip is not compressed, so its size is both.
    """
    assert build_bundle(runtime=OWN_RUNTIME).stat().st_size < 50_000_000


def test_a_zip_for_this_machine_starts_from_bytecode() -> None:
    with zipfile.ZipFile(build_bundle("host")) as archive:
        names = set(archive.namelist())

    tag = sys.implementation.cache_tag
    assert f"botocore/__pycache__/client.{tag}.pyc" in names
    assert f"userprofiles/table/__pycache__/store.{tag}.pyc" in names


def test_releases_of_a_python_version_compile_the_same_bytecode() -> None:
    """Compare all interpreters of our version on this machine, each with its own hash seed."""
    sources = sources_of(build_bundle("host"))
    others = [shutil.which(OWN_RUNTIME, path=folder) for folder in os.environ["PATH"].split(os.pathsep)]
    pythons = [Path(path) for path in others if path and is_working_python(path)]

    own_result = compile_modules(sources, Path(sys.executable))
    results = [compile_modules(sources, python) for python in [Path(sys.executable), *pythons]]

    assert all(result == own_result for result in results)


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


def test_module_that_cannot_be_compiled_is_reported() -> None:
    with pytest.raises(BundleError, match=r"(?s)userprofiles/own\.py.*SyntaxError"):
        build_bundle("host", {"userprofiles/own.py": "not a module"})


def test_extra_files_are_packed_and_change_the_name() -> None:
    plain = build_bundle("host")

    extended = build_bundle("host", {"userprofiles/templates/own.json": "{}"})

    assert plain.name != extended.name
    with zipfile.ZipFile(extended) as archive:
        assert archive.read("userprofiles/templates/own.json") == b"{}"


def test_second_build_returns_the_zip_of_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    first = build_bundle("host")
    monkeypatch.setattr(bundle, "_libraries", lambda _: pytest.fail("the libraries were built again"))

    assert build_bundle("host") == first


def test_concurrent_builds_leave_one_complete_zip(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from pulumi_userprofiles import bundle;"
        "bundle._cache = lambda: Path(sys.argv[1]); print(bundle.build_bundle(runtime=sys.argv[2]))"
    )
    command = [sys.executable, "-c", code, str(tmp_path), OWN_RUNTIME]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]

    paths = {process.communicate()[0].strip() for process in processes}

    assert [process.returncode for process in processes] == [0, 0]
    assert len(paths) == 1
    assert zipfile.ZipFile(paths.pop()).testzip() is None
    assert len(list(tmp_path.iterdir())) == 2, "the libraries and the zip, no partial file"


@pytest.mark.parametrize("path", ["/etc/passwd", "../outside", "", "a\\b"])
def test_path_of_an_extra_file_must_be_inside_the_zip(path: str) -> None:
    with pytest.raises(BundleError, match="stays inside"):
        build_bundle("host", {path: ""})


def test_unknown_platform_is_rejected_with_the_available_ones() -> None:
    with pytest.raises(BundleError, match=r"'x86'.*host, lambda"):
        build_bundle("x86")


def test_unknown_runtime_is_rejected_with_the_available_ones() -> None:
    with pytest.raises(BundleError, match=r"'python3\.10'.*python3\.13, python3\.12, python3\.11"):
        build_bundle(runtime="python3.10")


def test_components_offer_the_runtimes_of_the_zip() -> None:
    assert tuple(LambdaRuntime) == RUNTIMES


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


def test_missing_uv_is_reported_with_the_fix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_tools.shutil, "which", lambda *_, **__: None)

    with pytest.raises(BundleError, match="pip install"):
        build_in(tmp_path, "host", monkeypatch)


def test_missing_network_and_cache_are_reported_with_the_fix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Use an empty uv cache, and no network."""
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    monkeypatch.setenv("UV_OFFLINE", "1")

    with pytest.raises(BundleError, match="Connect to the network once"):
        build_in(tmp_path / "bundles", "host", monkeypatch)

    assert list((tmp_path / "bundles").glob("*")) == []


def test_command_builds_the_zip_and_reports_an_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    codes = bundle._main(["host"]), bundle._main(["toaster"])

    assert codes == (0, 1)
    assert "toaster" in capsys.readouterr().err


def test_help_of_the_command_is_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        bundle._main(["--help"])

    assert caught.value.code == 0
    assert "python -m pulumi_userprofiles.bundle" in capsys.readouterr().out
