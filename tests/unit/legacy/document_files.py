"""Writes files as mongodump and mongoexport do. Shared by the tests of the sources."""

import gzip

import bson
from bson import json_util
from bson.binary import UuidRepresentation
from bson.codec_options import CodecOptions

CODEC_OPTIONS = CodecOptions(uuid_representation=UuidRepresentation.STANDARD)
RELAXED, CANONICAL = (
    json_util.JSONOptions(json_mode=mode, uuid_representation=UuidRepresentation.STANDARD)
    for mode in (json_util.JSONMode.RELAXED, json_util.JSONMode.CANONICAL)
)
JSON_FORMS = {
    "lines": ("", "\n", "\n"),
    "array": ("[", ",", "]\n"),
    "pretty array": ("[", ",\n", "]\n"),
    "pretty": ("", "\n", "\n"),
}


def write_dump(folder, collections, database="app", compressed=False):
    """Write a folder of mongodump."""
    for name, documents in collections.items():
        write_bytes(folder / database / f"{name}.bson", b"".join(map(encode, documents)), compressed)
        write_bytes(folder / database / f"{name}.metadata.json", b'{"indexes": []}', compressed)
    return f"dump:{folder}"


def write_export(folder, collections, form="lines", options=CANONICAL, compressed=False):
    """Write a folder with files of mongoexport."""
    begin, separator, end = JSON_FORMS[form]
    indent = "\t" if "pretty" in form else None
    for name, documents in collections.items():
        texts = [json_util.dumps(d, json_options=options, indent=indent) for d in documents]
        text = begin + separator.join(texts) + (end if texts or "array" in form else "")
        write_bytes(folder / f"{name}.json", text.encode(), compressed)
    return f"export:{folder}"


def encode(document):
    """Return a document in BSON."""
    return bson.encode(document, codec_options=CODEC_OPTIONS)


def write_bytes(path, data, compressed=False):
    """Write a file, and the folders above it."""
    path = path.with_name(f"{path.name}.gz") if compressed else path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data) if compressed else data)
    return path


def read_all(source, collection, position=None, page_size=500):
    """Return the documents of a collection."""
    return [
        document for page in source.read_pages(collection, position, page_size) for document in page.documents
    ]


def read_damaged(source, collection):
    """Return the damaged documents of a collection."""
    return [damaged for page in source.read_pages(collection) for damaged in page.damaged]
