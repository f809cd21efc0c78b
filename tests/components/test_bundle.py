"""The functions' zip: reproducible, self-contained, and safe to build concurrently."""

import inspect
import json
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from component_zip import ENVIRONMENT, HANDLERS, OWN_RUNTIME, OWN_ZIPS, import_handlers
from pulumi_userprofiles import build_tools, bundle
from pulumi_userprofiles.build_tools import BundleError
from pulumi_userprofiles.bundle import LOCK_FILE, RUNTIMES, build_bundle
from pulumi_userprofiles.python_function_settings import LambdaRuntime
from userprofiles import template_document


def build_in(folder: Path, platform: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(bundle, "_cache", lambda: folder)
    return build_bundle(platform, runtime=OWN_RUNTIME)


@pytest.mark.long
@pytest.mark.parametrize("platform", [pytest.param("host", marks=pytest.mark.long), "lambda"])
def test_two_builds_in_two_folders_are_the_same_bytes(
    platform: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first zip is that of the cache, which another process may have built."""
    first = build_bundle(platform, runtime=OWN_RUNTIME)
    second = build_in(tmp_path, platform, monkeypatch)

    assert first.parent != second.parent
    assert first.name == second.name
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.long
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


@pytest.mark.long
@pytest.mark.parametrize("platform", [pytest.param("host", marks=pytest.mark.long), "lambda"])
def test_handlers_import_only_from_the_zip(platform: str, tmp_path: Path) -> None:
    """A library that the zip lacks would be missing in Lambda."""
    with zipfile.ZipFile(build_bundle(platform, runtime=OWN_RUNTIME)) as archive:
        archive.extractall(tmp_path)

    process = import_handlers(tmp_path, Path(sys.executable))

    assert process.stderr == ""
    assert json.loads(process.stdout.splitlines()[-1]) == []


@pytest.mark.long
@pytest.mark.parametrize("handler", OWN_ZIPS)
def test_handler_with_a_zip_of_its_own_imports_only_from_it(handler: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(build_bundle("host", lock_file=OWN_ZIPS[handler])) as archive:
        archive.extractall(tmp_path)

    process = import_handlers(tmp_path, Path(sys.executable), [handler])

    assert process.stderr == ""
    assert json.loads(process.stdout.splitlines()[-1]) == []


def test_lock_files_have_the_same_versions() -> None:
    """Otherwise two functions would run with different versions of a library."""
    files = [LOCK_FILE, *OWN_ZIPS.values()]
    shared, *others = (tomllib.loads((bundle._source() / file).read_text())["packages"] for file in files)

    for packages in others:
        assert [package for package in shared if package not in packages] == []


TRIGGERS = """
import sys
import userprofiles.handlers.pre_sign_up, userprofiles.handlers.post_confirmation
import userprofiles.handlers.custom_message, userprofiles.handlers.pre_token_generation
loaded = ("userprofiles.api", "boto3", "jmespath_utils", "aws_lambda_powertools.event_handler")
print([name for name in sys.modules if name.startswith(loaded)])
"""


def test_triggers_load_neither_the_api_nor_boto3() -> None:
    """Cognito waits five seconds for a trigger, with the cold start in them."""
    process = subprocess.run(
        [sys.executable, "-c", TRIGGERS], capture_output=True, text=True, check=True, env=ENVIRONMENT
    )

    assert process.stdout == "[]\n"


LOADED = """
import importlib, sys
sys.path.insert(0, sys.argv[1])
for name in sys.argv[2:]:
    importlib.import_module(f"userprofiles.handlers.{name}")
unwanted = ("fastjsonschema", "boto3", "userprofiles.schema_compiler")
print([name for name in sys.modules if name.startswith(unwanted)])
"""


@pytest.mark.long
@pytest.mark.parametrize("template", [pytest.param("basic", marks=pytest.mark.long), "own"])
def test_handlers_in_the_zip_load_no_schema_compiler(template: str, tmp_path: Path) -> None:
    """The zip contains the compiled templates, also an own one."""
    document = json.dumps({**template_document.read("basic")[1], "description": "Own template."})
    with zipfile.ZipFile(build_bundle("host", {"userprofiles/templates/own.json": document})) as archive:
        archive.extractall(tmp_path)

    process = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", LOADED, str(tmp_path), *HANDLERS],
        capture_output=True,
        text=True,
        check=False,
        env=ENVIRONMENT | {"TEMPLATE": template},
    )

    assert (process.stdout, process.stderr) == ("[]\n", "")


@pytest.mark.long
def test_invalid_template_is_packed_but_not_compiled() -> None:
    """The function reports the problem when it starts."""
    with zipfile.ZipFile(build_bundle("host", {"userprofiles/templates/own.json": "{}"})) as archive:
        names = archive.namelist()

    assert "userprofiles/templates/own.json" in names
    assert "userprofiles/compiled_templates/basic/__init__.py" in names
    assert not [name for name in names if "compiled_templates/own" in name]


def test_zip_has_all_files_for_lambda_and_none_of_this_machine() -> None:
    with zipfile.ZipFile(build_bundle(runtime=OWN_RUNTIME)) as archive:
        entries = archive.infolist()

    names = [entry.filename for entry in entries]
    assert names == sorted(names)
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {entry.external_attr >> 16 for entry in entries} == {0o100644}
    assert not [name for name in names if name.endswith(("RECORD", "INSTALLER", ".so"))]
    assert "userprofiles/templates/marketplace.json" in names


@pytest.mark.parametrize(
    "lock_file", [LOCK_FILE, *(pytest.param(file, marks=pytest.mark.long) for file in OWN_ZIPS.values())]
)
def test_zip_is_within_the_limits_of_lambda(lock_file: str) -> None:
    """AWS Lambda Developer Guide, "Lambda quotas": 50 MB zipped for a direct upload, 250 MB unzipped.

    The zip is not compressed, so its size is both.
    """
    assert build_bundle(runtime=OWN_RUNTIME, lock_file=lock_file).stat().st_size < 50_000_000


@pytest.mark.long
def test_extra_files_are_packed_and_change_the_name() -> None:
    plain = build_bundle("host")

    extended = build_bundle("host", {"userprofiles/templates/own.json": "{}"})

    assert plain.name != extended.name
    with zipfile.ZipFile(extended) as archive:
        assert archive.read("userprofiles/templates/own.json") == b"{}"


def test_second_build_returns_the_zip_of_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    first = build_bundle("host")
    monkeypatch.setattr(bundle, "_libraries", lambda *_: pytest.fail("the libraries were built again"))

    assert build_bundle("host") == first


@pytest.mark.long
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


def test_version_of_the_command_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        bundle._main(["--version"])

    assert caught.value.code == 0
    assert capsys.readouterr().out.startswith("pulumi-userprofiles 0.")


def test_changed_builder_creates_another_zip(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the cache would return a zip that an older version of the builder has made."""
    before = bundle._digest("key", {})
    monkeypatch.setattr(bundle, "_build_code", lambda: "another builder")

    assert bundle._digest("key", {}) != before


def test_every_module_that_the_builder_uses_is_in_the_key() -> None:
    imports = re.findall(r"^from pulumi_userprofiles\.(\w+) import", inspect.getsource(bundle), re.MULTILINE)

    # build_tools only finds programs.
    assert {"bundle", *imports} - {"build_tools"} == set(bundle._BUILD_MODULES)
