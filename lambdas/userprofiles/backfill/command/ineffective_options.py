"""Rejects the options of a plan that have no effect for its source."""

import argparse
from collections.abc import Collection
from dataclasses import dataclass

from userprofiles.backfill.errors import RefusedError
from userprofiles.backfill.job import TABLE_SOURCE
from userprofiles.backfill.sources.source_kinds import SourceKind

OTHER_TABLE = "table:NAME"

_SOURCES = frozenset({*SourceKind, OTHER_TABLE})


@dataclass(frozen=True)
class _Rule:
    """Why some options have no effect.

    Attributes:
        options: The options, as attributes of the parsed command line.
        sources: The sources for which they have no effect.
        reason: Why.
    """

    options: Collection[str]
    sources: Collection[str]
    reason: str


_RULES = (
    _Rule(
        ["mapping"],
        {TABLE_SOURCE, SourceKind.POOL, SourceKind.POOL_LIST, SourceKind.PYTHON},
        "this source has fixed names",
    ),
    _Rule(
        ["outputs", "roles", "approval_roles", "default_role"],
        {TABLE_SOURCE},
        "only profiles are created, and the accounts have the roles",
    ),
    _Rule(["shape"], _SOURCES - {TABLE_SOURCE}, "it is for the rows of --table-name"),
    _Rule(
        ["requests_per_second"],
        _SOURCES - {SourceKind.POOL},
        "it limits the requests to Cognito. --rate limits the writes to the table",
    ),
    _Rule(
        ["status_values", "flags"],
        {SourceKind.POOL, SourceKind.POOL_LIST},
        "the state of a user in the pool decides who is skipped",
    ),
    _Rule(
        ["segments"],
        {SourceKind.POOL, SourceKind.EXPORT, SourceKind.PARQUET},
        "a pool has one segment, an export one for each file, and a Parquet file one for each row group",
    ),
    _Rule(["only"], {SourceKind.POOL}, "a pool has one segment"),
)


def reject_ineffective_options(values: argparse.Namespace, source: str) -> None:
    """Check that each option on the command line has an effect for a source.

    Args:
        values: The options; None or an empty value for those that are not on the command line.
        source: The kind of the source, or `OTHER_TABLE`.

    Raises:
        RefusedError: An option has none.
    """
    for rule in _RULES:
        for option in rule.options:
            if source in rule.sources and getattr(values, option, None):
                raise RefusedError(
                    f"--{option.replace('_', '-')} can't be used with --source {source}: {rule.reason}. "
                    "Leave it out, or name another source."
                )
