"""Tests of `legacy.job.unit_state`."""

import json

from userprofiles.legacy.job.stage import Outcome, RecordResult
from userprofiles.legacy.job.unit_state import Unit, UnitState


def test_state_survives_the_ledger():
    """A state is equal after it was stored as JSON."""
    state = UnitState(Unit(2000, "links", "users"), position={"offset": 7}, read=9, listed=1, findings=2)
    state.add([RecordResult(record_id="1", outcome=Outcome.CREATED, counts={"edges": 2}, write_units=1.5)])

    assert UnitState.from_json(json.loads(json.dumps(state.to_json()))) == state


def test_reasons_are_limited():
    """Reasons without end become `other reasons`, so that the stored progress stays small."""
    state = UnitState(Unit(0, "users"))

    state.add(
        RecordResult(
            record_id="1", outcome=Outcome.FAILED, reason=f"reason {chr(97 + n // 26)}{chr(97 + n % 26)}"
        )
        for n in range(80)
    )

    assert len(state.reasons) == 51
    assert state.reasons["failed: other reasons"] == 30
