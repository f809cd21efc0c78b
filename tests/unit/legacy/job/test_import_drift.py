"""Tests of `legacy.job.import_drift`."""

import pytest
from import_fakes import USERS, user
from plan_world import TARGET, plan
from userprofiles.backfill.errors import RefusedError
from userprofiles.legacy.job.import_drift import ImportCountDrift, refuse_identity_drift


def sections(**changes):
    return {"target": TARGET, "mapping": {"name": "test", "digest": "1"}, "codeVersion": "1", **changes}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"target": {**TARGET, "userPoolId": "eu-west-1_b"}}, "target.userPoolId was 'eu-west-1_a', is"),
        ({"target": {**TARGET, "table": "arn:other"}}, "target.table was"),
        ({"mapping": {"name": "test", "digest": "2"}}, "mapping.digest was '1', is '2'"),
        ({"codeVersion": "2"}, "the code version was '1', is '2'"),
        ({"mediaRules": {"hosts": {}}}, "mediaRules was None"),
    ],
)
def test_other_stack_mapping_or_code_is_refused(world, changes, message):
    """A plan fits only the stack, source, mapping, rules and code that it was made with."""
    with pytest.raises(RefusedError, match=message):
        refuse_identity_drift(plan(world), sections(**changes))


def test_other_source_is_refused(world):
    """A file of the source that was replaced since is named."""
    planned = plan(world)
    world.source.documents[USERS].append(user("new"))

    with pytest.raises(RefusedError, match=r"sourceIdentity\.collections\.users was 60, is 61"):
        refuse_identity_drift(planned, sections(sourceIdentity=world.source.identity()))


def test_same_identity_is_accepted(world):
    """Nothing differs."""
    refuse_identity_drift(plan(world), sections(sourceIdentity=world.source.identity()))


def grow(world, users):
    """Add users after the plan was made, as a live application does."""
    world.source.documents[USERS] += [user(f"new{number}") for number in range(users)]


def test_few_new_users_are_no_drift(world):
    """A hundred records may differ in any case."""
    drift = ImportCountDrift(plan(world), 0.01)
    grow(world, 100)

    assert world.run(check_counts=drift.check).is_complete


def test_many_new_users_stop_the_run(world):
    """More than the allowed share ends the run. It continues with --accept-drift."""
    planned = plan(world)
    grow(world, 300)

    stopped = world.run(check_counts=ImportCountDrift(planned, 0.01, accept_command="COMMAND").check)
    result = world.run(check_counts=ImportCountDrift(planned, None).check)

    assert "users: records: 60 planned, 170 now" in str(stopped.error)
    assert str(stopped.error).endswith("COMMAND")
    assert result.is_complete


def test_more_failures_than_planned_stop_the_run(world):
    """A cause that makes most records fail is noticed, although the number of records is as planned."""
    world.source.documents[USERS] = [user(str(number)) for number in range(300)]
    planned = plan(world)
    world.source.documents[USERS] = [user(str(number), problems=("unusable",)) for number in range(300)]

    result = world.run(check_counts=ImportCountDrift(planned, 0.01).check)

    assert "users: failed: 0 planned" in str(result.error)


def test_existing_targets_are_no_drift(world):
    """What a former run created exists now: the number of records is as planned."""
    world.source.documents[USERS] = [user(str(number)) for number in range(300)]
    planned = plan(world)
    world.run("former")

    assert world.run(check_counts=ImportCountDrift(planned, 0.01).check).is_complete


def test_decisions_after_the_plan_are_allowed(world):
    """Each decided record may have another outcome than planned."""
    planned = plan(world)
    grow(world, 110)

    assert world.run(check_counts=ImportCountDrift(planned, 0.01, decided=10).check).is_complete
