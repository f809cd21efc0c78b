"""Each way to break a chain is named, and a chain that is complete has no problem."""

from datetime import UTC, datetime, timedelta

import pytest
from userprofiles.lifecycle.audit.audit_chain import ProblemKind, UserStatus, check_chain
from userprofiles.table import audit
from userprofiles.table.audit import Action

NOW = datetime(2026, 2, 4, 16, 0, 0, tzinfo=UTC)


def create_rows(length=5, first_account=None):
    """Return the rows of a user, and the account after the last of them."""
    account, rows = first_account, []
    for number in range(length):
        row = audit.create_row(
            "s-1",
            Action.PROFILE_UPDATED,
            source="api",
            account=account,
            moment=NOW + timedelta(seconds=number),
            fields=["profile.language"],
        )
        rows.append(row)
        account = {**(account or {}), "auditHead": row["hash"], "version": row["version"]}
    return rows, account


def kinds(result):
    return [problem.kind for problem in result.problems]


@pytest.mark.parametrize("length", [1, 2, 5])
def test_complete_chain_in_any_order(length):
    rows, account = create_rows(length)

    result = check_chain("s-1", rows[::-1], account)

    assert (result.status, result.rows, result.problems) == (UserStatus.OK, length, ())


def test_chain_of_a_backfilled_user_begins_at_the_first_write():
    backfilled = {"PK": "USER#s-1", "SK": "ACCOUNT#MAIN", "email": "ada@example.com"}
    rows, account = create_rows(3, backfilled)

    assert rows[0]["previousHash"] == audit.digest(backfilled)
    assert check_chain("s-1", rows, account).status is UserStatus.OK
    assert check_chain("s-1", [], backfilled).status is UserStatus.OK


def test_tombstone_is_reported_as_erased():
    rows, account = create_rows(3)
    tombstone = {"PK": "USER#s-1", "SK": "ACCOUNT#MAIN", "entityType": "TOMBSTONE"}

    assert check_chain("s-1", rows, tombstone).status is UserStatus.ERASED
    assert check_chain("s-1", [], tombstone).status is UserStatus.ERASED
    assert check_chain("s-1", rows, {**account, **tombstone}).status is UserStatus.ERASED


def test_rows_of_an_erased_user_are_checked():
    rows, _ = create_rows(3)
    tombstone = {"entityType": "TOMBSTONE"}

    assert kinds(check_chain("s-1", [rows[0], rows[2]], tombstone)) == [ProblemKind.MISSING_ROW]
    assert kinds(check_chain("s-1", rows[:2], {**tombstone, "auditHead": rows[2]["hash"]})) == [
        ProblemKind.CUT_OFF_TAIL
    ]


@pytest.mark.parametrize("position", range(5))
@pytest.mark.parametrize("name", ["action", "source", "previousHash", "SK", "fields"])
def test_changed_row_is_named(position, name):
    rows, account = create_rows()
    rows[position] = {**rows[position], name: "other"}

    result = check_chain("s-1", rows, account)

    assert result.status is UserStatus.BROKEN
    assert result.problems[0].kind is ProblemKind.CHANGED_ROW
    assert result.problems[0].detail.startswith(f"row {rows[position]['SK']} (version {position + 1})")


@pytest.mark.parametrize("position", range(4))
def test_missing_row_is_named_by_its_version_and_the_next_row(position):
    rows, account = create_rows()
    del rows[position]

    result = check_chain("s-1", rows, account)

    assert kinds(result) == [ProblemKind.MISSING_ROW]
    assert result.problems[0].detail == (
        f"the row with version {position + 1} is missing or changed; the next is row "
        f"{rows[position]['SK']} (version {position + 2})"
    )


@pytest.mark.parametrize("remaining", range(5))
def test_cut_off_tail(remaining):
    rows, account = create_rows()

    result = check_chain("s-1", rows[:remaining], account)

    assert kinds(result) == [ProblemKind.CUT_OFF_TAIL]
    assert "the account's head (version 5) is missing" in result.problems[0].detail


def test_rows_after_the_head():
    """For example after the users table was restored from a backup."""
    rows, _ = create_rows()
    account = {"auditHead": rows[2]["hash"], "version": 3}

    result = check_chain("s-1", rows, account)

    assert kinds(result) == [ProblemKind.ROWS_AFTER_HEAD]
    assert result.problems[0].detail.startswith("2 rows are newer than the head of the account")


def test_rows_without_head_or_account():
    rows, _ = create_rows(2)

    assert kinds(check_chain("s-1", rows, {"PK": "USER#s-1"})) == [ProblemKind.MISSING_HEAD]
    assert kinds(check_chain("s-1", rows, None)) == [ProblemKind.MISSING_ACCOUNT]


def test_row_that_was_added_to_the_chain():
    rows, account = create_rows()
    forged = audit.create_row(
        "s-1",
        Action.ROLE_CHANGED,
        source="api",
        account={"auditHead": rows[1]["hash"], "version": 2},
        moment=NOW,
    )

    assert kinds(check_chain("s-1", [*rows, forged], account)) == [ProblemKind.FOREIGN_ROW]


def test_row_that_was_replaced_with_a_new_hash():
    rows, account = create_rows()
    changed = {**rows[2], "source": "other"}
    del changed["hash"]
    rows[2] = {**changed, "hash": audit.digest(changed)}

    result = check_chain("s-1", rows, account)

    assert kinds(result) == [ProblemKind.MISSING_ROW]
    assert "version 3 is missing or changed" in result.problems[0].detail


def test_first_of_several_problems_comes_first():
    rows, account = create_rows()
    rows[3] = {**rows[3], "action": "OTHER"}
    del rows[1]

    assert kinds(check_chain("s-1", rows, account)) == [ProblemKind.MISSING_ROW, ProblemKind.CHANGED_ROW]
