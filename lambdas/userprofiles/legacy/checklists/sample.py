"""A sample of the old users with their content, read from the beginning of the source."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from userprofiles.legacy.documents.document_source import DocumentSource
from userprofiles.legacy.job.record_reader import Mapper
from userprofiles.legacy.mapping.records import LegacyContent, LegacyUser

USERS = 20
WINDOW = 5_000
"""The documents of a collection, at most, from which the sample is taken: a dump can have many gigabytes."""

_PAGE = 500

T = TypeVar("T")


@dataclass(frozen=True)
class Sample:
    """Some users and their content.

    Attributes:
        users: The users.
        contents: Content of these users, as far as it is in the window.
        damaged: Documents of the window that can't be read.
    """

    users: Sequence[LegacyUser] = field(repr=False)
    contents: Sequence[LegacyContent] = field(repr=False)
    damaged: int = 0


def read_sample(source: DocumentSource, mapping: Mapper, size: int = USERS) -> Sample:
    """Read users at equal distances, and their content.

    Raises:
        LegacyError: The source can't be read.
    """
    documents, damaged = _read_window(source, mapping.users_collection)
    users = [mapping.read_user(document) for document in choose(documents, size)]
    owner_ids = {user.old_id for user in users}
    contents: list[LegacyContent] = []
    for collection in mapping.content_collections:
        content_documents, damaged_contents = _read_window(source, collection)
        damaged += damaged_contents
        records = (mapping.read_content(collection, document) for document in content_documents)
        contents += [record for record in records if record.owner_id in owner_ids]
    return Sample(users, contents, damaged)


def choose(entries: Sequence[T], size: int) -> Sequence[T]:
    """Return entries at equal distances."""
    step = max(1, len(entries) // size)
    return entries[::step][:size]


def _read_window(source: DocumentSource, collection: str) -> tuple[list[Mapping[str, Any]], int]:
    documents: list[Mapping[str, Any]] = []
    damaged = 0
    for page in source.read_pages(collection, None, _PAGE):
        documents += page.documents
        damaged += len(page.damaged)
        if len(documents) >= WINDOW:
            break
    return documents[:WINDOW], damaged
