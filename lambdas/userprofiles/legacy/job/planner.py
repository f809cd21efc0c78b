"""Makes a plan: reads the whole source, and asks each stage what it would do. Nothing is written."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from userprofiles.backfill.errors import StoppedError
from userprofiles.backfill.stop import Stop
from userprofiles.jobs.digest import OrderFreeDigest, record_number
from userprofiles.legacy.documents.document_source import DocumentPage
from userprofiles.legacy.job.record_reader import MappedPage, RecordReader, WorkPage
from userprofiles.legacy.job.stage import Conflict, LegacyRecord, Stage, StageEstimate
from userprofiles.legacy.job.unit_state import Unit, UnitState
from userprofiles.legacy.job.unit_work import ImportObserver

_PAGE_RECORDS = 500

OpenStages = Callable[[Sequence[Conflict]], AbstractContextManager[Sequence[Stage[Any]]]]
"""Creates the stages with the conflicts that the first pass has found."""


class FirstPass(Protocol):
    """Counts the fields of documents."""

    def add(self, collection: str, page: DocumentPage) -> None:
        """Count the fields of documents."""

    def to_json(self) -> list[dict[str, Any]]:
        """Return unknown fields and the share of missing ones, by collection, without values."""


@dataclass
class UnitPlan:
    """What a run would do with a unit.

    Attributes:
        state: The expected counts.
        estimate: What the unit needs in AWS.
        digest: The digest of its records, which does not depend on their order.
    """

    state: UnitState
    estimate: StageEstimate = field(default_factory=StageEstimate)
    digest: OrderFreeDigest = field(default_factory=OrderFreeDigest)

    def to_json(self) -> dict[str, Any]:
        """Return the counts as a plan has them."""
        state = self.state
        return {
            "unit": state.unit.number,
            "stage": state.unit.stage,
            "collection": state.unit.collection,
            "documents": state.read,
            "outcomes": dict(sorted(state.outcomes.items())),
            "reasons": dict(sorted(state.reasons.items())),
            "numbers": dict(sorted(state.numbers.items())),
            "digest": self.digest.hexdigest(),
        }


@dataclass(frozen=True)
class PlanSummary:
    """What the planner has read.

    Attributes:
        units: What a run would do, unit by unit.
        conflicts: The conflicts among the users.
        first_pass: Unknown and missing fields, by collection.
    """

    units: Sequence[UnitPlan]
    conflicts: Sequence[Conflict]
    first_pass: Sequence[Mapping[str, Any]]

    @property
    def estimate(self) -> StageEstimate:
        """What all units need in AWS."""
        return sum((unit.estimate for unit in self.units), StageEstimate())


class ImportPlanner:
    """Reads a source for a plan.

    The users are read twice: a conflict shows only at its second user, and must be counted for both.

    Args:
        reader: Reads the records.
        first_pass: Counts fields.
        open_stages: Creates the stages.
        observer: Shows the progress.
        stop: Ends the planning at the next page.
    """

    def __init__(
        self,
        reader: RecordReader,
        first_pass: FirstPass,
        open_stages: OpenStages,
        *,
        observer: ImportObserver,
        stop: Stop,
    ) -> None:
        self._reader = reader
        self._first_pass = first_pass
        self._open_stages = open_stages
        self._observer = observer
        self._stop = stop
        self._counted_collections: set[str] = set()

    def plan(self) -> PlanSummary:
        """Read everything.

        Raises:
            BackfillError, LegacyError: The source or AWS can't be read, or a stop was requested.
        """
        with self._open_stages(()) as stages:
            conflicts = self._find_conflicts(stages)
        with self._open_stages(conflicts) as stages:
            by_name = {stage.name: stage for stage in stages}
            units = [UnitPlan(UnitState(unit)) for unit in self._reader.units(stages)]
            for unit in units:
                self._read_unit(unit, by_name[unit.state.unit.stage], units)
        self._observer.show_progress([unit.state for unit in units], is_last=True)
        return PlanSummary(units, conflicts, self._first_pass.to_json())

    def _find_conflicts(self, stages: Sequence[Stage[Any]]) -> Sequence[Conflict]:
        """Read all users, also of other batches: two users of a conflict can be in different batches.

        The fields of their documents are counted on the way.
        """
        reader = self._reader.of_all_users()
        users = reader.units(stages)[0]
        state = UnitState(users)
        for page, mapped in self._pages(reader, users):
            self._first_pass.add(users.collection, page.content)
            stages[0].preview(mapped.records)
            state.read += page.read
            self._observer.show_progress([state], is_last=False)
        self._counted_collections.add(users.collection)
        return stages[0].conflicts()

    def _read_unit(self, plan: UnitPlan, stage: Stage[Any], units: Sequence[UnitPlan]) -> None:
        unit = plan.state.unit
        for page, mapped in self._pages(self._reader, unit):
            if unit.collection not in self._counted_collections:
                self._first_pass.add(unit.collection, page.content)
            plan.state.add([*mapped.unreadable, *stage.preview(mapped.records)])
            plan.state.read += page.read
            plan.estimate += stage.estimate(mapped.records)
            for record in mapped.records:
                plan.digest.add(_record_number(unit, record))
            self._observer.show_progress([other.state for other in units], is_last=False)
        plan.state.done = True
        self._counted_collections.add(unit.collection)

    def _pages(self, reader: RecordReader, unit: Unit) -> Iterator[tuple[WorkPage, MappedPage]]:
        reader.prepare(unit)
        for page in reader.pages(unit, None, 0, _PAGE_RECORDS):
            if self._stop.is_requested:
                raise StoppedError("Stopped before the plan was complete. Nothing was written. Run it again.")
            yield page, reader.map_page(unit, page)


def _record_number(unit: Unit, record: LegacyRecord) -> int:
    return record_number(unit.collection, record.old_id, record.digest)
