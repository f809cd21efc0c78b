"""Checks of a sample before the import: what the mapping reads, what each stage would do, which countries."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from userprofiles.legacy.checklists.sample import Sample
from userprofiles.legacy.job.stage import Outcome, RecordKind, Stage
from userprofiles.legacy.mapping.records import LegacyContent, LegacyUser
from userprofiles.phone_sign_in.phone_input import PhoneNumberError, PhoneNumberProblem, normalize
from userprofiles.stack_setup.check_result import CheckFailedError

_MAPPING = "Compare the mapping with the documents: docs/legacy-mapping.md."


def check_mapped(sample: Sample) -> str:
    """Check that the mapping reads the sample."""
    if not sample.users:
        raise CheckFailedError("the collection of the users is empty", _MAPPING)
    if sample.damaged:
        raise CheckFailedError(
            f"{sample.damaged:,} documents at the beginning of the source can't be read",
            "Create the dump again. `userprofiles import plan` lists the damaged documents.",
        )
    records: list[LegacyUser | LegacyContent] = [*sample.users, *sample.contents]
    problems = Counter(problem for record in records for problem in set(record.problems))
    without_id = sum(not record.old_id for record in records)
    if without_id:
        raise CheckFailedError(f"{without_id} documents of the sample have no usable ID", _MAPPING)
    text = f"{len(sample.users)} users and {len(sample.contents)} records of content"
    if not problems:
        return text
    common = "; ".join(f"{problem} ({count})" for problem, count in problems.most_common(3))
    return f"{text}; values that are left out: {common}"


def check_dry_run(sample: Sample, stages: Sequence[Stage[Any]]) -> str:
    """Check that each stage would import the sample: conflicts, items and their sizes. Nothing is written."""
    texts: list[str] = []
    for stage in stages:
        records = sample.users if stage.reads is RecordKind.USERS else sample.contents
        results = stage.preview(records) if records else []
        if records:
            stage.estimate(records)
        counts = Counter(result.outcome for result in results)
        failures = [result for result in results if result.outcome is Outcome.FAILED]
        if failures:
            raise CheckFailedError(
                f"{stage.name}: {format_outcomes(counts)}; {failures[0].record_id}: {failures[0].reason}",
                _MAPPING,
            )
        if stage.name == "users" and not counts[Outcome.CREATED] + counts[Outcome.EXISTED]:
            raise CheckFailedError(
                f"{stage.name}: none would be imported; {format_outcomes(counts)}",
                f"{_MAPPING} Then decide about the conflicts that userprofiles import plan lists.",
            )
        texts.append(f"{stage.name}: {format_outcomes(counts)}")
    return "; ".join(texts)


def format_outcomes(counts: Mapping[Outcome, int]) -> str:
    """Return how many results have which outcome."""
    return ", ".join(f"{count:,} {name}" for name, count in sorted(counts.items())) or "nothing"


def check_countries(users: Sequence[LegacyUser], allowed_countries: Collection[str]) -> str:
    """Check that codes are sent to the countries of the sample.

    Args:
        users: The users of the sample.
        allowed_countries: ISO codes of the sender's countries; empty for all.
    """
    usable = refused = 0
    for user in users:
        try:
            normalize(user.phone_number or None, user.country_code, allowed_countries=allowed_countries)
            usable += 1
        except PhoneNumberError as error:
            refused += error.reason is PhoneNumberProblem.COUNTRY_NOT_ALLOWED
    if refused:
        raise CheckFailedError(
            f"{refused} of {usable + refused} numbers are of countries to which no code is sent",
            f"Allowed: {', '.join(sorted(allowed_countries))}. Add the others to allowedCountries of the "
            "setting phoneSignIn, and turn them on at the sender.",
        )
    return f"{usable} numbers can get codes" + (
        f" ({', '.join(sorted(allowed_countries))})" if allowed_countries else ""
    )
