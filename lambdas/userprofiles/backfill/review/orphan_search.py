"""Finds the profiles without a user in one segment of the table, for a distributed verification."""

from collections.abc import Callable, Iterable, Iterator

from userprofiles.backfill.job import Job
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.review.item_reader import ItemReader
from userprofiles.backfill.review.orphan_units import OrphanUnit
from userprofiles.backfill.review.orphans import PROFILE_PROJECTION, confirm_orphans, verified_profile_keys
from userprofiles.backfill.segment_state import Chunk, SegmentState
from userprofiles.backfill.tables.calls import Calls
from userprofiles.backfill.tables.table_scan import scan
from userprofiles.jobs.key_hashes import KeyHashes, hash_number


class OrphanSearch:
    """Looks up the profiles of a segment in the hashes of all users.

    Args:
        unit: The segment, and the part of the hashes.
        job: The task of the verification.
        calls: Calls on the table.
        reader: Reads single items of the table.
        read_hashes: Reads the hashes of all users.
        started_at: The time of the start of the verification. Its hashes may not have users who came later.
        limits: The size of a page.
    """

    def __init__(
        self,
        unit: OrphanUnit,
        job: Job,
        calls: Calls,
        reader: ItemReader,
        *,
        read_hashes: Callable[[], Iterable[bytes]],
        started_at: str,
        limits: Limits,
    ) -> None:
        self._unit = unit
        self._job = job
        self._calls = calls
        self._reader = reader
        self._read_hashes = read_hashes
        self._started_at = started_at
        self._page_rows = limits.page_rows

    def process(self, state: SegmentState) -> Iterator[Chunk]:
        """Search the segment from the cursor of its state, and yield each page as a chunk.

        Raises:
            BackfillError: The table or the hashes can't be read.
        """
        unit = self._unit
        users = KeyHashes()
        for hashes in self._read_hashes():
            users.add_all(hashes, part=unit.part, parts=unit.parts)
        parameters = {"Limit": self._page_rows, **PROFILE_PROJECTION}
        if unit.segments > 1:
            parameters |= {"Segment": unit.segment, "TotalSegments": unit.segments}
        for response in scan(self._calls, state.cursor, **parameters):
            rows = response["Items"]
            keys = [
                key
                for key in dict.fromkeys(verified_profile_keys(self._job, rows))
                if hash_number(key) % unit.parts == unit.part and key not in users
            ]
            results = confirm_orphans(self._reader, self._job, keys, self._started_at) if keys else []
            yield Chunk(results, rows=len(rows), cursor=response.get("LastEvaluatedKey") or None)
