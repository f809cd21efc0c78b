"""The session of one invocation on a unit: it stores timeline and users in the bucket."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any

from userprofiles.backfill.errors import BackfillError
from userprofiles.backfill.ledger.ledger_session import LedgerSession
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.backfill.state_machine.run_folder import RunFolder
from userprofiles.backfill.stop import Stop
from userprofiles.jobs.key_hashes import hash_keys
from userprofiles.jobs.ledger import Lease, Ledger
from userprofiles.jobs.timeline import Timeline

_TIMELINE_EVERY_S = 60.0
_TIMELINES = "timeline"
_USERS = "users"


class UserHashes:
    """Stores the hashes of the users that one invocation reads, for the units that look for orphans.

    An invocation has one object, which it replaces by a longer one with each save. A killed invocation leaves
    an object that may have more users than its unit has counted. The next one reads them again.

    Args:
        folder: The folder of the run.
        name: The name of the invocation.
    """

    def __init__(self, folder: RunFolder, name: str) -> None:
        self._folder = folder
        self._name = f"{_USERS}/{name}.bin"
        self._hashes = bytearray()
        self._stored = 0

    def add(self, keys: Iterable[str]) -> None:
        """Add the PKs of users."""
        self._hashes += hash_keys(keys)

    def store(self) -> None:
        """Store what was added since the last call.

        Raises:
            BackfillFailedError: The object can't be written.
        """
        if len(self._hashes) == self._stored:
            return
        self._folder.write(self._name, bytes(self._hashes), "application/octet-stream")
        self._stored = len(self._hashes)


class UnitSession(LedgerSession):
    """The lease of a unit, while an invocation works on it.

    Args:
        ledger: The ledger.
        lease: The lease of the unit.
        stop: Ends the work.
        folder: The folder of the run.
        name: The name of the invocation.
        seconds_before: The seconds since the start of the run.
        users: The users that the units looking for orphans need, or None.
        warn: Logs a warning.
    """

    def __init__(
        self,
        ledger: Ledger,
        lease: Lease,
        stop: Stop,
        *,
        folder: RunFolder,
        name: str,
        seconds_before: float,
        users: UserHashes | None,
        warn: Callable[[str], None],
    ) -> None:
        super().__init__(ledger, lease, stop, seconds_before=seconds_before)
        self._folder = folder
        self._name = f"{_TIMELINES}/{name}.json"
        self._users = users
        self._warn = warn
        self._timeline_at = time.monotonic()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        self._store_timeline()

    def save_units(self, documents: Mapping[int, Mapping[str, Any]], keys: Sequence[str]) -> None:
        """Store the progress of the unit, after the users that it counts.

        Raises:
            BackfillError: The lease is lost, or bucket or ledger can't be written. No progress is stored.
        """
        if self._users:
            self._users.store()
        super().save_units(documents, keys)
        if time.monotonic() - self._timeline_at >= _TIMELINE_EVERY_S:
            self._store_timeline()

    def _store_timeline(self) -> None:
        """Store throughput and latency. The run does not depend on them."""
        timeline = self.counts.get("timeline")
        self._timeline_at = time.monotonic()
        if not timeline:
            return
        try:
            self._folder.write(self._name, json.dumps(timeline).encode(), "application/json")
        except BackfillError:
            self._warn(f"The timeline {self._name} can't be stored. The report shows less work over time.")


def invocation_name(state: SegmentState) -> str:
    """Return the name of an invocation: two of one unit that make progress begin at different rows."""
    return f"{state.segment:06d}-{state.rows:012d}"


def read_user_hashes(folder: RunFolder) -> Iterator[bytes]:
    """Yield the hashes of the users of all units.

    Raises:
        BackfillFailedError: They can't be read.
    """
    return folder.read_all(_USERS)


def read_timeline(folder: RunFolder) -> Timeline:
    """Return the work of all invocations over the time of the run.

    Raises:
        BackfillFailedError: It can't be read.
    """
    timeline = Timeline()
    for body in folder.read_all(_TIMELINES):
        timeline.add(Timeline.from_json(json.loads(body)))
    return timeline
