"""The progress of a verification or rollback, and its results as text and JSON."""

import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from userprofiles.backfill import report
from userprofiles.backfill.command.output import Output
from userprofiles.backfill.command.progress_line import ProgressLine
from userprofiles.backfill.command.view_observer import ViewObserver
from userprofiles.backfill.errors import BackfillFailedError, ErrorKind
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.outcome import Outcome, UserResult
from userprofiles.backfill.review.difference_log import DifferenceLog
from userprofiles.backfill.segment_state import SegmentState

_SHOWN = 20


class ReviewView:
    """Shows the users by outcome: a bar on a terminal, else lines.

    Args:
        limits: The times between two updates.
        outcomes: The outcomes to show.
    """

    def __init__(self, limits: Limits, outcomes: Sequence[Outcome]) -> None:
        self._line = ProgressLine(limits)
        self._outcomes = outcomes

    def start(self, count_rows: Callable[[], int | None]) -> None:
        """Start the clock, as `ProgressLine.start` does."""
        self._line.start(0, count_rows)

    def show_results(self, results: Sequence[UserResult]) -> None:
        """Show nothing: this view shows only counts."""

    def show_progress(self, states: Iterable[SegmentState], *, is_last: bool) -> None:
        """Show the bar or a line, if the last update is old enough."""
        if is_last:
            self._line.clear()
        elif self._line.is_due:
            all_states = list(states)
            tally, _ = report.add_up(all_states)
            counts = [f"{tally.other[outcome.value]:,} {outcome.value}" for outcome in self._outcomes]
            self._line.show(sum(state.rows for state in all_states), ", ".join(counts))

    def show_message(self, message: str) -> None:
        """Show a message on standard error."""
        self._line.show_message(message)


class ReviewObserver(ViewObserver):
    """Lists differences, and shows the progress.

    Args:
        view: Shows the progress.
        differences: Lists the differences.
    """

    def __init__(self, view: ReviewView, differences: DifferenceLog) -> None:
        super().__init__(view)
        self._differences = differences

    def record_results(self, state: SegmentState, results: Sequence[UserResult]) -> None:
        """List the differences among some results."""
        self._differences.add(results)
        super().record_results(state, results)


def write_result(
    document: Mapping[str, Any],
    differences: DifferenceLog,
    summary: str,
    *,
    as_json: bool,
    path: Path | None,
) -> None:
    """Write the result of a verification or rollback to standard output and to the file of `--report`.

    Args:
        document: The report without its list of users.
        differences: The list of users.
        summary: The result as text.
        as_json: Whether standard output has the report, as JSON.
        path: The file for the report, or None.

    Raises:
        BackfillError: Standard output or the file can't be written.
    """
    if as_json:
        Output().write_all(_pieces(document, differences))
    else:
        Output().write_all(itertools.chain([summary], _lines(differences)))
    if path is None:
        return
    try:
        report.write_file(path, _pieces(document, differences))
    except OSError as error:
        raise BackfillFailedError(
            ErrorKind.REPORT,
            f"--report {path}: the file can't be written: {error.strerror}.\n"
            "Free space, or use another file.",
        ) from error


def _pieces(document: Mapping[str, Any], differences: DifferenceLog) -> Iterator[str]:
    """Yield the report as JSON text in pieces, so that the users are never all in memory."""
    yield json.dumps(dict(document), indent=2).removesuffix("\n}") + ',\n  "users": ['
    separator = "\n    "
    for entry in differences:
        yield separator + json.dumps(entry)
        separator = ",\n    "
    yield "\n  ]\n}\n" if separator.startswith(",") else "]\n}\n"


def _lines(differences: DifferenceLog) -> Iterator[str]:
    entries = iter(differences)
    for entry in itertools.islice(entries, _SHOWN):
        yield f"  {_printable(entry['userId'])}: {entry['outcome']}: {_printable(entry['reason'])}\n"
    rest = sum(1 for _ in entries)
    if rest:
        yield f"  and {rest:,} more: --report FILE.json lists all of them\n"


def _printable(text: str) -> str:
    """Return a text without control characters: it can't move the cursor or start a line."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)
