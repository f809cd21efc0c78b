"""Tests of `legacy.job.import_verification`."""

from import_fakes import USERS, user
from userprofiles.backfill.stop import Stop
from userprofiles.legacy.job.import_verification import UNACCOUNTED


def test_import_that_is_as_its_source_has_no_difference(world):
    """Each record has its target, and each target its record."""
    world.run()

    result = world.verify()

    assert [dict(state.outcomes) for state in result.states] == [
        {"existed": 60},
        {},
        {"existed": 60},
        {"existed": 120},
    ]
    assert result.is_complete
    assert result.differences == 0


def test_missing_target_is_a_difference_in_both_directions(world):
    """A target that exists no longer is missed by its record, and by the list of what the run created."""
    world.run()
    del world.target.items["item/users/7"]

    result = world.verify()

    rows = [(row["recordId"], row["reason"]) for row in world.listed("verification").rows(result.states)]
    assert rows == [("7", "failed: not imported"), ("users item/users/7", f"failed: {UNACCOUNTED}")]
    assert result.differences == 2


def test_target_without_record_is_a_difference(world):
    """A record that was deleted in the source after the run leaves a target without a record."""
    world.run()
    del world.source.documents[USERS][7]

    result = world.verify()

    rows = [row["recordId"] for row in world.listed("verification").rows(result.states)]
    assert rows == ["users item/users/7", "links item/links/7"]


def test_new_record_is_a_difference(world):
    """A record that is new in the source has no target: a delta pass imports it."""
    world.run()
    world.source.documents[USERS].append(user("new"))

    result = world.verify()

    assert [row["recordId"] for row in world.listed("verification").rows(result.states)] == ["new", "new"]


def test_change_by_a_user_is_listed_but_no_difference(world):
    """What a user changed here since the import is listed."""
    world.run()
    world.target.items["item/users/7"].is_changed = True

    result = world.verify()

    assert [row["reason"] for row in world.listed("verification").rows(result.states)] == ["changed: digest"]
    assert result.differences == 0


def test_stopped_verification_is_not_complete(world):
    """A stop ends the verification without a verdict."""
    world.run()
    world.stop = Stop()
    world.stop.request()

    assert not world.verify().is_complete
