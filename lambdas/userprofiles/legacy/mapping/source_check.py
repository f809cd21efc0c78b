"""Checks whether a source is one of the application that a mapping describes, before an import begins."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from userprofiles.legacy.documents.document_source import DocumentSource
from userprofiles.legacy.errors import SourceRefusedError
from userprofiles.legacy.mapping.field import Field
from userprofiles.legacy.mapping.mapping import CollectionMapping, LegacyMapping

_PROBE_DOCUMENTS = 100
_LOGINS = ("phone_number", "email")


def check_source(source: DocumentSource, mapping: LegacyMapping) -> None:
    """Check the collections and the first documents of a source.

    Args:
        source: The source.
        mapping: The mapping.

    Raises:
        SourceRefusedError: A collection is missing, or none of its first documents has a field that an import
            needs.
    """
    collections = source.collections()
    missing = [entry.collection for entry in mapping.collections if entry.collection not in collections]
    problems = [f"the source has no collection {name!r}" for name in missing]
    for entry in mapping.collections:
        if entry.collection not in missing:
            problems += _find_problems(entry, _first_documents(source, entry.collection), mapping)
    if problems:
        raise SourceRefusedError(
            f"The source does not fit the mapping {mapping.source_name!r}:\n"
            + "".join(f"- {problem}\n" for problem in problems)
            + f"Collections of the source: {', '.join(collections) or 'none'}.\n"
            "Check whether it is the database of this application, or change the mapping: --mapping FILE."
        )


def _first_documents(source: DocumentSource, collection: str) -> Sequence[Mapping[str, Any]]:
    for page in source.read_pages(collection, page_size=_PROBE_DOCUMENTS):
        if page.documents:
            return page.documents
    return []


def _find_problems(
    entry: CollectionMapping, documents: Sequence[Mapping[str, Any]], mapping: LegacyMapping
) -> Iterator[str]:
    fields = {field.name: field for field in entry.fields}
    groups = [[field] for field in entry.fields if field.target.is_required]
    if entry is mapping.users:
        groups.append([fields[name] for name in _LOGINS])
    for group in groups:
        if documents and not any(_has_any(document, group) for document in documents):
            sources = " or ".join(source for field in group for source in field.sources)
            yield (
                f"{entry.collection}: none of the first {len(documents)} documents has {sources} "
                f"(for {' or '.join(field.name for field in group)})"
            )


def _has_any(document: Mapping[str, Any], fields: Sequence[Field]) -> bool:
    return any(not field.is_missing(document) for field in fields)
