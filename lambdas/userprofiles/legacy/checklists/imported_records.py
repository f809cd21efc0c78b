"""The records of a run that the checklist after the cut-over compares: a sample, or all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from userprofiles.legacy.checklists.sample import WINDOW, choose
from userprofiles.legacy.job.record_reader import Mapper, RecordReader
from userprofiles.legacy.job.unit_state import UNITS_PER_STAGE, Unit

_PAGE = 500


@dataclass
class ImportedRecords:
    """Reads the users and the content of a run.

    Attributes:
        reader: Reads the batch of the run.
        mapping: The mapping.
        sample_size: The number of users; None for all.
    """

    reader: RecordReader
    mapping: Mapper
    sample_size: int | None
    _sample: Sequence[Any] = field(default=(), init=False, repr=False)

    def users(self) -> Iterator[Any]:
        """Yield the users.

        Raises:
            LegacyError: The source can't be read.
        """
        unit = Unit(0, "users", self.mapping.users_collection)
        if self.sample_size is None:
            return self._read(unit)
        if not self._sample:
            self._sample = choose(list(islice(self._read(unit), WINDOW)), self.sample_size)
        return iter(self._sample)

    def contents(self) -> Iterator[Any]:
        """Yield the content of the users: of a sample, what is near the beginning of the source.

        Raises:
            LegacyError: The source can't be read.
        """
        units = [
            Unit(UNITS_PER_STAGE + index, "content", collection)
            for index, collection in enumerate(self.mapping.content_collections)
        ]
        owner_ids = None if self.sample_size is None else {user.old_id for user in self.users()}
        for unit in units:
            records = self._read(unit)
            if owner_ids is None:
                yield from records
            else:
                yield from (record for record in islice(records, WINDOW) if record.owner_id in owner_ids)

    def _read(self, unit: Unit) -> Iterator[Any]:
        self.reader.prepare(unit)
        for page in self.reader.pages(unit, None, 0, _PAGE):
            yield from self.reader.map_page(unit, page).records
