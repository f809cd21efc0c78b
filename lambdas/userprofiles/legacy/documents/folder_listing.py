"""Lists the files of a dump or an export by collection."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import unquote

from userprofiles.legacy.documents.input_file import GZIP_SUFFIX, InputFile
from userprofiles.legacy.errors import SourceRefusedError

_BSON_SUFFIXES = (".bson",)
_JSON_SUFFIXES = (".json", ".jsonl", ".ndjson")
_METADATA_SUFFIX = ".metadata"
_OPLOG = "oplog"
_SERVER_COLLECTIONS = "system."
_SERVER_DATABASES = frozenset({"admin", "config", "local"})


def list_dump(folder: Path) -> dict[str, InputFile]:
    """Return the file of each collection of a folder that mongodump has written.

    The folder is that of a database, or the folder above it if it has one database. Names of collections are
    percent-encoded in names of files. The oplog and the server's own databases and collections are left out.

    Args:
        folder: The folder.

    Raises:
        SourceRefusedError: The folder can't be read, or it is not the dump of one database.
    """
    if folder.is_file() and _collection_name(folder.name, _BSON_SUFFIXES):
        raise SourceRefusedError(
            f"dump:{folder}: must be a folder. Name that of the file: dump:{folder.parent}"
        )
    if folder.is_file():
        raise SourceRefusedError(
            f"dump:{folder}: must be a folder, not a file. Run mongodump without --archive, "
            "or restore the archive and dump it again."
        )
    collections = _dumped_collections(folder)
    if collections:
        return collections
    databases = {
        child.name: files
        for child in _children(folder, "dump")
        if child.is_dir() and child.name not in _SERVER_DATABASES and (files := _dumped_collections(child))
    }
    if len(databases) == 1:
        return next(iter(databases.values()))
    if databases:
        names = ", ".join(sorted(databases))
        raise SourceRefusedError(
            f"dump:{folder}: has several databases: {names}. "
            f"Name the folder of one: dump:{folder / min(databases)}"
        )
    hint = f" For files of mongoexport: export:{folder}" if _has_files(folder, "dump", _JSON_SUFFIXES) else ""
    raise SourceRefusedError(
        f"dump:{folder}: has no collection. It must be the folder that mongodump has written, "
        f"with <database>/<collection>.bson or <database>/<collection>.bson.gz.{hint}"
    )


def list_export(folder: Path) -> dict[str, InputFile]:
    """Return the file of each collection of a folder with files of mongoexport.

    Args:
        folder: The folder. Its files are named after their collections.

    Raises:
        SourceRefusedError: The folder can't be read, or it has no such file.
    """
    if folder.is_file():
        raise SourceRefusedError(
            f"export:{folder}: must be a folder, not a file. "
            "Put the files of all collections into one folder, such as export/authapp_usermodel.json."
        )
    collections = _collections("export", folder, _JSON_SUFFIXES)
    if not collections:
        hint = (
            f" For files of mongodump: dump:{folder}" if _has_files(folder, "export", _BSON_SUFFIXES) else ""
        )
        raise SourceRefusedError(
            f"export:{folder}: has no collection. It must have a file of mongoexport for each collection: "
            f"<collection>.json, .jsonl or .ndjson, each also with .gz.{hint}"
        )
    return collections


def _has_files(folder: Path, kind: str, suffixes: Sequence[str]) -> bool:
    return any(_collection_name(path.name, suffixes) for path in _children(folder, kind))


def _dumped_collections(folder: Path) -> dict[str, InputFile]:
    files = _collections("dump", folder, _BSON_SUFFIXES)
    return {
        unquote(name): file
        for name, file in files.items()
        if name != _OPLOG and not name.startswith(_SERVER_COLLECTIONS)
    }


def _collections(kind: str, folder: Path, suffixes: Sequence[str]) -> dict[str, InputFile]:
    paths: dict[str, Path] = {}
    for path in _children(folder, kind):
        collection = _collection_name(path.name, suffixes)
        if not collection or not path.is_file():
            continue
        if collection in paths:
            raise SourceRefusedError(
                f"{kind}:{folder}: has two files of the collection {collection!r}: "
                f"{paths[collection].name} and {path.name}. Keep one of them."
            )
        paths[collection] = path
    return {collection: InputFile(path) for collection, path in paths.items()}


def _collection_name(file_name: str, suffixes: Sequence[str]) -> str:
    name = file_name.removesuffix(GZIP_SUFFIX)
    suffix = next((suffix for suffix in suffixes if name.endswith(suffix)), "")
    name = name.removesuffix(suffix) if suffix else ""
    return "" if name.endswith(_METADATA_SUFFIX) or name.startswith(".") else name


def _children(folder: Path, kind: str) -> Iterable[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise SourceRefusedError(
            f"{kind}:{folder}: the folder can't be read: {error.strerror or 'unknown reason'}. "
            "Check the path and the permissions."
        ) from None
