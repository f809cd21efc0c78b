"""What a full import, a delta pass and a verification do with the records of a unit."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from userprofiles.backfill.errors import BackfillFailedError, ErrorKind
from userprofiles.jobs.counted import counted
from userprofiles.legacy.job.record_reader import RecordReader, WorkPage
from userprofiles.legacy.job.stage import Outcome, RecordResult, Stage
from userprofiles.legacy.job.unit_state import Unit, UnitState, add_outcomes

PAGE_RECORDS: Mapping[str, int] = {"users": 10}
"""Records of a page by stage. A user needs several calls to Cognito, so a page takes a second or more."""

STAGE_THREADS: Mapping[str, int] = {"users": 32}
"""Threads by stage. Cognito answers a call in a part of a second, so few threads don't reach its quotas."""

OTHER_PAGE_RECORDS = 100

NO_THREADS: Mapping[str, int] = {}

Act = Callable[[Stage[Any], Sequence[Any]], list[RecordResult]]


def process(stage: Stage[Any], records: Sequence[Any]) -> list[RecordResult]:
    """Import records."""
    return stage.process(records)


def update(stage: Stage[Any], records: Sequence[Any]) -> list[RecordResult]:
    """Import what is new or has changed."""
    return stage.update(records)


def verify(stage: Stage[Any], records: Sequence[Any]) -> list[RecordResult]:
    """Compare records with what was imported."""
    return stage.verify(records)


class ImportWork:
    """Reads the records of each unit and passes them to its stage.

    Args:
        stages: The stages in their order.
        reader: Reads the records.
        act: What a stage does with records: `process`, `update` or `verify`.
        threads: The number of threads by stage; that of the limits for others.
        max_failures: The failed records with which the run continues; None for no limit.
        check_counts: Called with the states after each page and unit; raises the error that ends the run.
    """

    def __init__(
        self,
        stages: Sequence[Stage[Any]],
        reader: RecordReader,
        act: Act = process,
        *,
        threads: Mapping[str, int] = NO_THREADS,
        max_failures: int | None = None,
        check_counts: Callable[[Sequence[UnitState]], None] = lambda _states: None,
    ) -> None:
        self._stages = {stage.name: stage for stage in stages}
        self._reader = reader
        self._act = act
        self._threads = threads
        self._max_failures = max_failures
        self._check_counts = check_counts

    def units(self) -> Sequence[Unit]:
        """Return the units in their order."""
        return self._reader.units(list(self._stages.values()))

    def pages(self, state: UnitState) -> Iterator[WorkPage]:
        """Yield the pages of a unit that are not done."""
        self._reader.prepare(state.unit)
        size = PAGE_RECORDS.get(state.unit.stage, OTHER_PAGE_RECORDS)
        yield from self._reader.pages(state.unit, state.position, state.read, size)

    def process(self, unit: Unit, page: WorkPage) -> list[RecordResult]:
        """Process a page."""
        mapped = self._reader.map_page(unit, page)
        results = self._act(self._stages[unit.stage], mapped.records) if mapped.records else []
        return [*mapped.unreadable, *results]

    def threads(self, unit: Unit) -> int | None:
        """Return the number of threads for a unit; None for that of the limits."""
        return self._threads.get(unit.stage)

    def keys(self, unit: Unit, results: Sequence[RecordResult]) -> list[str]:
        """Return the keys of what was created, each with the name of its stage."""
        return [stage_key(unit.stage, key) for result in results for key in result.keys]

    def check(self, states: Sequence[UnitState]) -> None:
        """Check the number of failed records, and the counts.

        Raises:
            BackfillError: The run must end.
        """
        failed = add_outcomes(states)[Outcome.FAILED]
        if self._max_failures is not None and failed > self._max_failures:
            raise BackfillFailedError(
                ErrorKind.TOLERANCE,
                f"{counted(failed, 'record')} failed, more than --max-failures {self._max_failures:,}.\n"
                "Correct the cause and resume the run, or apply the plan again with a higher --max-failures. "
                "What was imported is kept.",
            )
        self._check_counts(states)


def stage_key(stage: str, key: str) -> str:
    """Return a key as the ledger lists it."""
    return f"{stage} {key}"


def split_stage_key(text: str) -> tuple[str, str]:
    """Return the stage and the key of an entry in the ledger."""
    stage, _, key = text.partition(" ")
    return stage, key
