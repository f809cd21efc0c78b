"""Tests of `legacy.job.record_reader` and `link_documents`."""

from import_fakes import CONTENT, USERS, content, user
from userprofiles.legacy.job.import_job import ImportSlice
from userprofiles.legacy.job.record_reader import RecordReader


def read(world, part, stage):
    """Return the IDs of the records of a stage, page by page."""
    reader = RecordReader(world.source, world.mapping, part)
    units = [unit for unit in reader.units(world.stages("run1")) if unit.stage == stage]
    for unit in units:
        reader.prepare(unit)
    return [
        [record.old_id for record in reader.map_page(unit, page).records]
        for unit in units
        for page in reader.pages(unit, None, 0, 8)
    ]


def test_batch_begins_and_ends_inside_pages(world):
    """A batch has its users and no others, wherever the pages end."""
    pages = read(world, ImportSlice(skip=10, limit=11), "users")

    assert pages == [[str(n) for n in range(10, 16)], [str(n) for n in range(16, 21)]]


def test_links_of_former_batches_are_read_again(world):
    """A friend can be in any former batch."""
    pages = read(world, ImportSlice(skip=10, limit=2), "links")

    assert pages == [[str(n) for n in range(8)], [str(n) for n in range(8, 12)]]


def test_content_of_a_batch_is_that_of_its_users(world):
    """Content of other users is left to their batch."""
    world.source.documents[CONTENT] = [content("c1", "9"), content("c2", "10"), content("c3", "gone")]

    assert read(world, ImportSlice(skip=10, limit=2), "content") == [["c2"]]


def test_resumed_batch_ends_at_the_same_user(world):
    """The number of documents before a position is stored with it."""
    reader = RecordReader(world.source, world.mapping, ImportSlice(limit=12))
    unit = reader.units(world.stages("run1"))[0]

    pages = [page.content.documents for page in reader.pages(unit, {"index": 8}, 8, 8)]

    assert [[row["old_id"] for row in rows] for rows in pages] == [["8", "9", "10", "11"]]
    assert list(reader.pages(unit, {"index": 12}, 12, 8)) == []


def test_links_can_have_documents_of_their_own(world):
    """Each document of a collection of links is a user with one link for the stage of links."""
    world.mapping.link_collections = ("follows",)
    world.source.documents[USERS] = [user("1")]
    link = {"old_id": "f1", "kind": "subscribers", "owner_id": "1", "other_id": "2", "problems": ()}
    world.source.documents["follows"] = [link, link | {"other_id": ""}]
    reader = RecordReader(world.source, world.mapping, ImportSlice())
    units = reader.units(world.stages("run1"))

    (page,) = reader.pages(units[-1], None, 0, 8)
    mapped = reader.map_page(units[-1], page)

    assert [(unit.stage, unit.collection) for unit in units[2:]] == [("links", USERS), ("links", "follows")]
    assert [(record.old_id, record.subscribers, record.friends) for record in mapped.records] == [
        ("1", ("2",), ())
    ]
    assert len(mapped.unreadable) == 1


def test_users_without_lists_are_not_read_for_links(world):
    """The report has no line for users who list nobody because they can't."""
    world.mapping.link_collections = ("follows",)
    world.mapping.users_list_links = False
    units = RecordReader(world.source, world.mapping, ImportSlice()).units(world.stages("run1"))

    assert [unit.collection for unit in units if unit.stage == "links"] == ["follows"]
