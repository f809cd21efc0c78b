"""Opens a source of documents by its text, such as `dump:FOLDER`.

The source and its documents need the package pymongo (extra `legacy`).
"""

import importlib.util
import os
from pathlib import Path

from userprofiles.legacy.documents.document_source import DocumentSource
from userprofiles.legacy.documents.source_text import URI_SCHEMES
from userprofiles.legacy.errors import SourceRefusedError

_KINDS = (
    "dump:FOLDER (the folder of mongodump), export:FOLDER (a folder with files of mongoexport), "
    "mongodb://HOST/DATABASE, mongodb+srv://HOST/DATABASE, "
    "or env:NAME (an environment variable with one of these)"
)


def open_source(text: str) -> DocumentSource:
    """Open a source of documents.

    Args:
        text: `dump:FOLDER`, `export:FOLDER`, the URI of a MongoDB database, or `env:NAME` for an environment
            variable with one of these.

    Raises:
        SourceRefusedError: The text is not a source, or the source can't be opened.
    """
    if importlib.util.find_spec("pymongo") is None:
        raise SourceRefusedError(
            "An import needs the package pymongo, which is in the extra `legacy` of pulumi-userprofiles. "
            "Install it: pip install 'pymongo>=4.10,<4.18'"
        )
    if text.startswith("env:"):
        text = _read_variable(text.removeprefix("env:"))
    # Both need pymongo.
    from userprofiles.legacy.documents import folder_source, live_source  # noqa: PLC0415

    if text.startswith(URI_SCHEMES):
        return live_source.LiveSource(text)
    kind, _, folder = text.partition(":")
    if kind == "dump" and folder:
        return folder_source.open_dump(Path(folder))
    if kind == "export" and folder:
        return folder_source.open_export(Path(folder))
    raise SourceRefusedError(f"--source {kind}: is not a source of documents. Allowed: {_KINDS}.")


def _read_variable(name: str) -> str:
    text = os.environ.get(name, "")
    if not text or text.startswith("env:"):
        raise SourceRefusedError(
            f"--source env:{name}: the environment variable {name} must have the text of a source. "
            f"Allowed: {_KINDS}."
        )
    return text
