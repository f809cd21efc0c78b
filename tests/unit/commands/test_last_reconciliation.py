"""`userprofiles reconcile --last`: the result of the last scheduled reconciliation."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from userprofiles.lifecycle.reconciliation.reconciler_state import Pass, StateTable

NOW = datetime(2026, 2, 4, 16, 0, 0, tzinfo=UTC)
COUNTS = {"poolUsers": 1204, "usersWithoutProfile": 12, "accounts": 1192, "pendingDeletion": 1, "restarts": 0}
LAST = {"startedAt": "2026-02-04T16:00:00Z", "endedAt": "2026-02-04T16:02:00Z"}


@pytest.fixture
def state(tables):
    tables._create("state", ("PK", "SK"), {})
    table = StateTable(tables.client, "state", "owner")
    table.acquire(NOW, NOW + timedelta(minutes=15))
    return table


@pytest.fixture
def show(reconcile):
    return lambda *arguments: reconcile("--last", "--state-table", "state", *arguments)


def test_result_without_a_remaining_difference(show, state, capsys):
    state.finish({**LAST, "counts": {**COUNTS, "missing": 2, "created": 2}})

    assert show() == 0
    assert capsys.readouterr().out == (
        "Scheduled reconciliation from 2026-02-04T16:00:00Z to 2026-02-04T16:02:00Z.\n"
        "Users in the pool: 1,204, of them disabled or not confirmed: 12. Accounts: 1,192, others pending "
        "deletion: 1.\n"
        "Differences: 2 missing, 0 contact, 0 erased, 0 orphan, 0 unconfirmed.\n"
        "Results: 2 created, 0 removed, 0 unnecessary, 0 failed.\n"
    )


@pytest.mark.parametrize("count", ["orphan", "contact", "erased", "failed"])
def test_remaining_differences(show, state, capsys, count):
    state.finish({**LAST, "counts": {**COUNTS, count: 1}})

    assert show("--json") == 2
    document = json.loads(capsys.readouterr().out)
    assert (document["differences"] | document["results"])[count] == 1
    assert document["running"] is None


def test_running_pass(show, state, capsys):
    state.finish({**LAST, "counts": COUNTS})
    state.save(Pass("id", "2026-02-05T16:00:00Z", counts={"poolUsers": 120}))

    assert show() == 0
    assert capsys.readouterr().out.endswith(
        "One is running since 2026-02-05T16:00:00Z: 120 users of the pool so far.\n"
    )


def test_no_pass_has_ended(show, state, capsys):
    assert show() == 1
    assert "No scheduled reconciliation has ended yet." in capsys.readouterr().err


def test_missing_state_table(show, capsys):
    assert show() == 1
    assert "The state table 'state' can't be read: ResourceNotFoundException." in capsys.readouterr().err
