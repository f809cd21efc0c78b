"""The truth table notices each difference between an import and the truth."""

from collections import Counter

import pytest
from legacy_population.expectation import expect
from legacy_population.imported import Imported
from legacy_population.population import Population
from legacy_population.roles import BLOCK
from legacy_population.score import score

EXPECTATION = expect(Population(BLOCK))


@pytest.fixture
def imported():
    """Return what a correct import leaves behind."""
    files = {str(number) for number in range(EXPECTATION.files)}
    pictures = {f"picture {number}" for number in range(EXPECTATION.pictures)}
    return Imported(
        users=Counter(EXPECTATION.users.keys()),
        confirmed=Counter(EXPECTATION.users.keys()),
        contents=Counter(EXPECTATION.contents.items()),
        files=files | pictures,
        file_entries=set(files),
        pictures=pictures,
        links=Counter(EXPECTATION.links),
        plans=dict(EXPECTATION.plans),
    )


def differences(imported):
    """Return lost, duplicated and extra of the rows that are not true, by name."""
    rows = score(EXPECTATION, imported)
    return {row.name: (row.lost, row.duplicated, row.extra) for row in rows if not row.is_true}


def test_correct_import_has_no_difference(imported):
    assert differences(imported) == {}
    assert len(EXPECTATION.users) == 91


def test_user_who_is_lost_or_duplicated(imported):
    first, second, third = list(EXPECTATION.users)[:3]
    del imported.users[first]
    imported.users[second] = 0
    imported.confirmed[third] = 2

    assert differences(imported) == {
        "users with account and profile": (2, 0, 0),
        "users in the pool, confirmed": (0, 1, 0),
    }


def test_content_of_another_owner_is_lost_and_extra(imported):
    content, owner = next(iter(EXPECTATION.contents.items()))
    del imported.contents[content, owner]
    imported.contents[content, "somebody else"] = 1

    assert differences(imported) == {"biographs, each with its owner": (1, 0, 1)}


def test_file_without_biograph_and_biograph_without_file(imported):
    imported.files.remove("0")
    imported.files.add("other")

    assert differences(imported) == {"files in the bucket": (1, 0, 1)}


def test_picture_without_its_file(imported):
    imported.files.remove("picture 0")

    assert differences(imported) == {"pictures in the bucket": (1, 0, 1)}


def test_link_in_one_direction_only(imported):
    link = next(link for link in EXPECTATION.links if link[0] == "friends")
    del imported.links[link]
    imported.mirrors_missing = 1

    assert differences(imported) == {
        "friends, both directions": (1, 0, 0),
        "links that only one of both users has": (0, 0, 1),
    }


def test_plan_that_ends_early(imported):
    old_id = next(old_id for old_id, end in EXPECTATION.plans.items() if end)
    imported.plans[old_id] = None

    assert differences(imported) == {"paid plans, none ends early or late": (1, 0, 1)}


def test_old_host_in_a_text(imported):
    imported.old_urls = 1

    assert differences(imported) == {"biographs with URLs of old hosts": (0, 0, 1)}
