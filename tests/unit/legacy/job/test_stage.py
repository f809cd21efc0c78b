"""Tests of `legacy.job.stage`."""

from userprofiles.legacy.job.stage import StageEstimate


def test_estimates_are_added() -> None:
    """The calls of each quota class are added."""
    users = StageEstimate(
        calls={"UserCreation": 2}, rollback_calls={"UserUpdate": 2}, write_units=3.5, copied_objects=1
    )
    more = StageEstimate(calls={"UserCreation": 1, "UserUpdate": 4}, read_units=1.0, rollback_write_units=2.0)

    actual = users + more

    assert actual == StageEstimate(
        calls={"UserCreation": 3, "UserUpdate": 4},
        rollback_calls={"UserUpdate": 2},
        write_units=3.5,
        rollback_write_units=2.0,
        read_units=1.0,
        copied_objects=1,
    )
