"""Turns Pulumi's assets and archives into bytes; a zip comes out the same each time."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Asset = dict[str, Any]
"""As the monitor hands it over: ``sig`` (asset or archive) with ``path``, ``text``, ``uri`` or ``assets``."""

_EPOCH = (1980, 1, 1, 0, 0, 0)
_MODE = 0o644 << 16


def asset_bytes(asset: Asset, base: Path) -> bytes:
    """Return the content of an asset.

    Args:
        asset: A file or string asset.
        base: Folder that relative paths start from.

    Raises:
        ValueError: The file isn't there, or the asset is a remote one.
    """
    if "text" in asset:
        return str(asset["text"]).encode()
    if "path" in asset:
        path = Path(base, asset["path"])
        if not path.is_file():
            raise ValueError(f"the file {asset['path']!r} is not there")
        return path.read_bytes()
    raise ValueError(f"a remote asset ({asset.get('uri')}) is not fetched here; use a file")


def zip_bytes(archive: Asset, base: Path) -> bytes:
    """Return an archive as a zip: a zip file as it stands, a folder or a mapping packed.

    Args:
        archive: A file archive (a folder or a .zip), an asset archive, or a single asset that is a zip file.
        base: Folder that relative paths start from.

    Raises:
        ValueError: A file isn't there, or the archive is a remote one or of another format.
    """
    if "path" in archive and (base / archive["path"]).is_file():
        content = Path(base, archive["path"]).read_bytes()
        if not zipfile.is_zipfile(io.BytesIO(content)):
            raise ValueError(f"{archive['path']!r} is not a zip file; give a .zip or a folder")
        return content
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in sorted(_entries(archive, base, "")):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = _MODE
            file.writestr(info, content)
    return packed.getvalue()


def _entries(archive: Asset, base: Path, prefix: str) -> Iterator[tuple[str, bytes]]:
    if archive["sig"] == "asset":
        yield prefix.rstrip("/"), asset_bytes(archive, base)
    elif "assets" in archive:
        for name, item in archive["assets"].items():
            yield from _entries(item, base, f"{prefix}{name}/")
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
            raise ValueError(f"the file or folder {archive['path']!r} is not there")
    else:
        raise ValueError(f"a remote archive ({archive.get('uri')}) is not fetched here; use a file or folder")
