"""The function ``archive.get_file``."""

import base64
import hashlib
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from pulumi_localaws.resources.archive_files import write_file


def list_names(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def test_folder_is_written_without_excluded_files(tmp_path: Path) -> None:
    folder = tmp_path / "src"
    (folder / "lib").mkdir(parents=True)
    for name in ("app.py", "lib/util.py", "lib/notes.txt"):
        (folder / name).write_text(name)
    path = tmp_path / "out" / "code.zip"
    inputs = {"type": "zip", "sourceDir": str(folder), "outputPath": str(path), "excludes": ["*.txt"]}

    first = write_file(inputs)
    second = write_file(inputs)

    assert list_names(path) == ["app.py", "lib/util.py"]
    digest = hashlib.sha256(path.read_bytes()).digest()
    assert first["outputBase64sha256"] == base64.b64encode(digest).decode()
    assert second == first


@pytest.mark.parametrize(
    ("inputs", "names"),
    [
        ({"sourceContent": "x", "sourceContentFilename": "a.txt"}, ["a.txt"]),
        (
            {"sources": [{"content": "x", "filename": "b"}, {"content": "y", "filename": "c/d"}]},
            ["b", "c/d"],
        ),
    ],
)
def test_texts_are_written(tmp_path: Path, inputs: dict[str, Any], names: list[str]) -> None:
    path = tmp_path / "code.zip"

    write_file({"type": "zip", "outputPath": str(path), **inputs})

    assert list_names(path) == names


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"type": "tar"}, "type is 'tar'; allowed: zip"),
        ({"type": "zip"}, "no source is set. Set exactly one of"),
        ({"type": "zip", "sourceFile": "missing.py"}, "sourceFile: the file or folder 'missing.py' does not"),
    ],
)
def test_wrong_source_is_rejected(inputs: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValueError, match=re.escape(expected)):
        write_file({"outputPath": "code.zip", **inputs})
