"""Tests of `legacy.job.balances`."""

from userprofiles.legacy.job.balances import check_balances


def test_balanced_sums_are_right():
    """Each edge that came in went somewhere."""
    checks = check_balances(
        {"edges in": 1259, "edges out": 1007, "edges dangling": 243, "edges to oneself": 9}
    )

    assert [check["ok"] for check in checks] == [True, True, True]
    assert checks[0]["check"] == (
        "edges in 1,259 = edges out 1,007 + edges dangling 243 + edges repeated 0 + edges to oneself 9"
    )


def test_lost_edge_and_old_url_are_noticed():
    """A sum that does not balance is wrong."""
    checks = check_balances({"edges in": 2, "edges out": 1, "remaining days in": 3, "old URLs left": 1})

    assert [check["ok"] for check in checks] == [False, False, False]
