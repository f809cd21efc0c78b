"""Checks the audit rows of one user: their hashes, their links and the head on the account. No AWS calls.

The chain of a user begins at version 1. The first row of a backfilled user has the digest of the item as
`previousHash`, see `audit.chain_head`. That item has been changed since, so this digest can't be checked.

After a restore of the users table, the row TABLE_RESTORED refers to the rows that the restored account does
not contain: `lostHeads` has the hash of the last row of each lost part of the chain.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from userprofiles.table import audit, record

Row = Mapping[str, Any]


class UserStatus(StrEnum):
    """The result of the check of a user."""

    OK = "ok"
    ERASED = "erased"
    BROKEN = "broken"


class ProblemKind(StrEnum):
    """How a chain is broken."""

    CHANGED_ROW = "changed row"
    MISSING_ROW = "missing row"
    FOREIGN_ROW = "row outside the chain"
    CUT_OFF_TAIL = "cut-off tail"
    ROWS_AFTER_HEAD = "rows after the head"
    MISSING_HEAD = "missing head"
    MISSING_ACCOUNT = "missing account"
    MISSING_RECEIPT = "missing receipt"
    CHANGED_RECEIPT = "changed receipt"


@dataclass(frozen=True)
class Problem:
    """One broken place of a chain.

    Attributes:
        kind: How the chain is broken.
        detail: The place, with the sort key of a row.
    """

    kind: ProblemKind
    detail: str


@dataclass(frozen=True)
class ChainResult:
    """The result of the check of one user.

    Attributes:
        sub: The user.
        status: Whether the chain is complete.
        rows: Number of audit rows.
        problems: The broken places. The first one is the first in the order of the chain.
    """

    sub: str
    status: UserStatus
    rows: int
    problems: tuple[Problem, ...] = ()


def check_chain(sub: str, rows: Sequence[Row], account: Mapping[str, Any] | None) -> ChainResult:
    """Check that a user's rows form one complete chain that ends in the account's head.

    Args:
        sub: The user.
        rows: All audit rows of the user, in any order.
        account: The item of the account, or its tombstone; None if the user has none.
    """
    sorted_rows = sorted(rows, key=lambda row: (_version(row), str(row.get("SK"))))
    links = {str(row.get("hash")): row for row in sorted_rows}
    problems = [*_row_problems(sorted_rows, links), *_head_problems(sorted_rows, links, account)]
    if problems:
        status = UserStatus.BROKEN
    else:
        status = UserStatus.ERASED if record.is_tombstone(account) else UserStatus.OK
    return ChainResult(sub, status, len(rows), tuple(problems))


def _version(row: Row) -> int:
    version = row.get("version")
    return version if isinstance(version, int) else 0


def _name(row: Row) -> str:
    return f"row {row.get('SK')} (version {_version(row)})"


def _row_problems(sorted_rows: Sequence[Row], links: Mapping[str, Row]) -> Iterator[Problem]:
    """Yield changed rows, and rows whose previous row is missing."""
    for row in sorted_rows:
        if audit.digest({name: value for name, value in row.items() if name != "hash"}) != row.get("hash"):
            yield Problem(ProblemKind.CHANGED_ROW, f"{_name(row)} was changed after it was written")
        elif _version(row) > 1 and row.get("previousHash") not in links:
            yield Problem(
                ProblemKind.MISSING_ROW,
                f"the row with version {_version(row) - 1} is missing or changed; the next is {_name(row)}",
            )
        elif any(lost_head not in links for lost_head in row.get("lostHeads", ())):
            yield Problem(
                ProblemKind.MISSING_ROW, f"a lost row to which {_name(row)} refers is missing or changed"
            )


def _head_problems(
    sorted_rows: Sequence[Row], links: Mapping[str, Row], account: Mapping[str, Any] | None
) -> Iterator[Problem]:
    if account is None:
        if sorted_rows:
            yield Problem(
                ProblemKind.MISSING_ACCOUNT,
                f"the users table has no account, and the audit table has {len(sorted_rows)} rows",
            )
        return
    head = account.get("auditHead")
    if head is None:
        # A tombstone needs no head. A backfilled account has no head before its first write.
        if sorted_rows and not record.is_tombstone(account):
            yield Problem(
                ProblemKind.MISSING_HEAD,
                f"the account has no head, and the last row is {_name(sorted_rows[-1])}",
            )
    elif head not in links:
        last = f"the last row is {_name(sorted_rows[-1])}" if sorted_rows else "there are no rows"
        yield Problem(
            ProblemKind.CUT_OFF_TAIL,
            f"the row of the account's head (version {account.get('version')}) is missing; {last}",
        )
    else:
        yield from _problems_beside_the_chain(sorted_rows, links, links[head])


def _problems_beside_the_chain(
    sorted_rows: Sequence[Row], links: Mapping[str, Row], head_row: Row
) -> Iterator[Problem]:
    """Yield the rows that don't lead to the head."""
    chain_hashes = hashes_before(str(head_row.get("hash")), links)
    # Below a missing row, the rest of the chain can't be told from foreign rows.
    complete_from = version_above_gap(chain_hashes, links)
    other_rows = [row for row in sorted_rows if str(row.get("hash")) not in chain_hashes]
    later_rows = [row for row in other_rows if _version(row) > _version(head_row)]
    foreign_rows = [row for row in other_rows if complete_from <= _version(row) <= _version(head_row)]
    for foreign_row in foreign_rows:
        yield Problem(
            ProblemKind.FOREIGN_ROW, f"{_name(foreign_row)} does not lead to the head of the account"
        )
    if later_rows:
        yield Problem(
            ProblemKind.ROWS_AFTER_HEAD,
            f"{len(later_rows)} rows are newer than the head of the account ({_name(head_row)}); the first "
            f"is {_name(later_rows[0])}",
        )


def hashes_before(head: str | None, links: Mapping[str, Row]) -> set[str]:
    """Return the hashes of the rows that lead to a head, with the row of the head itself.

    Args:
        head: The hash of the last row; None for none.
        links: All rows of the user by their hash.
    """
    hashes: set[str] = set()
    next_hashes = [str(head)]
    while next_hashes:
        next_hash = next_hashes.pop()
        if next_hash in links and next_hash not in hashes:
            row = links[next_hash]
            hashes.add(next_hash)
            next_hashes += [str(row.get("previousHash")), *row.get("lostHeads", ())]
    return hashes


def version_above_gap(hashes: Iterable[str], links: Mapping[str, Row]) -> int:
    """Return the version of the first row above a missing row; 0 if no row is missing.

    Args:
        hashes: The result of `hashes_before`.
        links: All rows of the user by their hash.
    """
    rows = [links[row_hash] for row_hash in hashes]
    versions = [_version(row) for row in rows if _version(row) > 1 and row.get("previousHash") not in links]
    return max(versions, default=0)
