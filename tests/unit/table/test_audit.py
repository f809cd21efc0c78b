import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from userprofiles.table import audit
from userprofiles.table.audit import Action, AuditRow, BrokenChainError


def _create_rows(now: datetime, length: int = 4) -> list[AuditRow]:
    rows: list[AuditRow] = []
    for number in range(length):
        rows.append(
            audit.create_row(
                "s-1",
                Action.PROFILE_UPDATED if rows else Action.REGISTERED,
                source="api",
                account={"auditHead": rows[-1]["hash"], "version": number} if rows else None,
                moment=now + timedelta(seconds=number),
                fields=["profile.language"] if rows else [],
            ),
        )
    return rows


def test_row_has_names_of_fields_and_no_personal_data(now: datetime) -> None:
    row = _create_rows(now)[1]

    assert re.fullmatch(r"2026-02-04T16:00:01\.000Z#[0-9a-f]{32}", row["SK"])
    assert row.keys() == {"PK", "SK", "action", "source", "previousHash", "version", "fields", "hash"}


def test_row_has_the_next_version_of_the_account(now: datetime) -> None:
    """A backfilled account has no version yet."""
    accounts: list[dict[str, Any] | None] = [None, {"PK": "USER#s"}, {"PK": "USER#s", "version": 7}]

    versions = [
        audit.create_row("s", Action.REPAIRED, source="api", account=account, moment=now)["version"]
        for account in accounts
    ]

    assert versions == [1, 1, 8]


def test_complete_chain_verifies_in_any_order(now: datetime) -> None:
    rows = _create_rows(now)

    assert audit.verify(reversed(rows), rows[-1]["hash"]) == 4


@pytest.mark.parametrize("name", ["action", "source", "version", "previousHash", "SK", "fields"])
def test_changed_row_breaks_the_chain(now: datetime, name: str) -> None:
    rows = _create_rows(now)
    rows[2][name] = "other"

    with pytest.raises(BrokenChainError, match="was changed"):
        audit.verify(rows, rows[-1]["hash"])


def test_missing_row_breaks_the_chain(now: datetime) -> None:
    rows = _create_rows(now)
    head = rows[-1]["hash"]
    del rows[1]

    with pytest.raises(BrokenChainError, match="don't lead to"):
        audit.verify(rows, head)


def test_head_without_a_row_breaks_the_chain(now: datetime) -> None:
    with pytest.raises(BrokenChainError, match="No audit row"):
        audit.verify([], "h")


def test_chain_of_a_backfilled_account_starts_with_its_digest() -> None:
    account = {"PK": "USER#s", "email": "a@b.co"}

    assert audit.digest(account) == audit.chain_head(account)
    assert audit.chain_head({**account, "auditHead": "h"}) == "h"
    assert audit.chain_head(None) is None


def test_digest_does_not_depend_on_the_order_of_names() -> None:
    assert audit.digest({"a": 1, "b": {"c": 2, "d": 3}}) == audit.digest({"b": {"d": 3, "c": 2}, "a": 1})
