"""A plan of an import in memory."""

from contextlib import nullcontext

from import_world import Observer
from userprofiles.legacy.job.plan_estimate import describe_estimate
from userprofiles.legacy.job.plan_file import conflict_json, create_plan
from userprofiles.legacy.job.planner import ImportPlanner
from userprofiles.legacy.job.record_reader import RecordReader

RATES = {"UserCreation": 10.0, "UserUpdate": 5.0}
TARGET = {"userPoolId": "eu-west-1_a", "table": "arn:aws:dynamodb:eu-west-1:111122223333:table/users"}


class FirstPass:
    """Counts documents."""

    def __init__(self):
        self.documents = {}

    def add(self, collection, page):
        self.documents[collection] = self.documents.get(collection, 0) + len(page.documents)

    def to_json(self):
        return [self.documents]


def summarize(world):
    first_pass = FirstPass()
    planner = ImportPlanner(
        RecordReader(world.source, world.mapping, world.part),
        first_pass,
        lambda _conflicts: nullcontext(world.stages("plan")),
        observer=Observer(),
        stop=world.stop,
    )
    return planner.plan()


def plan(world, **content):
    summary = summarize(world)
    return create_plan(
        {
            "planId": "run1",
            "source": {"name": "dump:old"},
            "sourceIdentity": world.source.identity(),
            "mapping": {"name": "test", "digest": "1"},
            "mediaRules": None,
            "target": TARGET,
            "codeVersion": "1",
            "slice": {"skip": world.part.skip, "limit": world.part.limit},
            "decisions": {},
            "units": [unit.to_json() for unit in summary.units],
            "conflicts": [conflict_json(conflict) for conflict in summary.conflicts],
            "estimate": describe_estimate(summary.estimate, RATES, "us-east-1", 1.0),
            **content,
        }
    )
