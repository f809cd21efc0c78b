"""Assets and archives of Pulumi are read and packed as zip files; the same content gives the same file."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from pulumi_localaws.resources.assets import read_asset, zip_archive


def read_entries(content: bytes) -> dict[str, bytes]:
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


def test_folder_is_zipped(folder: Path) -> None:
    content = zip_archive(archive(path="app"), folder)

    assert read_entries(content) == {"lib/part.py": b"part", "main.py": b"main"}


def test_zip_file_is_returned_unchanged(folder: Path) -> None:
    assert zip_archive(archive(path="ready.zip"), folder) == (folder / "ready.zip").read_bytes()


def test_assets_and_archives_are_zipped_under_their_names(folder: Path) -> None:
    assets = {
        "a.py": asset(text="a"),
        "b.py": asset(path="app/main.py"),
        "vendor": archive(path="ready.zip"),
        "more": archive(path="app"),
    }

    content = zip_archive(archive(assets=assets), folder)

    expected = {
        "a.py": b"a",
        "b.py": b"main",
        "more/lib/part.py": b"part",
        "more/main.py": b"main",
        "vendor/inside.py": b"inside",
    }
    assert read_entries(content) == expected


def test_zip_file_does_not_depend_on_order_or_time(folder: Path) -> None:
    first = zip_archive(archive(assets={"a": asset(text="1"), "b": asset(text="2")}), folder)

    assert zip_archive(archive(assets={"b": asset(text="2"), "a": asset(text="1")}), folder) == first


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (archive(path="missing"), "the file or folder 'missing' does not exist"),
        (archive(path="app/main.py"), "'app/main.py' is not a zip file. Use a .zip file or a folder"),
        (archive(uri="https://example.com/x.zip"), r"a remote archive \(https://example.com/x.zip\)"),
    ],
)
def test_unreadable_archive_is_rejected(folder: Path, item: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        zip_archive(item, folder)


@pytest.mark.parametrize(
    ("item", "message"),
    [(asset(path="missing"), "'missing' does not exist"), (asset(uri="https://x"), "a remote asset")],
)
def test_unreadable_asset_is_rejected(folder: Path, item: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_asset(item, folder)
