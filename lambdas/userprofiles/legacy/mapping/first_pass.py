"""The first pass over a source: which fields the mapping does not know, and which it does not find.

It has names of fields and counts only, never a value. A name that could be a value, as in an object whose
keys are phone numbers, is counted under one common name.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from userprofiles.legacy.documents.document_source import DocumentSource
from userprofiles.legacy.mapping.field import source_paths
from userprofiles.legacy.mapping.mapping import CollectionMapping, LegacyMapping

OTHER_NAMES = "(other names)"

_MAX_NAMES = 200
_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_$-]{0,63}")

# The known names of an object. A name without further names is known with all that it contains.
_NameTree = dict[str, "_NameTree"]


class CollectionStatistics:
    """Counts fields of the documents of a collection.

    Args:
        mapping: The mapping of the collection.
    """

    def __init__(self, mapping: CollectionMapping) -> None:
        self._mapping = mapping
        known = [*source_paths(mapping.fields), *mapping.ignored]
        # The ID of a link's document has no meaning, and each document of MongoDB has one.
        self._known_names = _name_tree([*known, "_id"] if mapping.kind else known)
        self._documents = 0
        self._damaged = 0
        self._missing: Counter[str] = Counter()
        self._unknown: Counter[str] = Counter()
        self._problems: Counter[str] = Counter()

    def add(self, document: Mapping[str, Any], problems: Sequence[str]) -> None:
        """Count a document.

        Args:
            document: The document.
            problems: The problems of the record that the mapping has read from it.
        """
        self._documents += 1
        self._problems.update(problems)
        self._missing.update(
            field.name for field in self._mapping.fields if field.sources and field.is_missing(document)
        )
        for name in _unknown_names(document, self._known_names):
            is_listed = name in self._unknown or len(self._unknown) < _MAX_NAMES
            self._unknown[name if is_listed else OTHER_NAMES] += 1

    def add_damaged(self, count: int) -> None:
        """Count documents that can't be read."""
        self._damaged += count

    def to_json(self) -> dict[str, Any]:
        """Return the counts."""
        return {
            "collection": self._mapping.collection,
            "documents": self._documents,
            "damaged": self._damaged,
            "unknownFields": dict(sorted(self._unknown.items())),
            "missing": {
                field.name: {
                    "from": list(field.sources),
                    "count": self._missing[field.name],
                    "share": round(self._missing[field.name] / max(self._documents, 1), 4),
                }
                for field in self._mapping.fields
                if field.sources
            },
            "problems": dict(sorted(self._problems.items())),
        }


class FirstPass:
    """Counts the fields of all collections of a mapping.

    Args:
        mapping: The mapping.
    """

    def __init__(self, mapping: LegacyMapping) -> None:
        self._collections = {entry.collection: CollectionStatistics(entry) for entry in mapping.collections}

    def add(self, collection: str, document: Mapping[str, Any], problems: Sequence[str]) -> None:
        """Count a document of a collection.

        Args:
            collection: The collection.
            document: The document.
            problems: The problems of the record that the mapping has read from it.
        """
        self._collections[collection].add(document, problems)

    def add_damaged(self, collection: str, count: int) -> None:
        """Count documents of a collection that can't be read."""
        self._collections[collection].add_damaged(count)

    def to_json(self) -> list[dict[str, Any]]:
        """Return the counts of each collection."""
        return [statistics.to_json() for statistics in self._collections.values()]


def run_first_pass(source: DocumentSource, mapping: LegacyMapping) -> FirstPass:
    """Read all documents of a source, and count their fields.

    Raises:
        LegacyError: The source can't be read.
    """
    first_pass = FirstPass(mapping)
    for collection in mapping.collections:
        for page in source.read_pages(collection.collection):
            first_pass.add_damaged(collection.collection, len(page.damaged))
            for document in page.documents:
                first_pass.add(collection.collection, document, collection.read(document)[1])
    return first_pass


def first_pass_lines(counts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the result of a first pass as lines of text.

    Args:
        counts: The result of `FirstPass.to_json`.
    """
    for entry in counts:
        yield f"{entry['collection']}: {entry['documents']:,} documents, {entry['damaged']:,} damaged"
        unknown = Counter(entry["unknownFields"]).most_common()
        if unknown:
            yield "  not in the mapping: " + ", ".join(f"{name} ({count:,})" for name, count in unknown)
        for name, missing in entry["missing"].items():
            if missing["count"]:
                yield (
                    f"  missing: {name} in {missing['count']:,} ({missing['share']:.1%}), "
                    f"from {' or '.join(missing['from'])}"
                )
        for problem, count in Counter(entry["problems"]).most_common():
            yield f"  does not fit: {problem} ({count:,})"


def _name_tree(paths: Sequence[str]) -> _NameTree:
    root: _NameTree = {}
    for path in sorted(paths, key=len, reverse=True):
        *parents, last = path.split(".")
        tree = root
        for name in parents:
            tree = tree.setdefault(name, {})
        tree[last] = {}  # longer paths come first: a path that contains others is known as a whole
    return root


def _unknown_names(document: Mapping[str, Any], known_names: _NameTree, prefix: str = "") -> Iterator[str]:
    for key, value in document.items():
        names = known_names.get(key)
        if names is None:
            yield prefix + (key if _NAME.fullmatch(key) else OTHER_NAMES)
        elif names and isinstance(value, Mapping):
            yield from _unknown_names(value, names, f"{prefix}{key}.")
