"""Checks of what was imported, by the same comparison as `userprofiles import verify`."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from userprofiles.legacy.checklists.sample_checks import format_outcomes
from userprofiles.legacy.job.stage import Outcome, RecordResult, Stage
from userprofiles.stack_setup.check_result import CheckFailedError

_PAGE = 25
_SHOWN_IDS = 3

R = TypeVar("R")


def check_stage(stage: Stage[Any], records: Iterable[Any]) -> str:
    """Check that records are as the import created them, or as their users have changed them since.

    Args:
        stage: The stage that imported them.
        records: Users or content.
    """
    counts: Counter[Outcome] = Counter()
    failures: list[RecordResult] = []
    for page in pages(records):
        results = stage.verify(page)
        counts.update(result.outcome for result in results)
        failures += [result for result in results if result.outcome is Outcome.FAILED]
    text = format_outcomes(counts)
    if failures:
        old_ids = ", ".join(result.record_id for result in failures[:_SHOWN_IDS])
        raise CheckFailedError(
            f"{text}; for example {old_ids}: {failures[0].reason}",
            "userprofiles import verify lists all differences. userprofiles import delta imports records, "
            "links and plans that are missing. It restores neither a user who is missing in Cognito nor a "
            "deleted item or file of an imported record: restore them from the backup, or roll the batch "
            "back and import it again.",
        )
    return text


def pages(records: Iterable[R]) -> Iterator[Sequence[R]]:
    """Yield records in pages, so that the memory does not grow with their number."""
    page: list[R] = []
    for record in records:
        page.append(record)
        if len(page) == _PAGE:
            yield page
            page = []
    if page:
        yield page
