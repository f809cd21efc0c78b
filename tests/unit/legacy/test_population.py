"""What the mapping and the rules say about a population is what its generator says."""

from datetime import datetime

import pytest
from legacy_population.population import CONTENT_COLLECTION, Population
from legacy_population.roles import BLOCK, Expected
from userprofiles.legacy.mapping.mapping import LegacyMapping
from userprofiles.legacy.users.address_index import AddressIndex
from userprofiles.legacy.users.admission import AdmissionRule, ConflictSearch
from userprofiles.legacy.users.decisions import IMPORT, SKIP, Decisions, proposals

POPULATION = Population(2 * BLOCK)
MAPPING = LegacyMapping.load("biograph")
CHOICES = {Expected.IMPORTED: None, Expected.PROPOSED: IMPORT, Expected.LEFT_OUT: SKIP}


@pytest.fixture
def conflicts():
    """Return the conflicts of the population."""
    index = AddressIndex()
    search, rule = ConflictSearch(index), AdmissionRule(MAPPING.source_name, Decisions())
    for person in POPULATION.people():
        user = MAPPING.read_user(person.document)
        search.add(user, rule.admit(user))
    yield search.conflicts()
    index.close()


def test_proposals_are_those_that_the_generator_expects(conflicts):
    choices = proposals(conflicts)

    actual = {str(person.old_id): choices.get(str(person.old_id)) for person in POPULATION.people()}

    assert actual == {str(person.old_id): CHOICES[person.expected] for person in POPULATION.people()}


def test_users_without_conflict_have_the_number_of_the_generator(conflicts):
    choices = proposals(conflicts)
    rule = AdmissionRule(MAPPING.source_name, Decisions.create(choices, conflicts))

    for person in POPULATION.people():
        admission = rule.admit(MAPPING.read_user(person.document))
        is_admitted = admission.outcome is None
        assert is_admitted == (person.expected is not Expected.LEFT_OUT)
        if is_admitted:
            assert admission.addresses.phone == person.phone.e164


def test_links_plans_and_content_are_read_as_they_were_generated():
    for block in POPULATION.blocks():
        for person in block.people:
            user = MAPPING.read_user(person.document)
            assert list(user.friends) == list(dict.fromkeys(map(str, person.document.get("friends", []))))
            end = user.premium.end if user.premium else ""
            assert (datetime.fromisoformat(end) if end else None) == person.premium_end
        for content in block.contents:
            record = MAPPING.read_content(CONTENT_COLLECTION, content.document)
            assert record.owner_id == (str(content.owner.old_id) if content.owner else record.owner_id)
            assert sorted(record.media) == sorted(file.url for file in content.files)
