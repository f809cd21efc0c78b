"""Friends, subscribers and blocks: both directions, the balance of edges, and counters."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from import_table import ImportTable
from legacy_world import LegacyWorld, create_content, create_user, sub_of
from userprofiles.legacy.graph.listed_links import read_links, split_links
from userprofiles.legacy.job.stage import Outcome
from userprofiles.social.links import mirror_key

OLD_IDS = [str(number) for number in range(6)]
LISTS = st.lists(st.sampled_from([*OLD_IDS, "unknown"]), max_size=6).map(tuple)
USERS = st.tuples(
    *(
        st.builds(create_user, st.just(old_id), friends=LISTS, subscribers=LISTS, blocks=LISTS)
        for old_id in OLD_IDS
    )
)


def links_of(world, old_id):
    """Return the kinds and old IDs of a user's link items."""
    prefix = f"USER#{sub_of(old_id)}"
    pairs = [item["SK"].split("#sub-") for item in world.table.items() if item["PK"] == prefix]
    return {(pair[0], pair[1]) for pair in pairs if len(pair) == 2}


def sum_counts(results):
    counts = Counter()
    for result in results:
        counts.update(result.counts)
    return counts


class TestLinks:
    def test_each_link_has_an_item_in_both_partitions(self, legacy_world):
        legacy_world.bind("1", "2", "3")
        users = [create_user("1", friends=("2",), subscribers=("3",), blocks=("2", "3"))]

        [result] = legacy_world.run("links", users)

        assert links_of(legacy_world, "1") == {
            ("FRIEND", "2"),
            ("SUBSCRIBER", "3"),
            ("BLOCK", "2"),
            ("BLOCK", "3"),
        }
        assert links_of(legacy_world, "2") == {("FRIEND", "1"), ("BLOCKED_BY", "1")}
        assert links_of(legacy_world, "3") == {("SUBSCRIPTION", "1"), ("BLOCKED_BY", "1")}
        assert (result.outcome, len(result.keys)) == (Outcome.CREATED, 8)

    def test_each_item_is_the_mirror_of_another_one_so_that_erasure_finds_it(self, legacy_world):
        legacy_world.bind("1", "2", "3")
        legacy_world.run("links", [create_user("1", friends=("2",), subscribers=("3",), blocks=("2",))])

        items = {(item["PK"], item["SK"]) for item in legacy_world.table.items() if item["PK"][:5] == "USER#"}
        mirrors = {tuple(mirror_key(pk.removeprefix("USER#"), sk).values()) for pk, sk in items}

        assert mirrors == items

    def test_links_that_are_not_written_are_counted_and_listed(self, legacy_world):
        legacy_world.bind("1", "2")
        users = [
            create_user("1", friends=("1", "2", "2", "9", "9"), blocks=("9",)),
            create_user("3", friends=("1",)),
            create_user("2"),
        ]

        results = legacy_world.run("links", users)

        assert results[0].counts == {
            "edges in": 6, "edges out": 1, "edges dangling": 2, "edges repeated": 2, "edges to oneself": 1,
        }  # fmt: skip
        assert results[0].findings == (
            "user 1: friend 9 is not imported",
            "user 1: blocked user 9 is not imported",
        )
        assert [(result.outcome, result.reason) for result in results] == [
            (Outcome.CREATED, ""),
            (Outcome.SKIPPED, "the user is not imported"),
            (Outcome.SKIPPED, "the user lists nobody"),
        ]
        assert results[1].counts == {"edges in": 1, "edges dangling": 1}
        assert results[1].findings == ("user 3 is not imported, so the friend 1 is left out",)

    def test_links_that_exist_stay(self, legacy_world):
        legacy_world.bind("1", "2")
        existing = {"PK": f"USER#{sub_of('1')}", "SK": f"FRIEND#{sub_of('2')}", "created_at": "old"}
        legacy_world.table.put(existing)

        [result] = legacy_world.run("links", [create_user("1", friends=("2",))])

        assert legacy_world.table.get(existing["PK"], existing["SK"]) == existing
        assert [key.split("/")[1] for key in result.keys] == [f"USER#{sub_of('2')}"]

    def test_verification_finds_a_missing_direction(self, legacy_world):
        legacy_world.bind("1", "2")
        users = [create_user("1", friends=("2",))]
        [imported] = legacy_world.run("links", users)
        [verified] = legacy_world.run("links", users, "verify")
        assert (verified.outcome, set(verified.keys)) == (Outcome.EXISTED, set(imported.keys))

        legacy_world.table.delete(f"USER#{sub_of('2')}", f"FRIEND#{sub_of('1')}")

        [verified] = legacy_world.run("links", users, "verify")
        assert (verified.outcome, verified.reason) == (Outcome.FAILED, "a link is not in the table")

    def test_undo_removes_links_of_this_run_only(self, legacy_world):
        legacy_world.bind("1", "2", "3")
        before = legacy_world.table.keys()
        [first] = legacy_world.run("links", [create_user("1", friends=("2",))], run_id="run-1")
        [second] = legacy_world.run("links", [create_user("1", friends=("2", "3"))], run_id="run-2")

        results = legacy_world.run("links", [*second.keys, *first.keys], "undo", run_id="run-2")

        assert Counter(result.outcome for result in results) == {Outcome.REMOVED: 2, Outcome.KEPT: 2}
        assert legacy_world.table.keys() == before | {
            (f"USER#{sub_of('1')}", f"FRIEND#{sub_of('2')}"),
            (f"USER#{sub_of('2')}", f"FRIEND#{sub_of('1')}"),
        }

    def test_preview_calls_no_service(self, legacy_world):
        users = [create_user("1", friends=("1", "2", "2")), create_user("2")]

        with legacy_world.stages() as stages:
            results = stages["links"].preview(users)
            estimate = stages["links"].estimate(users)

        assert [result.outcome for result in results] == [Outcome.CREATED, Outcome.SKIPPED]
        assert results[0].counts == {
            "edges in": 3, "edges out": 1, "edges repeated": 1, "edges to oneself": 1,
        }  # fmt: skip
        assert estimate.write_units == 4.0
        assert legacy_world.table.client.calls == []


class TestBalance:
    @given(users=USERS, imported=st.sets(st.sampled_from(OLD_IDS)))
    @settings(max_examples=25)
    def test_each_listed_link_is_counted_once(self, users, imported):
        subs = {old_id: sub_of(old_id) for old_id in imported}
        for user in users:
            split = split_links(user, subs)
            counts = Counter(split.counts)

            assert counts["edges in"] == len(read_links(user))
            assert counts.total() == 2 * counts["edges in"]
            assert len(split.links) == counts["edges out"]
            assert len(split.dangling) == counts["edges dangling"]

    @given(users=USERS, imported=st.sets(st.sampled_from(OLD_IDS)))
    @settings(max_examples=15, deadline=None)
    def test_import_is_symmetric_balanced_and_can_be_undone(self, users, imported):
        world = LegacyWorld(ImportTable())
        world.bind(*imported)
        before = world.table.keys()
        results = world.run("links", users[::-1])
        counts = sum_counts(results)

        expected = set()
        for user in users:
            for kind, other in split_links(user, {old_id: sub_of(old_id) for old_id in imported}).links:
                sub = sub_of(user.old_id)
                mirror = mirror_key(sub, f"{kind}#{other}")
                expected |= {(f"USER#{sub}", f"{kind}#{other}"), (mirror["PK"], mirror["SK"])}
        assert world.table.keys() - before == expected
        out = sum(counts[name] for name in counts if name != "edges in")
        assert counts["edges in"] == out

        assert [r.keys for r in world.run("links", users[::-1])] == [r.keys for r in results]
        assert {result.outcome for result in world.run("links", users, "verify")} <= {Outcome.EXISTED}
        world.run("links", [key for result in results for key in result.keys], "undo")
        assert world.table.keys() == before


class TestCounters:
    users = (
        create_user("1", friends=("2", "3"), subscribers=("3",)),
        create_user("2", friends=("1",), blocks=("3",)),
        create_user("3"),
        create_user("4"),
    )

    @pytest.fixture
    def results(self, legacy_world):
        legacy_world.bind("1", "2", "3")
        legacy_world.run("content", [create_content("c1", "1"), create_content("c2", "1")])
        legacy_world.run("links", self.users)
        return legacy_world.run("counters", self.users)

    def counters(self, world, old_id):
        item = world.table.get(f"USER#{sub_of(old_id)}", "COUNTERS#MAIN")
        names = ("friends", "subscribers", "subscriptions", "blocks", "content")
        return item and tuple(item[name] for name in names)

    def test_counters_are_those_of_the_items(self, legacy_world, results):
        assert self.counters(legacy_world, "1") == (2, 1, 0, 0, 2)
        assert self.counters(legacy_world, "2") == (1, 0, 0, 1, 0)
        assert self.counters(legacy_world, "3") == (1, 0, 1, 0, 0)
        assert [result.outcome for result in results] == [*[Outcome.CREATED] * 3, Outcome.SKIPPED]

    def test_friendship_that_one_user_lists_is_listed(self, legacy_world, results):
        assert sum_counts(results) == {"friendships that one user lists": 1}
        assert results[2].findings == ("user 3: does not list the friend sub-1, who lists this user",)

    def test_links_in_documents_of_their_own_are_not_called_one_sided(self, legacy_world):
        legacy_world.bind("1", "2")
        legacy_world.run("links", [create_user("1", friends=("2",))])

        with legacy_world.stages(users_list_friends=False) as stages:
            results = stages["counters"].process([create_user("1"), create_user("2")])

        assert sum_counts(results) == {}

    def test_user_without_links_and_content_gets_no_item(self, legacy_world):
        legacy_world.bind("1")

        [result] = legacy_world.run("counters", [create_user("1")])

        assert (result.outcome, result.reason) == (
            Outcome.SKIPPED,
            "the user has no links and no content",
        )
        assert self.counters(legacy_world, "1") is None
        assert legacy_world.run("counters", [create_user("1")], "verify")[0].outcome is Outcome.EXISTED

    def test_repeated_count_changes_nothing(self, legacy_world, results):
        before = legacy_world.table.items()

        assert legacy_world.run("counters", self.users) == results
        assert legacy_world.table.items() == before

    def test_wrong_counters_are_found_and_corrected(self, legacy_world, results):
        item = legacy_world.table.get(f"USER#{sub_of('1')}", "COUNTERS#MAIN")
        legacy_world.table.put({**item, "friends": 7})

        verified = legacy_world.run("counters", self.users, "verify")
        assert [result.outcome for result in verified[:2]] == [Outcome.FAILED, Outcome.EXISTED]

        legacy_world.run("counters", self.users, "update", run_id="run-2")
        assert self.counters(legacy_world, "1") == (2, 1, 0, 0, 2)

    def test_change_during_the_count_is_not_lost(self, legacy_world):
        """A user who publishes something at the same time keeps the right counter."""
        legacy_world.bind("1")
        partition = f"USER#{sub_of('1')}"
        counters = {"PK": partition, "SK": "COUNTERS#MAIN", "entityType": "COUNTERS", "content": 1}
        legacy_world.table.put({"PK": partition, "SK": "CONTENT#a"}, counters)

        def publish(operation, parameters):
            if operation == "PutItem":
                legacy_world.table.client.hooks = []
                legacy_world.table.put({"PK": partition, "SK": "CONTENT#b"}, {**counters, "content": 2})

        legacy_world.table.client.hooks = [publish]

        legacy_world.run("counters", [create_user("1")])

        assert self.counters(legacy_world, "1") == (0, 0, 0, 0, 2)

    def test_rollback_leaves_nothing(self, legacy_world):
        legacy_world.bind("1", "2", "3")
        before = legacy_world.table.items()
        runs = [
            ("content", [create_content("c1", "1")]),
            ("links", self.users),
            ("counters", self.users),
        ]
        keys = [
            (name, [key for result in legacy_world.run(name, records) for key in result.keys])
            for name, records in runs
        ]

        for name, stage_keys in keys:
            legacy_world.run(name, stage_keys, "undo")

        assert legacy_world.table.items() == before

    def test_rollback_keeps_the_counters_of_what_stays(self, legacy_world):
        legacy_world.bind("1", "2")
        partition = f"USER#{sub_of('1')}"
        counters = {"PK": partition, "SK": "COUNTERS#MAIN", "entityType": "COUNTERS", "friends": 1}
        legacy_world.table.put({"PK": partition, "SK": "FRIEND#other"}, counters)
        users = [create_user("1", friends=("2",))]
        [links] = legacy_world.run("links", users)
        [result] = legacy_world.run("counters", users)
        assert (result.outcome, self.counters(legacy_world, "1")[0]) == (Outcome.EXISTED, 2)

        legacy_world.run("links", list(links.keys), "undo")
        [undone] = legacy_world.run("counters", list(result.keys), "undo")

        assert (undone.outcome, self.counters(legacy_world, "1")[0]) == (Outcome.UPDATED, 1)
