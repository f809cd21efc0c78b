"""Reads the records of a stage: the documents of a collection, cut to a batch and mapped."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from userprofiles.jobs.key_hashes import KeyHashes
from userprofiles.legacy.documents.document_source import DocumentPage, DocumentSource, Position
from userprofiles.legacy.job.import_job import ImportSlice
from userprofiles.legacy.job.link_documents import link_owner
from userprofiles.legacy.job.stage import LegacyRecord, Outcome, RecordKind, RecordResult, Stage
from userprofiles.legacy.job.unit_state import UNITS_PER_STAGE, Unit
from userprofiles.legacy.mapping.records import LegacyContent, LegacyLink, LegacyUser

LINKS_STAGE = "links"
_STAGES_OF_ALL_BATCHES = frozenset({LINKS_STAGE, "counters"})  # a friend can be in any former batch

NO_ID = "the document has no usable ID"
DAMAGED = "the document can't be read"


class Mapper(Protocol):
    """What the job needs of a `LegacyMapping`."""

    @property
    def users_collection(self) -> str:
        """The name of the users' collection."""

    @property
    def content_collections(self) -> Sequence[str]:
        """The names of the collections with content."""

    def read_user(self, document: Mapping[str, Any]) -> LegacyUser:
        """Return the user of a document."""

    @property
    def link_collections(self) -> Sequence[str]:
        """The names of the collections with a document for each link."""

    @property
    def users_list_links(self) -> bool:
        """Whether documents of users have lists of other users."""

    def read_content(self, collection: str, document: Mapping[str, Any]) -> LegacyContent:
        """Return the content of a document."""

    def read_link(self, collection: str, document: Mapping[str, Any]) -> LegacyLink:
        """Return the link of a document."""


@dataclass(frozen=True)
class WorkPage:
    """A part of a unit.

    Attributes:
        position: The position after it.
        read: The documents since the page before, also those of other batches.
        content: What is processed: documents, or keys of a rollback.
    """

    position: Position
    read: int
    content: Any = field(repr=False)


@dataclass(frozen=True)
class MappedPage:
    """The records of a page.

    Attributes:
        records: The records for the stage.
        unreadable: The results of documents that are no records.
    """

    records: Sequence[LegacyRecord]
    unreadable: Sequence[RecordResult]


class RecordReader:
    """Reads records for the stages of one run.

    Args:
        source: The source.
        mapping: The mapping.
        part: The batch.
    """

    def __init__(self, source: DocumentSource, mapping: Mapper, part: ImportSlice) -> None:
        self._source = source
        self._mapping = mapping
        self._part = part
        self._owners: KeyHashes | None = None
        self._first_stages: dict[str, str] = {}

    def of_all_users(self) -> "RecordReader":
        """Return a reader of the same source without a batch."""
        return RecordReader(self._source, self._mapping, ImportSlice())

    def units(self, stages: Sequence[Stage[Any]]) -> list[Unit]:
        """Return the units of stages, in the order of the stages."""
        units = [
            Unit(number * UNITS_PER_STAGE + index, stage.name, collection)
            for number, stage in enumerate(stages)
            for index, collection in enumerate(self._collections(stage))
        ]
        for unit in units:
            self._first_stages.setdefault(unit.collection, unit.stage)
        return units

    def _collections(self, stage: Stage[Any]) -> Sequence[str]:
        if stage.reads is RecordKind.CONTENT:
            return self._mapping.content_collections
        users = [self._mapping.users_collection]
        if stage.name != LINKS_STAGE or not self._mapping.link_collections:
            return users
        lists = users if self._mapping.users_list_links else []
        return [*lists, *self._mapping.link_collections]

    def pages(self, unit: Unit, position: Position | None, read: int, page_size: int) -> Iterator[WorkPage]:
        """Yield the pages of a unit after a position.

        Args:
            unit: The unit.
            position: The position; None for the beginning.
            read: The documents before it.
            page_size: The documents of a page.

        Raises:
            LegacyError: The collection can't be read.
        """
        if unit.collection != self._mapping.users_collection:
            for page in self._source.read_pages(unit.collection, position, page_size):
                yield WorkPage(page.position, len(page.documents), page)
            return
        start = 0 if unit.stage in _STAGES_OF_ALL_BATCHES else self._part.skip
        counted = read
        for page, first in self._counted_pages(position, read, page_size):
            end = first + len(page.documents)
            last = end if self._part.end is None else min(end, self._part.end)
            if end > start or page.damaged:
                documents = page.documents[max(start - first, 0) : last - first]
                yield WorkPage(page.position, end - counted, replace(page, documents=documents))
                counted = end

    def _counted_pages(
        self, position: Position | None, read: int, page_size: int
    ) -> Iterator[tuple[DocumentPage, int]]:
        """Yield pages of users up to the end of the batch, with the number of documents before each."""
        if self._part.end is not None and read >= self._part.end:
            return
        for page in self._source.read_pages(self._mapping.users_collection, position, page_size):
            yield page, read
            read += len(page.documents)
            if self._part.end is not None and read >= self._part.end:
                return

    def map_page(self, unit: Unit, page: WorkPage) -> MappedPage:
        """Return the records of a page. Any thread can call this, after `prepare` of the unit.

        Unreadable documents are results of the first stage that reads their collection, and of no other.
        """
        content: DocumentPage = page.content
        unreadable = [
            RecordResult(record_id=item.place, outcome=Outcome.FAILED, reason=f"{DAMAGED}: {item.reason}")
            for item in content.damaged
        ]
        records: list[LegacyRecord] = []
        for document in content.documents:
            record = self._read(unit, document)
            if not record.old_id:
                unreadable.append(RecordResult(record_id="", outcome=Outcome.FAILED, reason=NO_ID))
            elif self._is_in_batch(record):
                records.append(record)
        is_first = self._first_stages.get(unit.collection) == unit.stage
        return MappedPage(records, unreadable if is_first else ())

    def _read(self, unit: Unit, document: Mapping[str, Any]) -> LegacyUser | LegacyContent:
        if unit.collection == self._mapping.users_collection:
            return self._mapping.read_user(document)
        if unit.collection in self._mapping.link_collections:
            return link_owner(self._mapping.read_link(unit.collection, document))
        return self._mapping.read_content(unit.collection, document)

    def _is_in_batch(self, record: LegacyRecord) -> bool:
        return (
            self._owners is None or not isinstance(record, LegacyContent) or record.owner_id in self._owners
        )

    def prepare(self, unit: Unit) -> None:
        """Read the IDs of the batch's users if content has to be chosen by its owner."""
        if self._part.is_whole or self._owners or unit.collection == self._mapping.users_collection:
            return
        owners = KeyHashes()
        users = Unit(0, "users", self._mapping.users_collection)
        for page in self.pages(users, None, 0, 500):
            for document in page.content.documents:
                owners.add(self._mapping.read_user(document).old_id)
        self._owners = owners
