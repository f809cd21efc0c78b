"""The audit rows of a user that a restored account does not contain.

A backup has older accounts than the audit trail. After a restore, the rows of the time after the backup do
not lead to the account's head any more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from userprofiles.lifecycle.audit.audit_chain import hashes_before, version_above_gap
from userprofiles.table.audit import Action

Row = Mapping[str, Any]

_REQUEST_ACTIONS = (Action.DELETION_REQUESTED, Action.RESTORED)


@dataclass(frozen=True)
class LostChanges:
    """What happened to a user after the backup.

    Attributes:
        rows: The lost rows, oldest first; at least one.
        request: The lost row that requested or withdrew a deletion, if no later row of the user did.
    """

    rows: tuple[Row, ...]
    request: Row | None

    @property
    def heads(self) -> tuple[str, ...]:
        """The hashes of the rows that no other lost row follows. Usually there is one."""
        hashes = {row["hash"]: row for row in self.rows}
        inner = {
            before for row in self.rows for before in (row.get("previousHash"), *row.get("lostHeads", ()))
        }
        return tuple(sorted(hashes.keys() - inner))

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the fields whose new values are lost."""
        return tuple(sorted({str(name) for row in self.rows for name in row.get("fields", ())}))

    @property
    def actions(self) -> tuple[str, ...]:
        """Actions of the rows that name no fields, except requests and withdrawals of a deletion."""
        rows = (row for row in self.rows if not row.get("fields"))
        actions = {str(row.get("action")) for row in rows if row.get("action") not in _REQUEST_ACTIONS}
        return tuple(sorted(actions))


def row_time(row: Row) -> str:
    """Return the time of an audit row."""
    return str(row["SK"]).partition("#")[0]


def find_lost_changes(head: str | None, rows: Sequence[Row]) -> LostChanges | None:
    """Find the rows that do not lead to the head of a restored account.

    A chain can also be broken because rows are missing. `audit verify` reports that, so the rows beside such
    a gap are not lost rows.

    Args:
        head: The audit head of the restored account; None if it has none.
        rows: All audit rows of the user, in any order.

    Returns:
        None if no row is lost.
    """
    links = {str(row.get("hash")): row for row in rows}
    contained = hashes_before(head, links)
    if head is not None and not contained:
        return None
    has_gap = version_above_gap(contained, links) > 0
    connected = set(contained)
    lost_rows = []
    for row in sorted(rows, key=lambda row: (row.get("version", 0), str(row.get("SK")))):
        is_beginning = row.get("version", 0) <= 1 and not has_gap
        is_connected = is_beginning or row.get("previousHash") in connected
        if is_connected and row.get("hash") not in contained:
            connected.add(str(row.get("hash")))
            lost_rows.append(row)
    if not lost_rows:
        return None
    requests = [row for row in rows if row.get("action") in _REQUEST_ACTIONS]
    last_request = max(requests, key=lambda row: (row_time(row), row.get("version", 0)), default=None)
    return LostChanges(tuple(lost_rows), last_request if last_request in lost_rows else None)
