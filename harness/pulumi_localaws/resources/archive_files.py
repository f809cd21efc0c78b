"""The function ``archive.get_file`` of Pulumi's ``archive`` package: writes a zip file.

Source: https://www.pulumi.com/registry/packages/archive/api-docs/getfile/.
"""

import base64
import fnmatch
import hashlib
import zipfile
from pathlib import Path

from pulumi_localaws.resources.input_schema import STR, STR_LIST, ListOf, ObjectOf
from pulumi_localaws.resources.resource_type import Properties

FILE_INPUTS = ObjectOf(
    {
        "type": STR,
        "outputPath": STR,
        "excludes": STR_LIST,
        "sourceContent": STR,
        "sourceContentFilename": STR,
        "sourceDir": STR,
        "sourceFile": STR,
        "sources": ListOf(ObjectOf({"content": STR, "filename": STR})),
    }
)
_SOURCES = ("sourceContent", "sourceDir", "sourceFile", "sources")
_FIRST_DATE = (1980, 1, 1, 0, 0, 0)
"""The date of each file in an archive, so that equal files have equal archives."""


def write_file(inputs: Properties) -> Properties:
    """Write an archive and return its path, size and hashes.

    Raises:
        ValueError: An input is wrong, or a source file does not exist.
    """
    if inputs.get("type") != "zip":
        raise ValueError(f"type is {inputs.get('type')!r}; allowed: zip")
    contents = _read_contents(inputs)
    path = Path(inputs["outputPath"])
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(contents.items()):
            information = zipfile.ZipInfo(name, _FIRST_DATE)
            information.compress_type = zipfile.ZIP_DEFLATED
            information.external_attr = 0o644 << 16
            archive.writestr(information, content)
    return {**inputs, **_build_outputs(path.read_bytes())}


def _read_contents(inputs: Properties) -> dict[str, bytes]:
    """Return the content of each file in the archive."""
    sources = [name for name in _SOURCES if name in inputs]
    if len(sources) != 1:
        raise ValueError(
            f"{' and '.join(sources) or 'no source'} is set. Set exactly one of {', '.join(_SOURCES)}"
        )
    if "sources" in inputs:
        return {source["filename"]: source["content"].encode() for source in inputs["sources"]}
    if "sourceContent" in inputs:
        return {inputs["sourceContentFilename"]: inputs["sourceContent"].encode()}
    source_path = Path(inputs[sources[0]])
    if not source_path.exists():
        raise ValueError(f"{sources[0]}: the file or folder {str(source_path)!r} does not exist")
    if "sourceFile" in inputs:
        return {source_path.name: source_path.read_bytes()}
    excludes = inputs.get("excludes", [])
    files = {
        file.relative_to(source_path).as_posix(): file for file in source_path.rglob("*") if file.is_file()
    }
    return {
        name: file.read_bytes()
        for name, file in files.items()
        if not any(fnmatch.fnmatchcase(name, pattern) for pattern in excludes)
    }


def _build_outputs(content: bytes) -> Properties:
    sha256, sha512 = hashlib.sha256(content), hashlib.sha512(content)
    sha1 = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    return {
        "id": sha1,
        "outputBase64sha256": base64.b64encode(sha256.digest()).decode(),
        "outputBase64sha512": base64.b64encode(sha512.digest()).decode(),
        "outputMd5": hashlib.md5(content, usedforsecurity=False).hexdigest(),
        "outputSha": sha1,
        "outputSha256": sha256.hexdigest(),
        "outputSha512": sha512.hexdigest(),
        "outputSize": len(content),
    }
