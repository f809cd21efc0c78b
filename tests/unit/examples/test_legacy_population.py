"""The generator of old populations: what it says about a population is true of its documents."""

import gzip
from collections import Counter
from datetime import UTC, timedelta

import bson
import pytest
from bson import json_util
from legacy_population.changes import changing_people
from legacy_population.contents import FileKind
from legacy_population.files import COLLECTIONS, Format, write_population
from legacy_population.population import CONTENT_COLLECTION, USERS_COLLECTION, Population
from legacy_population.roles import BLOCK, Expected, Role
from legacy_population.truth import count_truth
from userprofiles.phone_sign_in.phone_input import PhoneNumberError, normalize

POPULATION = Population(2 * BLOCK)
JSON = json_util.JSONOptions(tz_aware=True, tzinfo=UTC)


def read_files(folder, file_format):
    """Return the documents of a collection by the code of MongoDB's driver, not by ours."""
    for collection in COLLECTIONS:
        if file_format in {Format.DUMP, Format.DUMP_GZIP}:
            opener = gzip.open if file_format is Format.DUMP_GZIP else open
            ending = ".gz" if file_format is Format.DUMP_GZIP else ""
            with opener(folder / f"{collection}.bson{ending}", "rb") as file:
                yield list(bson.decode_file_iter(file, bson.CodecOptions(tz_aware=True)))
            continue
        text = (folder / f"{collection}.json").read_text()
        if file_format in {Format.LINES, Format.LINES_CANONICAL}:
            yield [json_util.loads(line, json_options=JSON) for line in text.splitlines()]
        else:
            yield json_util.loads(text, json_options=JSON)


def test_same_seed_gives_the_same_population():
    again = Population(2 * BLOCK)

    for collection in COLLECTIONS:
        assert list(again.documents(collection)) == list(POPULATION.documents(collection))
    assert next(Population(BLOCK, seed=2).people()).old_id != next(POPULATION.people()).old_id


def test_larger_population_begins_with_the_smaller_one():
    larger = list(Population(3 * BLOCK).documents(USERS_COLLECTION))

    assert larger[: 2 * BLOCK] == list(POPULATION.documents(USERS_COLLECTION))


@pytest.mark.parametrize("file_format", list(Format))
def test_files_have_the_documents(tmp_path, file_format):
    folder = write_population(POPULATION, tmp_path, file_format)

    documents = list(read_files(folder, file_format))

    assert documents == [list(POPULATION.documents(collection)) for collection in COLLECTIONS]


def test_ids_are_unique_and_numbers_are_those_of_the_roles():
    people = list(POPULATION.people())
    numbers = Counter(person.phone.e164 for person in people if person.phone)

    assert len({person.old_id for person in people}) == len(people)
    assert Counter(numbers.values()) == {1: 2 * (BLOCK - 5 - 6), 2: 2, 3: 2}
    for person in people:
        fields = person.document.get("phone_number"), person.document.get("country_code")
        if person.phone:
            assert normalize(*fields) == person.phone.e164
        else:
            with pytest.raises(PhoneNumberError):
                normalize(*fields)


def test_twins_differ_in_case_only():
    by_role = {role: [] for role in Role}
    for person in Population(BLOCK).people():
        by_role[person.role].append(person.document)

    for role, name in ((Role.EMAIL_TWIN, "email"), (Role.NAME_TWIN, "username")):
        values = {document[name] for document in by_role[role]}
        assert len(values) == 2
        assert len({value.lower() for value in values}) == 1


def test_truth_counts_every_document_and_every_link():
    truth = count_truth(POPULATION)

    assert truth.users == sum(truth.roles.values()) == sum(truth.expected.values()) == 2 * BLOCK
    contents = list(POPULATION.documents(CONTENT_COLLECTION))
    assert truth.contents == len(contents)
    assert (
        truth.contents == truth.contents_imported + truth.contents_left_behind + truth.contents_without_owner
    )
    for kind, counts in truth.links.items():
        listed = sum(len(document.get(kind, [])) for document in POPULATION.documents(USERS_COLLECTION))
        parts = vars(counts) | {"listed": 0}
        assert counts.listed == listed == sum(parts.values())
        assert all(count for name, count in parts.items() if name not in {"listed", "repeated"})


def test_nothing_is_left_behind_if_everybody_is_imported():
    truth = count_truth(POPULATION, is_imported=lambda _: True)

    assert truth.contents_left_behind == 0
    assert [counts.left_behind for counts in truth.links.values()] == [0, 0, 0]
    assert truth.files.keys() == set(FileKind)


def test_remaining_time_depends_on_the_moment():
    truth = count_truth(POPULATION)
    later = count_truth(POPULATION, moment=POPULATION.now + timedelta(days=1000))

    assert truth.plans_ended < truth.plans - truth.plans_without_end
    assert truth.seconds_left > 0
    assert (later.plans_ended, later.seconds_left) == (truth.plans - truth.plans_without_end, 0)


def test_later_population_has_three_changes_in_each_block():
    later = Population(2 * BLOCK, is_later=True)
    users = zip(POPULATION.people(), later.people(), strict=True)
    changed_ids = {new.old_id for old, new in users if old.document != new.document}

    expected_ids = {person.old_id for block in later.blocks() for person in changing_people(block.people)[:2]}
    assert changed_ids == expected_ids
    contents = list(later.documents(CONTENT_COLLECTION))
    assert len(contents) == len(list(POPULATION.documents(CONTENT_COLLECTION))) + 2


def test_files_of_the_old_bucket_are_those_that_the_documents_name():
    keys = {key for key, _ in POPULATION.files()}
    truth = count_truth(POPULATION, is_imported=lambda _: True)
    without_owner = [
        content for block in POPULATION.blocks() for content in block.contents if not content.owner
    ]
    extra = sum(file.kind is FileKind.COPIED for content in without_owner for file in content.files)

    assert len(keys) == truth.files[FileKind.COPIED] + truth.pictures + extra
    assert not any(key.startswith("lost/") for key in keys)


@pytest.mark.parametrize("users", [0, 150, -100, 10**9])
def test_wrong_size_is_refused(users):
    with pytest.raises(
        ValueError, match=rf"users is {users}; it must be a multiple of 100, at most 1,280,000"
    ):
        Population(users)


def test_expectations_of_the_roles():
    assert count_truth(Population(BLOCK)).expected == {
        Expected.IMPORTED: 85,
        Expected.PROPOSED: 6,
        Expected.LEFT_OUT: 9,
    }
