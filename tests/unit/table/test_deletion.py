"""Deletion requests: the mark of an account, its list, and the way back."""

from datetime import UTC, datetime, timedelta

from userprofiles.table import deletion, record
from userprofiles.table.update_expression import apply_changes

MOMENT = datetime(2026, 2, 4, 16, 0, tzinfo=UTC)
ACCOUNT = record.account_item(
    "s-1", "vendor", "2026-01-01T00:00:00Z", {"status": "active"}, audit_head="h", created_by="sign_up"
)


def mark(account, days=30):
    request = deletion.create_request(MOMENT, timedelta(days=days), "user")
    return apply_changes(account, deletion.mark_changes("s-1", account, request))


def test_new_account_has_no_request():
    assert deletion.find_request(ACCOUNT) is None


def test_missing_account_has_no_request():
    assert deletion.find_request(None) is None


def test_marked_account_has_the_request():
    expected = deletion.DeletionRequest("2026-02-04T16:00:00Z", "2026-03-06T16:00:00Z", "user")
    assert deletion.find_request(mark(ACCOUNT)) == expected


def test_marked_account_is_only_in_the_list_of_deletions():
    account = mark(ACCOUNT)
    assert account["listPK"] == f"LIST#DELETION#{record.list_shard('s-1')}"
    assert account["listSK"] == "2026-03-06T16:00:00Z#s-1"
    assert "statusListPK" not in account


def test_restored_account_is_as_before():
    account = mark(ACCOUNT)
    assert apply_changes(account, deletion.restore_changes(account)) == ACCOUNT


def test_account_that_is_marked_twice_goes_back_to_its_first_lists():
    account = mark(mark(ACCOUNT), days=0)
    assert deletion.find_request(account).erase_at == "2026-02-04T16:00:00Z"
    assert apply_changes(account, deletion.restore_changes(account)) == ACCOUNT


def test_account_without_lists_is_restored_without_lists():
    account = {name: value for name, value in ACCOUNT.items() if "list" not in name.lower()}
    marked_account = mark(account)
    assert apply_changes(marked_account, deletion.restore_changes(marked_account)) == account


def test_request_is_due_at_the_end_of_the_grace_period():
    request = deletion.find_request(mark(ACCOUNT))
    assert not request.is_due(MOMENT + timedelta(days=30, seconds=-1))
    assert request.is_due(MOMENT + timedelta(days=30))
