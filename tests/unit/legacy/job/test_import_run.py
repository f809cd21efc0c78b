"""Tests of `legacy.job.import_run`: an import in a ledger, with stops, errors and kills."""

from collections import Counter

import pytest
from import_fakes import CONTENT, USERS, Killed, content, user
from import_world import ONE_THREAD, World
from userprofiles.backfill.errors import BackfillFailedError, ErrorKind, RefusedError, StoppedError
from userprofiles.backfill.stop import Stop
from userprofiles.jobs.run_record import RunState
from userprofiles.legacy.job.import_job import ImportOperation, ImportSlice
from userprofiles.legacy.job.import_work import update
from userprofiles.legacy.job.unit_state import add_outcomes


def totals(result):
    """Return what the report counts: the outcomes and numbers of each unit."""
    return [
        (state.unit.stage, dict(state.outcomes), dict(state.numbers), state.read) for state in result.states
    ]


def test_imports_every_record_once(world):
    """Each stage processes all records of its collection, and the run is done."""
    world.source.documents[CONTENT] = [content("c1", "3"), content("c2", "4")]

    result = world.run()

    assert totals(result) == [
        ("users", {"created": 60}, {"edges": 120}, 60),
        ("content", {"created": 2}, {"edges": 4}, 2),
        ("links", {"created": 60}, {"edges": 120}, 60),
    ]
    assert world.open_ledger().read("run1").state is RunState.DONE
    assert Counter(key.split("/")[1] for key in world.target.items) == {
        "users": 60,
        "content": 2,
        "links": 60,
    }


def test_second_run_changes_nothing(world):
    """A further run counts everything as existing."""
    world.run()
    before = world.target.contents()

    result = world.run("run2")

    assert dict(add_outcomes(result.states)) == {"existed": 120}
    assert world.target.contents() == before


def test_record_has_counts_for_the_commands_on_runs(world):
    """`userprofiles runs show` finds the counts under the names that it knows."""
    world.source.documents[USERS][7] = user("7", problems=("phone number: the value is not usable",))

    world.run()

    counts = world.open_ledger().read("run1").counts
    assert {name: counts[name] for name in ("processed", "created", "existed", "failed")} == {
        "processed": 120,
        "created": 118,
        "existed": 0,
        "failed": 2,
    }
    assert counts["units"] == {"all": 3, "done": 3}


def test_failed_and_damaged_documents_are_listed_without_values(world):
    """The list has ID, place and reason; a damaged document counts in one stage only."""
    world.source.documents[USERS][3] = "the document is cut off"
    world.source.documents[USERS][7] = user(
        "7", email="ann@example.com", problems=("phone number: unusable",)
    )
    world.source.documents[USERS][8] = user("")

    result = world.run()

    rows = list(world.listed("run1").rows(result.states))
    assert [(row["recordId"], row["stage"], row["reason"]) for row in rows] == [
        ("line 4", "users", "failed: the document can't be read: the document is cut off"),
        ("", "users", "failed: the document has no usable ID"),
        ("7", "users", "failed: phone number: unusable"),
        ("7", "links", "failed: phone number: unusable"),
    ]
    assert not [path for path in world.folder.rglob("*") if path.is_file() and "ann@" in path.read_text()]


def test_findings_are_listed(world):
    """Findings, such as dangling edges, are in a list of their own."""
    result = world.run()

    findings = [(row["recordId"], row["stage"]) for row in world.listed("run1").findings(result.states)]
    assert findings == [("5", "users"), ("5", "links")]


def test_lists_are_private(world):
    """Only the owner can read the lists."""
    world.source.documents[USERS][7] = user("7", problems=("unusable",))

    world.run()

    modes = {path.stat().st_mode & 0o777 for path in world.folder.rglob("*.jsonl")}
    assert modes == {0o600}


def test_stop_between_pages_can_be_resumed(world):
    """A stop ends the run after the pages that threads have begun. The same run continues later."""
    world.observer.on_results = world.stop.request

    stopped = world.run()
    world.stop = Stop()
    result = world.run()

    assert not stopped.is_complete
    assert stopped.error is None
    assert result.is_complete
    assert totals(result)[0] == ("users", {"created": 60}, {"edges": 120}, 60)


def test_stop_inside_a_page_ends_the_run_without_an_error(world):
    """A stage that waits for its pace ends the wait. The page is repeated by the resumed run."""
    world.limits = ONE_THREAD
    world.target.fail_at = (30, StoppedError("Stopped."))

    stopped = world.run()
    state = world.open_ledger().read("run1").state
    result = world.run()

    assert stopped.error is None
    assert state is RunState.STOPPED
    assert totals(result)[0] == ("users", {"created": 60}, {"edges": 120}, 60)


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (BackfillFailedError(ErrorKind.SERVICE, "The quota is too small."), ErrorKind.SERVICE, "quota"),
        (RefusedError("The bucket refuses the copy."), ErrorKind.REFUSED, "bucket"),
    ],
)
def test_error_ends_the_run_and_can_be_resumed(world, error, kind, text):
    """An error of a stage ends the run with its message. Counts and keys up to it are kept."""
    world.limits = ONE_THREAD
    world.target.fail_at = (90, error)

    failed = world.run()
    result = world.run()

    assert failed.error.kind is kind
    assert text in str(failed.error)
    assert world.observer.warnings == ["Resuming run run1."]
    assert totals(result)[0] == ("users", {"created": 60}, {"edges": 120}, 60)


def test_damaged_source_ends_the_run_after_the_pages_before_it(world):
    """Records before the damage are imported. The message names file and place. The run can be resumed."""
    world.source.damaged_from[USERS] = 50

    failed = world.run()
    imported = len(world.target.items)
    world.source.damaged_from.clear()
    result = world.run()

    assert imported == 50
    assert "users.bson: the file can't be read from byte 50 on: the document is cut off." in str(failed.error)
    assert totals(result)[0] == ("users", {"created": 60}, {"edges": 120}, 60)


def test_too_many_failures_end_the_run(world):
    """More failed records than --max-failures end the run with an error that names both numbers."""
    world.source.documents[USERS] = [user(str(n), problems=("unusable",)) for n in range(60)]

    result = world.run(max_failures=10)

    assert result.error.kind is ErrorKind.TOLERANCE
    assert "more than --max-failures 10" in str(result.error)
    assert not result.is_complete


def test_batches_share_the_users(world):
    """Each batch is a run of its own: its users, their content, and links from former batches on."""
    world.source.documents[CONTENT] = [content("c1", "3"), content("c2", "43")]

    world.part = ImportSlice(limit=40)
    first = world.run("run1")
    world.part = ImportSlice(skip=40)
    second = world.run("run2")

    assert [(stage, counts) for stage, counts, _, _ in totals(first)] == [
        ("users", {"created": 40}),
        ("content", {"created": 1}),
        ("links", {"created": 40}),
    ]
    assert [(stage, counts) for stage, counts, _, _ in totals(second)] == [
        ("users", {"created": 20}),
        ("content", {"created": 1}),
        ("links", {"existed": 40, "created": 20}),
    ]


@pytest.mark.parametrize("call", [3, 9, 15, 21])
def test_killed_batch_ends_at_the_same_user(world, small_pages, call):
    """A batch that is killed and resumed has its users and no others."""
    world.limits = ONE_THREAD
    world.part = ImportSlice(skip=10, limit=11)

    was_killed, result = kill_and_resume(world, call)

    assert was_killed
    assert result.is_complete
    users = {key for key in world.target.items if "users" in key}
    assert users == {f"item/users/{number}" for number in range(10, 21)}


def test_delta_changes_only_what_changed(world):
    """A delta pass imports new records and updates changed ones, except fields that users changed here."""
    world.run()
    world.source.documents[USERS] += [user("new")]
    world.source.documents[USERS][0] = user("0", digest="other")
    world.source.documents[USERS][1] = user("1", digest="other")
    world.target.items["item/users/1"].is_changed = True

    result = world.run("run2", update, ImportOperation.DELTA)

    assert dict(result.states[0].outcomes) == {"existed": 59, "updated": 1, "created": 1}
    assert world.target.items["item/users/1"].digest == "digest of 1"


def test_second_run_on_the_same_table_is_refused(world):
    """Two imports at the same time would count each other's users as existing."""
    world.open_ledger().create(world.record("other"))

    with pytest.raises(RefusedError, match=r"Run other \(import\) is working on the same table"):
        world.run()


def test_done_run_is_not_repeated(world):
    """A run that is done can't be applied again."""
    world.run()

    with pytest.raises(RefusedError, match="done"):
        world.run()


def kill_and_resume(world, kill_at):
    """Kill the run at a call, then resume it. Return whether it was killed, and the last result."""
    world.target.kill_at = kill_at
    try:
        result = world.run()
    except Killed:
        world.bury()
        return True, world.run()
    return False, result


def test_kill_at_every_call_ends_in_the_same_state(tmp_path, small_pages):
    """A run that is killed at any call and resumed has the items, counts and keys of an unbroken run (I5)."""

    def create_world(name):
        world = World(tmp_path / name)
        world.limits = ONE_THREAD
        world.source.documents[USERS] = [user(str(number)) for number in range(5)]
        return world

    unbroken = create_world("unbroken")
    expected = totals(unbroken.run())
    keys = set(unbroken.open_ledger().read_keys("run1"))
    kills = 0
    for call in range(1, unbroken.target.calls + 1):
        world = create_world(str(call))
        was_killed, result = kill_and_resume(world, call)
        kills += was_killed
        assert totals(result) == expected
        assert world.target.contents() == unbroken.target.contents()
        assert set(world.open_ledger().read_keys("run1")) == keys
    assert kills == unbroken.target.calls
