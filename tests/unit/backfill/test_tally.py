"""The counts of a run."""

import pytest
from userprofiles.backfill.outcome import Outcome, UserResult
from userprofiles.backfill.tally import Tally


def test_every_outcome_is_processed_and_survives_a_checkpoint():
    tally = Tally()

    for outcome in Outcome:
        tally.count(UserResult("u", outcome, "inactive" if outcome is Outcome.SKIPPED else ""))
    total = Tally()
    total.add(tally)
    total.add(Tally.from_json(tally.to_json()))

    assert tally.processed == len(Outcome)
    assert total.processed == 2 * len(Outcome)
    assert total.other == dict.fromkeys(
        ["matching", "changed", "differing", "missing", "orphaned", "erased", "removed", "kept", "gone"], 2
    )


@pytest.mark.parametrize("outcome", [Outcome.CREATED, Outcome.EXISTED, Outcome.FAILED])
def test_report_of_a_backfill_has_no_counts_of_other_operations(outcome):
    tally = Tally()

    tally.count(UserResult("u", outcome))

    assert tally.to_json().keys() == {"processed", "existed", "created", "failed", "skipped"}
