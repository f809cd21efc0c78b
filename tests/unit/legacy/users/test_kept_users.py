"""A rollback of all stages: users who stay keep everything, and the others leave nothing."""

import copy

import pytest
from botocore.exceptions import ReadTimeoutError
from kill_switch import KilledError, KillSwitch
from legacy_world import BUCKET, OLD_BUCKET, LegacyWorld, create_content, create_premium
from userprofiles.backfill.errors import BackfillFailedError
from userprofiles.legacy.dry_run_clients import dry_run_clients
from userprofiles.legacy.job.stage import Outcome
from userprofiles.legacy.stage_tools import USER_STAYS
from userprofiles.legacy.users.user_removal import CHANGED_DATA, CHANGED_USER
from users_world import UsersWorld, legacy_user, phone

STAGES = ("users", "content", "links", "premium", "counters", "pictures")
CHANGED, FRIEND, OLDER, REMOVED = 1, 2, 3, 4
URL = "https://media.old.example/{}.mp3"


class RollbackWorld:
    """An import of four users: one who changes, a friend who changes, one who was here before, and another.

    Attributes:
        keys: The keys of the run by stage.
    """

    def __init__(self):
        self.users = UsersWorld()
        self.legacy = LegacyWorld(self.users.table)
        older = self.users.pool.add({"phone_number": phone(100 + OLDER), "phone_number_verified": "true"})
        for sort_key in ("ACCOUNT#MAIN", "PROFILE#MAIN"):
            self.users.table.put({"PK": f"USER#{older}", "SK": sort_key, "first_name": "Old"})
        self.before = self.users.table.items()
        for number in (CHANGED, OLDER, REMOVED):
            self.legacy.s3.add(OLD_BUCKET, f"{number}.mp3", b"sound")
            self.legacy.s3.add(OLD_BUCKET, f"{number}.jpg", b"picture")
        people = [
            self._person(CHANGED, friends=("id2", "id3", "id4"), subscribers=("id4",), blocks=("id2",)),
            self._person(FRIEND, premium=None),
            self._person(OLDER, friends=("id4",)),
            self._person(REMOVED),
        ]
        contents = [
            create_content(f"c{number}", f"id{number}", media=(URL.format(number),))
            for number in (CHANGED, OLDER, REMOVED)
        ]
        self.keys = {"users": self._keys_of(self.users.stage().process(people))}
        for name in STAGES[1:]:
            records = contents if name == "content" else people
            self.keys[name] = self._keys_of(self.legacy.run(name, records))
        self.subs = {number: self.users.sub_of(number) for number in (CHANGED, FRIEND, OLDER, REMOVED)}

    def _person(self, number, **values):
        picture = f"https://media.old.example/{number}.jpg"
        return legacy_user(number, **{"premium": create_premium(), "picture": picture, **values})

    @staticmethod
    def _keys_of(results):
        return [key for result in results for key in result.keys]

    @property
    def clients(self):
        return self.users.table.client, self.users.pool, self.legacy.s3

    def undo(self, switch=None, clients=None):
        """Undo all stages in their order. Return the results by key."""
        switch, real_clients = switch or KillSwitch(), self.clients
        dynamodb, cognito, s3 = map(switch.wrap, clients or real_clients)
        results = self.users.stage(cognito=cognito, dynamodb=dynamodb).undo(self.keys["users"])
        self.users.table.client, self.legacy.s3 = dynamodb, s3
        try:
            for name in STAGES[1:]:
                results += self.legacy.run(name, self.keys[name], "undo")
        finally:
            self.users.table.client, _, self.legacy.s3 = real_clients
        return {result.record_id: result for result in results}

    def items(self, number):
        """Return the items of a user, by sort key."""
        items = self.users.table.items()
        return {item["SK"]: item for item in items if item["PK"] == f"USER#{self.subs[number]}"}

    def files(self, number):
        return [key for key in self.legacy.s3.keys(BUCKET) if key.split("/")[1] == self.subs[number]]

    def state(self):
        return copy.deepcopy((self.users.table.client.tables, self.users.pool.users, self.legacy.s3.objects))

    def restore(self, state):
        (
            self.users.table.client.tables,
            self.users.pool.users,
            self.legacy.s3.objects,
        ) = copy.deepcopy(state)


@pytest.fixture(scope="module")
def imported():
    """The world after the import, and its state."""
    world = RollbackWorld()
    return world, world.state()


@pytest.fixture
def world(imported):
    """The world after the import."""
    rollback_world, state = imported
    rollback_world.restore(state)
    return rollback_world


def outcomes(results):
    """Return the outcomes, and why targets are kept. A second attempt can find the claim removed."""
    return {
        key: (result.outcome, result.reason if result.outcome is Outcome.KEPT else "")
        for key, result in results.items()
    }


def change(world):
    for number in (CHANGED, FRIEND):
        world.users.pool.touch(world.subs[number])


def test_users_who_stay_keep_all_their_data(world):
    """Only links to the removed user go, and the counters follow."""
    change(world)
    items, files = world.items(CHANGED), world.files(CHANGED)

    results = world.undo()

    gone = {f"{kind}#{world.subs[REMOVED]}" for kind in ("FRIEND", "SUBSCRIBER")}
    kept = world.items(CHANGED)
    assert set(kept) == set(items) - gone
    counters = kept.pop("COUNTERS#MAIN")
    assert kept == {name: items[name] for name in kept}
    assert [counters[name] for name in ("friends", "subscribers", "blocks", "content")] == [2, 0, 1, 1]
    assert (len(files), world.files(CHANGED)) == (2, files)
    redirects = [item for item in world.users.table.items() if item["PK"].startswith("REDIRECT#")]
    assert [item["sub"] for item in redirects] == [world.subs[CHANGED]] * 2
    assert results[f"user/id{CHANGED}/{world.subs[CHANGED]}"].reason == CHANGED_USER
    assert {results[f"object/{key}"].reason for key in files} == {USER_STAYS}


def test_links_between_users_who_stay_are_kept_on_both_sides(world):
    """The user who was here before keeps the link to a user who stays, but no other data of the run."""
    change(world)

    world.undo()

    changed = world.subs[CHANGED]
    assert {f"FRIEND#{changed}", f"BLOCKED_BY#{changed}"} < set(world.items(FRIEND))
    assert set(world.items(OLDER)) == {"ACCOUNT#MAIN", "PROFILE#MAIN", f"FRIEND#{changed}", "COUNTERS#MAIN"}
    assert world.items(OLDER)["COUNTERS#MAIN"]["friends"] == 1
    assert world.files(OLDER) == []


def test_a_user_without_changes_leaves_nothing(world):
    change(world)

    world.undo()

    assert world.subs[REMOVED] not in str(world.users.table.items())
    assert (world.items(REMOVED), world.files(REMOVED)) == ({}, [])
    assert world.subs[REMOVED] not in world.users.pool.users


def test_without_changes_everything_is_as_before_the_import(world):
    results = world.undo()

    assert {result.outcome for result in results.values()} == {Outcome.REMOVED}
    assert world.users.table.items() == world.before
    assert world.legacy.s3.keys(BUCKET) == []
    assert list(world.users.pool.users) == [world.subs[OLDER]]


@pytest.mark.parametrize(
    ("sort_key", "change"),
    [
        ("PREMIUM#MAIN", {"ends_at": "2031-01-01T00:00:00Z"}),
        ("CONTENT#", {"updated_at": "2031-01-01T00:00:00Z"}),
    ],
)
def test_a_user_whose_imported_data_has_changed_stays_with_everything(world, sort_key, change):
    """A paid plan that was extended here belongs to a user who uses it."""
    items = world.items(REMOVED)
    [changed] = [item for name, item in items.items() if name.startswith(sort_key)]
    world.users.table.put({**changed, **change})

    results = world.undo()

    assert results[f"user/id{REMOVED}/{world.subs[REMOVED]}"].reason == CHANGED_DATA
    assert len(world.files(REMOVED)) == 2
    assert {
        name for name in items if "#sub" not in name and not name.startswith(("FRIEND", "SUBSCRI"))
    } <= set(world.items(REMOVED))


def test_a_dry_run_has_the_results_of_a_rollback_and_changes_nothing(world):
    change(world)
    before = world.state()

    expected = world.undo(clients=dry_run_clients(*world.clients))

    assert world.state() == before
    assert world.undo() == expected


@pytest.mark.parametrize("step", [13, pytest.param(1, marks=pytest.mark.long)])
def test_a_lost_response_changes_no_result(world, step):
    """A repeated write finds its own result."""
    change(world)
    start = world.state()
    switch = KillSwitch()
    expected_results = world.undo(switch)
    expected = world.state()
    for number in range(1, switch.count + 1, step):
        world.restore(start)
        losing = KillSwitch()
        losing.lose_response = number
        try:
            results = world.undo(losing)
        except (BackfillFailedError, ReadTimeoutError):  # the first call of a client, or a call of S3
            results = world.undo()
        assert world.state() == expected, losing.calls
        assert outcomes(results) == outcomes(expected_results), losing.calls


@pytest.mark.parametrize("step", [13, pytest.param(1, marks=pytest.mark.long)])
def test_a_rollback_that_was_killed_anywhere_ends_the_same(world, step):
    """The second attempt sees what the first one has removed, and keeps the same users."""
    change(world)
    start = world.state()
    switch = KillSwitch()
    world.undo(switch)
    expected = world.state()

    for number in range(1, switch.count + 1, step):
        for moment in ("kill_before", "kill_after"):
            world.restore(start)
            killing = KillSwitch()
            setattr(killing, moment, number)
            with pytest.raises(KilledError):
                world.undo(killing)

            world.undo()

            assert world.state() == expected, (moment, killing.calls)
