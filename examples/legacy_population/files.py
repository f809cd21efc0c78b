"""Write a population as MongoDB's tools do: `mongodump` (BSON) and `mongoexport` (JSON)."""

import gzip
import json
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

import bson
from bson import json_util

from legacy_population.population import CONTENT_COLLECTION, DATABASE, USERS_COLLECTION, Population

COLLECTIONS = (USERS_COLLECTION, CONTENT_COLLECTION)
_PAGE = 500


class Format(StrEnum):
    """The files that MongoDB's tools write."""

    DUMP = "dump"
    DUMP_GZIP = "dump-gzip"
    LINES = "lines"
    LINES_CANONICAL = "lines-canonical"
    ARRAY = "array"
    ARRAY_CANONICAL = "array-canonical"


def write_population(population: Population, folder: Path, file_format: Format = Format.DUMP) -> Path:
    """Write the collections of a population.

    Returns:
        The folder that has the files: for a dump, `mongodump` creates one with the name of the database.
    """
    is_dump = file_format in {Format.DUMP, Format.DUMP_GZIP}
    target = folder / DATABASE if is_dump else folder
    target.mkdir(parents=True, exist_ok=True)
    for collection in COLLECTIONS:
        documents = population.documents(collection)
        if is_dump:
            _write_dump(documents, target, collection, is_gzip=file_format is Format.DUMP_GZIP)
        else:
            _write_export(documents, target / f"{collection}.json", file_format)
    return target


def _write_dump(documents: Iterator[dict[str, Any]], folder: Path, collection: str, *, is_gzip: bool) -> None:
    ending = ".gz" if is_gzip else ""
    metadata = {"options": {}, "indexes": [{"v": 2, "key": {"_id": 1}, "name": "_id_"}]}
    metadata["collectionName"] = collection
    opener = gzip.open if is_gzip else open
    with opener(folder / f"{collection}.metadata.json{ending}", "wb") as file:
        file.write(json.dumps(metadata).encode())
    with opener(folder / f"{collection}.bson{ending}", "wb") as file:
        for document in documents:
            file.write(bson.encode(document))


def _write_export(documents: Iterator[dict[str, Any]], path: Path, file_format: Format) -> None:
    is_canonical = file_format in {Format.LINES_CANONICAL, Format.ARRAY_CANONICAL}
    is_array = file_format in {Format.ARRAY, Format.ARRAY_CANONICAL}
    options = json_util.CANONICAL_JSON_OPTIONS if is_canonical else json_util.RELAXED_JSON_OPTIONS
    with path.open("w", encoding="utf-8") as file:
        separator = "[" if is_array else ""
        for document in documents:
            text = json_util.dumps(document, json_options=options, ensure_ascii=False)
            file.write(f"{separator}{text}")
            separator = "," if is_array else "\n"
        file.write("]\n" if is_array else "\n")
