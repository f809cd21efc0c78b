"""The checklist after the cut-over: counts, users, content, links, plans, files, uploads, and problems."""

import functools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from userprofiles.legacy.checklists.media_check import check_media
from userprofiles.legacy.checklists.problem_checks import check_problems
from userprofiles.legacy.checklists.result_checks import check_stage
from userprofiles.legacy.checklists.upload_check import check_upload
from userprofiles.legacy.claims import Users
from userprofiles.legacy.job.stage import Outcome, RecordKind, Stage
from userprofiles.stack_setup.check_result import CheckFailedError, CheckResult, run_checks
from userprofiles.stack_setup.stack import Stack

_LINES = {
    "users": "users can sign in by phone",
    "content": "content is readable",
    "links": "friends, subscribers and blocks",
    "premium": "paid plans",
    "counters": "counters of links and content",
    "pictures": "pictures of profiles",
}
"""The line of each stage."""


@dataclass(frozen=True, kw_only=True)
class PostflightInput:
    """What the checklist is about.

    Attributes:
        stack: The stack.
        stages: The stages of the run.
        read_users: Returns the users to check: a sample, or all.
        read_contents: Returns the content to check.
        outcomes: The outcomes of the run by stage.
        users: Finds the users here by their old IDs.
        cut_over: When the new application went live; None if the operator did not say.
        max_problems: The accepted number of problems since then.
        now: The current time.
    """

    stack: Stack
    stages: Sequence[Stage[Any]]
    read_users: Callable[[], Iterable[Any]]
    read_contents: Callable[[], Iterable[Any]]
    outcomes: Mapping[str, Mapping[Outcome, int]]
    users: Users
    cut_over: datetime | None
    max_problems: int
    now: datetime


def postflight(values: PostflightInput) -> Iterator[CheckResult]:
    """Yield one result for each line of the checklist.

    Raises:
        userprofiles.backfill.errors.BackfillError: Credentials, network or region have a problem that all
            checks would have.
    """
    yield from run_checks(_list_checks(values))


def _list_checks(values: PostflightInput) -> Iterator[tuple[str, Callable[[], str]]]:
    yield "counts of the run", lambda: check_counts(values.outcomes)
    for stage in values.stages:
        yield (
            _LINES.get(stage.name, stage.name),
            functools.partial(_check_stage, values, stage),
        )
    yield (
        "files are reachable",
        lambda: check_media(values.stack, values.users, (user.old_id for user in values.read_users())),
    )
    yield "uploads", lambda: check_upload(values.stack, values.stack.media_bucket)
    yield (
        "errors and feedback since the cut-over",
        lambda: check_problems(values.stack, values.cut_over, values.now, values.max_problems),
    )


def _check_stage(values: PostflightInput, stage: Stage[Any]) -> str:
    is_of_users = stage.reads is RecordKind.USERS
    return check_stage(stage, values.read_users() if is_of_users else values.read_contents())


def check_counts(outcomes: Mapping[str, Mapping[Outcome, int]]) -> str:
    """Check that nothing failed in the run, so that every record is imported or has a decision."""
    total: Counter[Outcome] = Counter()
    for counts in outcomes.values():
        total.update(counts)
    text = "; ".join(
        f"{stage}: {', '.join(f'{count:,} {name}' for name, count in sorted(counts.items()) if count)}"
        for stage, counts in outcomes.items()
    )
    if not total:
        raise CheckFailedError("the run has processed nothing", "Resume it: userprofiles runs resume.")
    if total[Outcome.FAILED]:
        raise CheckFailedError(
            text, "The report of the run lists what failed. Correct it, then: userprofiles import delta."
        )
    return text
