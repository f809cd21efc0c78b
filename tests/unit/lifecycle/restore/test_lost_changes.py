"""The audit rows that a restored account does not contain."""

from datetime import UTC, datetime, timedelta

import pytest
from userprofiles.lifecycle.audit.audit_chain import UserStatus, check_chain
from userprofiles.lifecycle.restore.lost_changes import find_lost_changes
from userprofiles.table import audit
from userprofiles.table.audit import Action

NOW = datetime(2026, 2, 4, 16, 0, 0, tzinfo=UTC)


class Chain:
    """The rows of a user. `write` follows the head of an account."""

    def __init__(self):
        self.rows = []

    def write(self, account, action=Action.PROFILE_UPDATED, **arguments):
        row = audit.create_row(
            "s-1",
            action,
            source="api",
            account=account,
            moment=NOW + timedelta(seconds=len(self.rows)),
            **arguments,
        )
        self.rows.append(row)
        return {"auditHead": row["hash"], "version": row["version"]}

    def lost(self, account):
        return find_lost_changes(account.get("auditHead"), self.rows[::-1])


def test_account_with_its_last_row_lost_nothing():
    chain = Chain()
    account = chain.write(chain.write(None))

    assert chain.lost(account) is None
    assert find_lost_changes(None, []) is None


def test_rows_after_the_head_are_lost():
    chain = Chain()
    backup = chain.write(None)
    latest = chain.write(chain.write(backup, fields=["profile.b"]), fields=["account.c", "profile.b"])

    changes = chain.lost(backup)

    assert [row["version"] for row in changes.rows] == [2, 3]
    assert changes.fields == ("account.c", "profile.b")
    assert changes.heads == (latest["auditHead"],)
    assert changes.request is None


def test_all_rows_are_lost_for_an_account_of_before_the_first_write():
    chain = Chain()
    chain.write(chain.write({"PK": "USER#s-1", "email": "x"}))

    assert len(chain.lost({"PK": "USER#s-1", "email": "x"}).rows) == 2


def test_user_who_was_created_again_lost_the_rows_of_the_first_creation():
    """The new chain has the same versions, so only the links show it."""
    chain = Chain()
    first = chain.write(chain.write(None, Action.REGISTERED))
    again = chain.write(chain.write(None, Action.REGISTERED))

    changes = chain.lost(again)

    assert changes.rows == tuple(chain.rows[:2])
    assert changes.heads == (first["auditHead"],)
    assert (changes.fields, changes.actions) == ((), ("PROFILE_UPDATED", "REGISTERED"))


def test_last_request_counts():
    chain = Chain()
    backup = chain.write(None)
    requested = chain.write(backup, Action.DELETION_REQUESTED)
    assert chain.lost(backup).request == chain.rows[1]
    assert (chain.lost(backup).fields, chain.lost(backup).actions) == ((), ())

    chain.write(requested, Action.RESTORED)
    assert chain.lost(backup).request == chain.rows[2]


def test_request_before_a_later_one_of_the_restored_account_does_not_count():
    chain = Chain()
    backup = chain.write(None)
    chain.write(backup, Action.DELETION_REQUESTED)
    after_restore = chain.write(chain.write(backup, Action.DELETION_REQUESTED), Action.RESTORED)

    changes = chain.lost(after_restore)

    assert changes.rows == (chain.rows[1],)
    assert changes.request is None


def test_row_with_lost_heads_makes_the_chain_complete():
    """Also after a second restore from the same backup."""
    chain = Chain()
    backup = chain.write(chain.write(None))
    chain.write(backup)
    for _ in range(2):
        assert check_chain("s-1", chain.rows, backup).status is UserStatus.BROKEN
        changes = chain.lost(backup)
        account = chain.write(backup, Action.TABLE_RESTORED, lost_heads=changes.heads)
        assert chain.lost(account) is None
        assert check_chain("s-1", chain.rows, account).problems == ()


def test_rows_behind_a_missing_row_are_left_to_the_audit_check():
    chain = Chain()
    backup = chain.write(None)
    chain.write(chain.write(chain.write(backup)))
    del chain.rows[2]

    assert [row["version"] for row in chain.lost(backup).rows] == [2]


@pytest.mark.parametrize("missing_row", [0, 1, 2])
def test_missing_rows_of_the_account_are_left_to_the_audit_check(missing_row):
    chain = Chain()
    account = chain.write(chain.write(chain.write(None)))
    del chain.rows[missing_row]

    assert chain.lost(account) is None


def test_lost_rows_after_a_missing_row_of_the_account():
    chain = Chain()
    backup = chain.write(chain.write(chain.write(None)))
    chain.write(backup)
    del chain.rows[1]

    assert [row["version"] for row in chain.lost(backup).rows] == [4]


def test_missing_row_of_lost_heads_breaks_the_chain():
    chain = Chain()
    backup = chain.write(None)
    chain.write(backup)
    account = chain.write(backup, Action.TABLE_RESTORED, lost_heads=chain.lost(backup).heads)
    del chain.rows[1]

    [problem] = check_chain("s-1", chain.rows, account).problems

    assert problem.kind == "missing row"
    assert "a lost row to which row" in problem.detail
