"""Reads Pulumi's assets and packs archives as zip files. The same content always gives the same zip file."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Asset = dict[str, Any]
"""An asset or archive as `decode_properties` returns it.

``sig`` is asset or archive; the content is in ``path``, ``text``, ``uri`` or ``assets``.
"""

_EPOCH = (1980, 1, 1, 0, 0, 0)
_MODE = 0o644 << 16


def is_asset(value: Any) -> bool:
    """Return whether a value is an asset or an archive."""
    return isinstance(value, dict) and value.get("sig") in {"asset", "archive"}


def read_asset(asset: Asset, base: Path) -> bytes:
    """Return the content of an asset.

    Args:
        asset: A file asset or a string asset.
        base: The folder that relative paths start from.

    Raises:
        ValueError: The file does not exist, or the asset is a remote one.
    """
    if "text" in asset:
        return str(asset["text"]).encode()
    if "path" in asset:
        path = Path(base, asset["path"])
        if not path.is_file():
            raise ValueError(f"the file {asset['path']!r} does not exist")
        return path.read_bytes()
    raise ValueError(
        f"a remote asset ({asset.get('uri')}) is not supported. Use a file asset or a string asset"
    )


def zip_archive(archive: Asset, base: Path) -> bytes:
    """Return an archive as a zip file. A zip file is returned unchanged.

    Args:
        archive: A file archive (a folder or a .zip), an asset archive, or a single asset that is a zip file.
        base: The folder that relative paths start from.

    Raises:
        ValueError: A file does not exist, or the archive is a remote one or not a zip file.
    """
    if "path" in archive and (base / archive["path"]).is_file():
        content = Path(base, archive["path"]).read_bytes()
        if not zipfile.is_zipfile(io.BytesIO(content)):
            raise ValueError(f"{archive['path']!r} is not a zip file. Use a .zip file or a folder")
        return content
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in sorted(_read_entries(archive, base, "")):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = _MODE
            file.writestr(info, content)
    return buffer.getvalue()


def _read_entries(archive: Asset, base: Path, prefix: str) -> Iterator[tuple[str, bytes]]:
    if archive["sig"] == "asset":
        yield prefix.rstrip("/"), read_asset(archive, base)
    elif "assets" in archive:
        for name, item in archive["assets"].items():
            yield from _read_entries(item, base, f"{prefix}{name}/")
    elif "path" in archive:
        root = base / archive["path"]
        if root.is_file():
            with zipfile.ZipFile(root) as inner:
                yield from (
                    (prefix + name, inner.read(name)) for name in inner.namelist() if not name.endswith("/")
                )
        elif root.is_dir():
            files = (path for path in root.rglob("*") if path.is_file())
            yield from ((prefix + path.relative_to(root).as_posix(), path.read_bytes()) for path in files)
        else:
            raise ValueError(f"the file or folder {archive['path']!r} does not exist")
    else:
        raise ValueError(f"a remote archive ({archive.get('uri')}) is not supported. Use a file or a folder")
