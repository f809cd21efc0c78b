"""Links that have documents of their own, found by their owner.

SQLite keeps at most 4 MB of them in memory, and the rest in a file that it deletes when the database is
closed (https://www.sqlite.org/inmemorydb.html, "Temporary Databases"). The index has old IDs only.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager

from userprofiles.legacy.documents.document_source import DocumentPage, DocumentSource
from userprofiles.legacy.mapping.mapping import LegacyMapping
from userprofiles.legacy.mapping.records import LegacyLink

_SCHEMA = """
PRAGMA temp_store = FILE;
PRAGMA cache_size = -4000;
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE link (owner_id TEXT, kind TEXT, other_id TEXT);
CREATE INDEX link_owner ON link (owner_id, kind);
BEGIN;
"""


class LinkIndex:
    """Links by owner. All threads can read it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._database.executescript(_SCHEMA)

    def close(self) -> None:
        """Delete the index."""
        self._database.close()

    def add(self, links: Iterable[LegacyLink]) -> None:
        """Add links. One without owner or without the other user is left out."""
        rows = [
            (link.owner_id, link.kind, link.other_id) for link in links if link.owner_id and link.other_id
        ]
        with self._lock:
            self._database.executemany("INSERT INTO link VALUES (?, ?, ?)", rows)

    def other_ids(self, owner_id: str, kind: str) -> tuple[str, ...]:
        """Return the other users of an owner's links, in the order in which they were added."""
        query = "SELECT other_id FROM link WHERE owner_id = ? AND kind = ? ORDER BY rowid"
        with self._lock:
            rows = self._database.execute(query, (owner_id, kind)).fetchall()
        return tuple(other_id for (other_id,) in rows)


@contextmanager
def include_links(
    mapping: LegacyMapping,
    source: DocumentSource,
    observe: Callable[[str, DocumentPage], None] = lambda _collection, _page: None,
) -> Iterator[LegacyMapping]:
    """Read the collections of links for the block of a `with`.

    Args:
        mapping: The mapping.
        source: The source.
        observe: Gets each page of a collection of links, to count its fields.

    Yields:
        A mapping whose users also have the links of these collections in their lists. Without such a
        collection, it is the same mapping.

    Raises:
        LegacyError: The source can't be read.
    """
    if not mapping.links:
        yield mapping
        return
    with closing(LinkIndex()) as index:
        for collection in mapping.link_collections:
            for page in source.read_pages(collection):
                observe(collection, page)
                index.add(mapping.read_link(collection, document) for document in page.documents)
        yield mapping.with_links(index)
