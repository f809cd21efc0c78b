"""The checklist before an import: each line is ok, or has its fix."""

import contextlib
import dataclasses

import pytest
from checklist_fakes import FakeStage, MemorySource
from legacy_population.contents import OLD_BUCKET
from legacy_population.population import CONTENT_COLLECTION, USERS_COLLECTION, Population
from legacy_population.roles import BLOCK
from userprofiles.legacy.checklists.preflight import PreflightInput, preflight
from userprofiles.legacy.errors import MappingError, SourceRefusedError
from userprofiles.legacy.job.stage import Outcome
from userprofiles.legacy.mapping.mapping import LegacyMapping
from userprofiles.stack_setup.check_result import Status

POPULATION = Population(BLOCK)
LINES = [
    "backup of the old database",
    "versions of the old files",
    "backup of the users table",
    "backup of the audit table",
    "versions of the media bucket",
    "template",
    "sign-in by phone",
    "sender of codes",
    "protection of old IDs",
    "request quotas of Cognito",
    "mapping",
    "source",
    "sample: mapping",
    "sample: countries",
    "sample: dry run",
]


def source_of(population):
    return MemorySource(
        {name: list(population.documents(name)) for name in (USERS_COLLECTION, CONTENT_COLLECTION)}
    )


@pytest.fixture
def source():
    return source_of(POPULATION)


@pytest.fixture
def stages():
    return [FakeStage("users"), FakeStage("content"), FakeStage("links")]


@pytest.fixture
def values(stack, source, stages, now, set_environment):
    set_environment("text_message_sender", ALLOWED_COUNTRIES="")
    return PreflightInput(
        stack=stack,
        open_source=lambda: source,
        load_mapping=lambda: LegacyMapping.load("biograph"),
        open_stages=lambda _: contextlib.nullcontext(stages),
        source_backup="2026-01-31",
        old_buckets=[OLD_BUCKET],
        now=now,
    )


def problems(values):
    """Return detail and fix of the lines that are not ok, by name."""
    return {
        result.name: (result.status, result.detail, result.fix)
        for result in preflight(values)
        if result.status is not Status.OK
    }


def test_all_lines_are_ok(values, source, stages):
    results = list(preflight(values))

    assert [result.name for result in results] == LINES
    assert {result.name for result in results if result.status is not Status.OK} == set()
    by_name = {result.name: result.detail for result in results}
    assert by_name["request quotas of Cognito"].startswith("UserCreation 60/s")
    assert by_name["sample: mapping"].startswith("20 users and ")
    assert by_name["sample: dry run"].startswith("users: 20 created; content: ")
    assert [stages[0].pages, stages[0].estimated] == [[20], 20]
    assert source.is_closed


def test_source_that_cannot_be_opened_leaves_the_sample_unchecked(values):
    def refuse():
        raise SourceRefusedError("There is no folder 'dump'.\nCheck --source.")

    found = problems(dataclasses.replace(values, open_source=refuse))

    assert found.keys() == {"source", "sample: mapping", "sample: countries", "sample: dry run"}
    assert found["source"] == (Status.FAILED, "There is no folder 'dump'.", "Check --source.")
    assert found["sample: dry run"][0] is Status.NOT_CHECKED


def test_mapping_with_a_wrong_field(values):
    def refuse():
        raise MappingError("mine.json", ["users.fields.phone: is unknown"])

    found = problems(dataclasses.replace(values, load_mapping=refuse))

    assert found["mapping"] == (
        Status.FAILED,
        "The mapping mine.json is not valid:",
        "- users.fields.phone: is unknown",
    )


def test_dump_of_another_application(values):
    other = MemorySource({"posts": [{"_id": 1}]})

    found = problems(dataclasses.replace(values, open_source=lambda: other))

    assert "does not fit the mapping 'biograph'" in found["source"][1]


def test_countries_without_codes(values, set_environment):
    set_environment("text_message_sender", ALLOWED_COUNTRIES="GB")

    found = problems(values)

    assert found.keys() == {"sample: countries"}
    assert "numbers are of countries to which no code is sent" in found["sample: countries"][1]


def test_sample_that_would_fail_or_import_nobody(values, stages):
    users = list(POPULATION.people())
    stages[0].failed_ids = {str(users[0].old_id)}

    assert problems(values)["sample: dry run"][1] == (
        f"users: 19 created, 1 failed; {users[0].old_id}: it is missing"
    )

    stages[0] = FakeStage("users", Outcome.CONFLICT)
    assert problems(values)["sample: dry run"][1] == "users: none would be imported; 20 conflict"


def test_quotas_that_cannot_be_read(values, clients):
    clients["service-quotas"].responses["list_service_quotas"] = {"Quotas": []}

    assert problems(values)["request quotas of Cognito"][0] is Status.NOT_CHECKED


def test_no_line_has_personal_data(values):
    text = str([result.to_json() for result in preflight(values)])

    for person in POPULATION.people():
        for name in ("phone_number", "email", "name", "username"):
            value = person.document.get(name)
            assert not isinstance(value, str) or len(value) < 4 or value not in text
