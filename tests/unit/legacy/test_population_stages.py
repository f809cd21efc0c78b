"""The stages after the users, scored against a population whose truth is known."""

from collections import Counter
from datetime import UTC, datetime

import pytest
from legacy_population.contents import OLD_BUCKET, FileKind
from legacy_population.population import CONTENT_COLLECTION, Population
from legacy_population.roles import BLOCK, Expected
from legacy_population.truth import count_truth
from legacy_world import BUCKET
from userprofiles.legacy.job.stage import Outcome
from userprofiles.legacy.mapping.mapping import LegacyMapping

RULES = {
    "rules": [
        {"from": f"https://{OLD_BUCKET}.s3.amazonaws.com/", "bucket": OLD_BUCKET, "public": True},
        {"from": f"https://s3.amazonaws.com/{OLD_BUCKET}/", "bucket": OLD_BUCKET, "owner": "*/{record_id}-"},
        {"from": "http://cdn.biograph.example/", "bucket": OLD_BUCKET, "owner": "audio/{record_id}-"},
    ]
}
STAGES = ("content", "links", "premium", "counters", "pictures")


class Import:
    """A population, and what the stages made of it."""

    def __init__(self, world, blocks):
        self.world = world
        self.population = Population(blocks * BLOCK, now=datetime.now(UTC))
        blocks = list(self.population.blocks())
        mapping = LegacyMapping.load("biograph")
        self.people = [mapping.read_user(person.document) for block in blocks for person in block.people]
        self.contents = [
            mapping.read_content(CONTENT_COLLECTION, content.document)
            for block in blocks
            for content in block.contents
        ]
        for key, body in self.population.files():
            world.s3.add(OLD_BUCKET, key, body)
        world.bind(
            *(
                str(person.old_id)
                for block in blocks
                for person in block.people
                if person.expected is Expected.IMPORTED
            )
        )
        self.before = world.table.items()

    def records(self, name):
        return self.contents if name == "content" else self.people

    def run(self, act="process"):
        """Run all stages. Return their results by name."""
        return {name: self.world.run(name, self.records(name), act, rules=RULES) for name in STAGES}


def counts_of(results):
    counts = Counter()
    for result in results:
        counts.update(result.counts)
    return counts


def test_everything_is_there_and_the_rollback_leaves_nothing(legacy_world):
    population = Import(legacy_world, blocks=2)
    truth = count_truth(population.population)
    world = population.world

    results = population.run()

    content = Counter(result.outcome for result in results["content"])
    assert content[Outcome.CREATED] == truth.contents_imported
    assert content[Outcome.CONFLICT] == truth.contents_left_behind + truth.contents_without_owner
    media = counts_of(results["content"])
    assert media["media"] == truth.files[FileKind.COPIED]
    assert counts_of(results["pictures"])["pictures"] == truth.pictures
    assert len(world.s3.keys(BUCKET)) == truth.files[FileKind.COPIED] + truth.pictures
    assert media["dead links"] == truth.files[FileKind.DEAD] + truth.files[FileKind.NO_URL]
    assert media["media elsewhere"] == truth.files[FileKind.ELSEWHERE]
    assert media["old URLs left"] == 0
    assert not any(host in str(world.table.items()) for host in ("amazonaws.com", "cdn.biograph.example"))

    edges = counts_of(results["links"])
    links = truth.links.values()
    assert edges["edges in"] == sum(kind.listed for kind in links)
    assert edges["edges out"] == sum(kind.imported for kind in links)
    assert edges["edges dangling"] == sum(kind.orphan + kind.left_behind for kind in links)
    assert edges["edges repeated"] == sum(kind.repeated for kind in links)
    assert edges["edges to oneself"] == sum(kind.own for kind in links)
    one_sided = counts_of(results["counters"])["friendships that one user lists"]
    assert truth.links["friends"].imported == 2 * truth.mutual_friends + one_sided

    plans = Counter(result.outcome for result in results["premium"])
    assert plans[Outcome.CREATED] == truth.plans
    days = counts_of(results["premium"])
    assert days["remaining days out"] * 86_400 >= truth.seconds_left

    verified = [result for results in population.run("verify").values() for result in results]
    assert not [result for result in verified if result.outcome is Outcome.FAILED]
    for name in STAGES:
        keys = [key for result in results[name] for key in result.keys]
        world.run(name, keys, "undo", rules=RULES)
    assert world.table.items() == population.before
    assert world.s3.keys(BUCKET) == []


@pytest.mark.long
def test_second_run_changes_nothing(legacy_world):
    population = Import(legacy_world, blocks=1)
    population.run()
    items, objects = population.world.table.items(), dict(population.world.s3.objects)

    results = {
        name: population.world.run(name, population.records(name), run_id="run-2", rules=RULES)
        for name in STAGES
    }

    assert population.world.table.items() == items
    assert population.world.s3.objects == objects
    assert not any(result.keys for name in ("content", "links", "premium") for result in results[name])
