"""The records that the checklist after the cut-over compares."""

import pytest
from checklist_fakes import MemorySource
from legacy_population.population import CONTENT_COLLECTION, USERS_COLLECTION, Population
from legacy_population.roles import BLOCK
from userprofiles.legacy.checklists.imported_records import ImportedRecords
from userprofiles.legacy.job.import_job import ImportSlice
from userprofiles.legacy.job.record_reader import RecordReader
from userprofiles.legacy.mapping.mapping import LegacyMapping

MAPPING = LegacyMapping.load("biograph")
POPULATION = Population(2 * BLOCK)


@pytest.fixture
def read():
    """Return a function that reads users and content of a batch."""
    collections = (USERS_COLLECTION, CONTENT_COLLECTION)
    source = MemorySource({name: list(POPULATION.documents(name)) for name in collections})

    def records(sample_size, **part):
        reader = RecordReader(source, MAPPING, ImportSlice(**part))
        imported = ImportedRecords(reader, MAPPING, sample_size)
        return list(imported.users()), list(imported.contents())

    return records


def test_all_records(read):
    users, contents = read(None)

    assert len(users) == 2 * BLOCK
    owned = sum(content.owner is not None for block in POPULATION.blocks() for content in block.contents)
    assert sum(bool(record.owner_id) for record in contents) >= owned


def test_sample_has_the_content_of_its_users(read):
    users, contents = read(10)

    everybody, everything = read(None)
    assert users == everybody[::20]
    owner_ids = {user.old_id for user in users}
    assert contents == [record for record in everything if record.owner_id in owner_ids]
    assert contents


def test_records_are_those_of_the_batch(read):
    users, contents = read(None, skip=BLOCK, limit=50)

    people = list(POPULATION.people())[BLOCK : BLOCK + 50]
    assert [user.old_id for user in users] == [str(person.old_id) for person in people]
    assert {record.owner_id for record in contents} <= {user.old_id for user in users}
