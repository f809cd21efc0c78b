"""The records that an import reports one by one, and the findings, in private files beside the ledger.

A record is listed with its ID, its place and the reason, never with its values. The stored progress of a unit
says how many lines of its files are valid, so that a killed run lists nothing twice.
"""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from userprofiles.backfill.errors import BackfillFailedError, ErrorKind
from userprofiles.jobs.file_quarantine import FileQuarantine
from userprofiles.jobs.quarantine import Part, QuarantinedRow, QuarantineError
from userprofiles.legacy.job.stage import Outcome, RecordResult
from userprofiles.legacy.job.unit_state import UnitState

LISTED = frozenset({Outcome.FAILED, Outcome.CONFLICT, Outcome.KEPT})
"""Outcomes of records that a run lists."""

DIFFERENCES = frozenset({Outcome.FAILED, Outcome.CHANGED})
"""Outcomes of records that a verification lists."""

_FINDINGS = "findings"


class ListedResults:
    """The lists of one run.

    Args:
        folder: The folder of the run. It is created with the first line.
        run_id: The ID of the run.
        outcomes: The outcomes of records that are listed.
    """

    def __init__(self, folder: Path, run_id: str, outcomes: Collection[Outcome] = LISTED) -> None:
        self._outcomes = outcomes
        self._rows = FileQuarantine(folder)
        self._findings = FileQuarantine(folder / _FINDINGS)
        self._run_id = run_id
        self._new: dict[int, tuple[UnitState, list[QuarantinedRow], list[QuarantinedRow]]] = {}

    @property
    def name(self) -> str:
        """The folder."""
        return self._rows.name

    @property
    def findings_name(self) -> str:
        """The folder of the findings."""
        return self._findings.name

    def add(self, state: UnitState, results: Sequence[RecordResult]) -> None:
        """Keep the lines of results until `write`."""
        _, rows, findings = self._new.setdefault(state.unit.number, (state, [], []))
        for result in results:
            if result.outcome in self._outcomes:
                rows.append(self._row(state, result, f"{result.outcome.value}: {result.reason}"))
            findings += [self._row(state, result, text) for text in result.findings]

    def _row(self, state: UnitState, result: RecordResult, reason: str) -> QuarantinedRow:
        key = {"stage": state.unit.stage, "collection": state.unit.collection}
        return QuarantinedRow(self._run_id, state.unit.number, result.record_id, key, "", reason)

    def write(self) -> None:
        """Write the new lines, and count them in the states of their units.

        Raises:
            BackfillFailedError: They can't be written.
        """
        try:
            for state, rows, findings in self._new.values():
                self._rows.append(Part(state.unit.number, state.listed), rows)
                state.listed += len(rows)
                self._findings.append(Part(state.unit.number, state.findings), findings)
                state.findings += len(findings)
        except QuarantineError as error:
            raise BackfillFailedError(ErrorKind.STATE, str(error)) from error
        self._new = {}

    def rows(self, states: Sequence[UnitState]) -> Iterator[dict[str, str]]:
        """Yield the listed records of units, for the report.

        Raises:
            BackfillFailedError: A line is missing or damaged.
        """
        yield from _read(self._rows, [Part(state.unit.number, state.listed) for state in states])

    def findings(self, states: Sequence[UnitState]) -> Iterator[dict[str, str]]:
        """Yield the findings of units, for the report. It raises the error of `rows`."""
        yield from _read(self._findings, [Part(state.unit.number, state.findings) for state in states])


def _read(quarantine: FileQuarantine, parts: Sequence[Part]) -> Iterator[dict[str, str]]:
    try:
        for part in parts:
            for row in quarantine.read(part):
                yield {"recordId": row.row_id, **row.key, "reason": row.reason}
    except QuarantineError as error:
        raise BackfillFailedError(ErrorKind.STATE, str(error)) from error
