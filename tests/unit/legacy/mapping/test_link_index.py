"""Links in a collection of their own become entries of the users' lists."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from document_files import read_all, write_dump
from userprofiles.legacy.documents.open_source import open_source
from userprofiles.legacy.mapping.first_pass import run_first_pass
from userprofiles.legacy.mapping.link_index import include_links

USERS = [{"_id": 1, "phone": "1", "friends": [2, 3]}, {"_id": 2, "phone": "2"}, {"_id": 3, "phone": "3"}]
FOLLOWS = [{"from": 3, "to": 1}, {"from": 2, "to": 1}, {"from": 9, "to": 2}, {"from": None, "to": 1}]
FRIENDSHIPS = [{"a": 1, "b": 4}, {"a": 1, "b": 2}]


@pytest.fixture
def mapping(load_mapping, mapping_document):
    mapping_document["users"]["fields"]["friends"] = "friends"
    mapping_document["links"] = [
        {"collection": "follows", "kind": "subscribers", "fields": {"owner_id": "to", "other_id": "from"}},
        {"collection": "friendships", "kind": "friends", "fields": {"owner_id": "a", "other_id": "b"}},
    ]
    return load_mapping(mapping_document)


@pytest.fixture
def source(tmp_path):
    return open_source(write_dump(tmp_path, {"users": USERS, "follows": FOLLOWS, "friendships": FRIENDSHIPS}))


def test_lists_of_a_user_have_the_links_of_all_collections(mapping, source):
    with include_links(mapping, source) as linked_mapping:
        users = [linked_mapping.read_user(user) for user in read_all(source, "users")]

    assert [user.friends for user in users] == [("2", "3", "4", "2"), (), ()]
    assert [user.subscribers for user in users] == [("3", "2"), ("9",), ()]
    assert [user.blocks for user in users] == [(), (), ()]
    assert users[1].digest != mapping.read_user(USERS[1]).digest


def test_threads_share_the_links(mapping, source):
    with include_links(mapping, source) as linked_mapping, ThreadPoolExecutor(4) as threads:
        users = list(threads.map(linked_mapping.read_user, USERS * 50))

    assert {user.subscribers for user in users} == {("3", "2"), ("9",), ()}


def test_pages_of_links_are_observed(mapping, source):
    pages = []

    with include_links(mapping, source, lambda collection, page: pages.append((collection, page))):
        pass

    assert [(name, len(page.documents)) for name, page in pages] == [("follows", 4), ("friendships", 2)]


def test_link_without_a_user_is_in_the_first_pass(mapping, source):
    [_, counts, _] = run_first_pass(source, mapping).to_json()

    assert counts["problems"] == {"other_id: from is required": 1}


def test_mapping_without_links_is_used_as_it_is(biograph, source):
    with include_links(biograph, source) as mapping:
        assert mapping is biograph
