"""Tests of `legacy.job.planner`, `plan_estimate` and `plan_file`."""

import json

import pytest
from import_fakes import CONTENT, USERS, content, user
from plan_world import plan, summarize
from userprofiles.backfill.errors import BackfillFailedError, RefusedError, StoppedError
from userprofiles.legacy.job.import_job import ImportSlice
from userprofiles.legacy.job.plan_file import read_plan


def test_plan_writes_nothing_and_counts_what_a_run_does(world):
    """The counts of a plan are those of the run."""
    world.source.documents[USERS][7] = user("7", problems=("phone number: unusable",))
    world.source.documents[USERS][8] = "cut off"
    world.source.documents[CONTENT] = [content("c1", "3")]

    planned = [dict(unit.state.outcomes) for unit in summarize(world).units]
    calls = world.target.calls
    result = world.run()

    assert calls == 0
    assert planned == [dict(state.outcomes) for state in result.states]
    assert planned[0] == {"created": 58, "failed": 2}


def test_digest_does_not_depend_on_the_order(world):
    """Two sources with the same records in another order have the same digests."""
    first = [unit.digest.hexdigest() for unit in summarize(world).units]
    world.source.documents[USERS].reverse()
    second = [unit.digest.hexdigest() for unit in summarize(world).units]
    world.source.documents[USERS][3] = user("3", digest="other")
    third = [unit.digest.hexdigest() for unit in summarize(world).units]

    assert first == second
    assert third != second


def test_conflicts_have_ids_and_proposals_only(world):
    """Two users with one number are listed with a proposal, without the number."""
    world.source.documents[USERS] = [user("a", phone_number="+491"), user("b", phone_number="+491")]

    document = plan(world).document

    assert document["conflicts"] == [
        {"kind": "phone", "recordIds": ["a", "b"], "proposal": {"a": "import", "b": "skip"}}
    ]
    assert "+491" not in json.dumps(document)


def test_conflict_of_two_batches_is_listed_in_the_plan_of_each(world):
    """A user is not imported before the decision about the twin in a later batch."""
    world.source.documents[USERS] = [user("a", phone_number="+491"), user("b", phone_number="+491")]
    world.part = ImportSlice(limit=1)

    summary = summarize(world)

    assert [conflict.record_ids for conflict in summary.conflicts] == [("a", "b")]
    assert summary.units[0].state.processed == 1


def test_first_pass_counts_each_document_once(world):
    """Stages that read the same collection do not count its fields again."""
    world.source.documents[CONTENT] = [content("c1", "3")]

    assert summarize(world).first_pass == [{USERS: 60, CONTENT: 1}]


def test_durations_are_those_of_the_slowest_quota_class(world):
    """The plan has the duration of an apply and of a rollback by quota class."""
    estimate = plan(world).document["estimate"]

    assert estimate["applySeconds"] == {"UserCreation": 12.0, "total": 12.0}
    assert estimate["rollbackSeconds"] == {"UserUpdate": 24.0, "total": 24.0}
    assert estimate["writeUnits"] == 360.0
    assert estimate["cost"]["apply"] > 0


def test_plan_of_a_batch_counts_its_users(world):
    """A plan with a limit has the users of the batch."""
    world.part = ImportSlice(skip=10, limit=20)

    assert [dict(unit.state.outcomes) for unit in summarize(world).units] == [
        {"created": 20},
        {},
        {"created": 30},
    ]


def test_stopped_plan_is_not_written(world):
    """Ctrl-C ends the planning without a result."""
    world.stop.request()

    with pytest.raises(StoppedError, match="Nothing was written"):
        summarize(world)


def write(path, document):
    path.write_text(json.dumps(document))
    return path


def test_plan_survives_its_file(world, tmp_path):
    """A plan is the same after it was read from its file."""
    original = plan(world)

    assert read_plan(write(tmp_path / "plan.json", original.document)) == original


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"units": []}, "was changed after it was made: units"),
        ({"format": "userprofiles-backfill-plan"}, "its format must be 'userprofiles-import-plan'"),
        ({"version": 2}, "this release reads version 1"),
    ],
)
def test_changed_plan_is_refused(world, tmp_path, change, message):
    """A plan that was edited, or is of another kind, is refused with the reason."""
    path = write(tmp_path / "plan.json", {**plan(world).document, **change})

    with pytest.raises(RefusedError, match=message):
        read_plan(path)


def test_plan_with_right_hash_and_missing_section_is_refused(world, tmp_path):
    """A plan that a program wrote wrongly is refused, not a traceback."""
    path = write(tmp_path / "plan.json", plan(world, slice={"first": 1}).document)

    with pytest.raises(RefusedError, match="is damaged"):
        read_plan(path)


def test_missing_file_is_an_error(tmp_path):
    """The message names the command that writes plans."""
    with pytest.raises(BackfillFailedError, match="userprofiles import plan"):
        read_plan(tmp_path / "none.json")
