"""Pulumi's assets and archives become the same zip each time."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from pulumi_localaws.resources.assets import read_asset, zip_archive


def names(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        return {name: file.read(name) for name in file.namelist()}


def archive(**fields: Any) -> dict[str, Any]:
    return {"sig": "archive", **fields}


def asset(**fields: Any) -> dict[str, Any]:
    return {"sig": "asset", **fields}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app" / "lib").mkdir(parents=True)
    (tmp_path / "app" / "main.py").write_text("main")
    (tmp_path / "app" / "lib" / "part.py").write_text("part")
    with zipfile.ZipFile(tmp_path / "ready.zip", "w") as file:
        file.writestr("inside.py", "inside")
    return tmp_path


def test_folder_is_packed(folder: Path) -> None:
    packed = zip_archive(archive(path="app"), folder)

    assert names(packed) == {"lib/part.py": b"part", "main.py": b"main"}


def test_zip_is_taken_as_it_stands(folder: Path) -> None:
    assert zip_archive(archive(path="ready.zip"), folder) == (folder / "ready.zip").read_bytes()


def test_assets_and_archives_are_put_where_they_are_named(folder: Path) -> None:
    assets = {
        "a.py": asset(text="a"),
        "b.py": asset(path="app/main.py"),
        "vendor": archive(path="ready.zip"),
        "more": archive(path="app"),
    }

    packed = zip_archive(archive(assets=assets), folder)

    expected = {
        "a.py": b"a",
        "b.py": b"main",
        "more/lib/part.py": b"part",
        "more/main.py": b"main",
        "vendor/inside.py": b"inside",
    }
    assert expected == names(packed)


def test_pack_does_not_depend_on_order_or_time(folder: Path) -> None:
    first = zip_archive(archive(assets={"a": asset(text="1"), "b": asset(text="2")}), folder)

    assert first == zip_archive(archive(assets={"b": asset(text="2"), "a": asset(text="1")}), folder)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (archive(path="missing"), "the file or folder 'missing' is not there"),
        (archive(path="app/main.py"), "'app/main.py' is not a zip file; give a .zip or a folder"),
        (archive(uri="https://example.com/x.zip"), r"a remote archive \(https://example.com/x.zip\)"),
    ],
)
def test_archive_that_cannot_be_packed_is_refused(folder: Path, given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        zip_archive(given, folder)


@pytest.mark.parametrize(
    ("given", "message"),
    [(asset(path="missing"), "'missing' is not there"), (asset(uri="https://x"), "a remote asset")],
)
def test_asset_that_cannot_be_read_is_refused(folder: Path, given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_asset(given, folder)
