"""The checklist after the cut-over: each line is ok, or has its fix."""

import dataclasses
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError
from checklist_fakes import FakeStage
from legacy_population.population import CONTENT_COLLECTION, Population
from legacy_population.roles import BLOCK
from userprofiles.legacy.checklists.postflight import PostflightInput, postflight
from userprofiles.legacy.job.stage import Outcome
from userprofiles.legacy.mapping.mapping import LegacyMapping
from userprofiles.social.content import content_item, media_entry, media_key
from userprofiles.stack_setup.check_result import Status
from userprofiles.table.attribute_value import serialize_item

MAPPING = LegacyMapping.load("biograph")
SUB = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
CONTENT_ID = "20250101T000000000Z-0123456789ab"
LINES = [
    "counts of the run",
    "users can sign in by phone",
    "content is readable",
    "friends, subscribers and blocks",
    "paid plans",
    "files are reachable",
    "uploads",
    "errors and feedback since the cut-over",
]


@pytest.fixture(scope="module")
def records():
    """Return the users and the content of a population."""
    [block] = Population(BLOCK).blocks()
    users = [MAPPING.read_user(person.document) for person in block.people]
    contents = [MAPPING.read_content(CONTENT_COLLECTION, content.document) for content in block.contents]
    return users, contents


class OneUser:
    """The only user here is the first old user of each page."""

    def find(self, old_ids):
        return {old_ids[0]: SUB} if len(old_ids) == 25 else {}


@pytest.fixture
def stages():
    return [FakeStage(name, Outcome.EXISTED) for name in ("users", "content", "links", "premium")]


@pytest.fixture
def content(clients, now, bucket):
    """Give the user one content item with one file that is ready and one that is pending."""
    item = content_item(
        SUB,
        CONTENT_ID,
        title="",
        text="",
        record_time=now,
        created_at="2026-01-01T00:00:00Z",
        media=[
            media_entry("ready", "audio/mpeg", size=1, sha256=None),
            media_entry("pending", "audio/mpeg", size=1, sha256=None, state="pending"),
        ],
    )
    clients["dynamodb"].responses["query"] = {"Items": [serialize_item(item)]}
    clients["s3"].responses["head_object"] = {}
    return item


@pytest.fixture
def values(stack, stages, records, now, content):
    users, contents = records
    return PostflightInput(
        stack=stack,
        stages=stages,
        read_users=lambda: iter(users),
        read_contents=lambda: iter(contents),
        outcomes={"users": {Outcome.CREATED: 85, Outcome.CONFLICT: 15}, "content": {Outcome.CREATED: 9}},
        users=OneUser(),
        cut_over=now - timedelta(hours=1),
        max_problems=7,
        now=now,
    )


def problems(values):
    """Return detail and fix of the lines that are not ok, by name."""
    return {
        result.name: (result.detail, result.fix)
        for result in postflight(values)
        if result.status is not Status.OK
    }


def test_all_lines_are_ok(values, stages, clients):
    results = {result.name: result for result in postflight(values)}

    assert list(results) == LINES
    assert problems(values) == {}
    assert results["counts of the run"].detail == "users: 15 conflict, 85 created; content: 9 created"
    assert results["users can sign in by phone"].detail == "100 existed"
    assert results["files are reachable"].detail == "4 files of 4 users"
    assert stages[0].pages[:4] == [25, 25, 25, 25]
    keys = {parameters["Key"] for name, parameters in clients["s3"].calls if name == "head_object"}
    assert keys == {media_key(SUB, CONTENT_ID, "ready")}


def test_failed_records_of_the_run(values):
    found = problems(dataclasses.replace(values, outcomes={"users": {Outcome.FAILED: 1}}))

    assert found["counts of the run"][0] == "users: 1 failed"
    assert "import delta" in found["counts of the run"][1]


def test_run_that_did_nothing(values):
    found = problems(dataclasses.replace(values, outcomes={}))

    assert found["counts of the run"][0] == "the run has processed nothing"


def test_record_that_differs_is_named_by_its_old_id(values, stages, records):
    old_id = records[0][30].old_id
    stages[0].failed_ids = {old_id}

    found = problems(values)

    assert found.keys() == {"users can sign in by phone"}
    assert found["users can sign in by phone"][0] == (
        f"99 existed, 1 failed; for example {old_id}: it is missing"
    )


def test_file_that_is_not_in_the_bucket(values, clients):
    clients["s3"].responses["head_object"] = ClientError({"Error": {"Code": "404"}}, "HeadObject")

    found = problems(values)

    assert found["files are reachable"][0].startswith(
        "4 of 4 files are not in the bucket, for example media/"
    )


def test_bucket_that_refuses_is_not_a_missing_file(values, clients):
    clients["s3"].responses["head_object"] = ClientError({"Error": {"Code": "403"}}, "HeadObject")

    assert problems(values)["files are reachable"][0] == "s3 returned 403"


def test_problems_of_users_are_shown(values):
    found = problems(dataclasses.replace(values, max_problems=0))

    assert found["errors and feedback since the cut-over"][0] == "error: 3, feedback: 4; accepted are 0"
