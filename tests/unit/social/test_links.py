import pytest
from userprofiles.social import counters, links


@pytest.mark.parametrize("kind", links.MIRRORS)
def test_each_item_of_a_link_is_the_mirror_of_the_other(kind: str) -> None:
    own, other = links.link_items("s-1", kind, "s-2", created_at="2026-01-01T00:00:00Z")

    assert own["PK"] == "USER#s-1"
    assert links.mirror_key("s-1", own["SK"]) == {"PK": other["PK"], "SK": other["SK"]}
    assert links.mirror_key("s-2", other["SK"]) == {"PK": own["PK"], "SK": own["SK"]}


def test_items_of_a_link_have_the_run_that_wrote_them() -> None:
    own, other = links.link_items("s-1", links.BLOCK, "s-2", created_at="2026", run_id="r-1")

    assert own == {
        "PK": "USER#s-1",
        "SK": "BLOCK#s-2",
        "entityType": "LINK",
        "created_at": "2026",
        "migrationRunId": "r-1",
    }
    assert other["SK"] == "BLOCKED_BY#s-1"
    assert other["migrationRunId"] == "r-1"


@pytest.mark.parametrize(
    ("sub", "kind", "other"),
    [("s-1", "LOVES", "s-2"), ("s-1", "FRIEND", "s-1"), ("s-1", "FRIEND", "a#b"), ("", "FRIEND", "s-2")],
)
def test_wrong_link_is_refused(sub: str, kind: str, other: str) -> None:
    with pytest.raises(ValueError, match="link"):
        links.link_key(sub, kind, other)


@pytest.mark.parametrize("sort_key", ["FRIEND#", "FRIEND#s-1", "FRIEND#a#b", "ACCOUNT#MAIN", "CONTENT#s-2"])
def test_other_item_has_no_mirror(sort_key: str) -> None:
    assert links.mirror_key("s-1", sort_key) is None


def test_missing_counters_are_zero() -> None:
    item = counters.counters_item("s-1", {"friends": 2}, run_id="r-1")

    assert item["SK"] == "COUNTERS#MAIN"
    assert [counters.read_counter(item, name) for name in counters.NAMES] == [2, 0, 0, 0, 0]
    assert counters.read_counter(None, "friends") == 0


def test_unknown_counter_is_refused() -> None:
    with pytest.raises(ValueError, match="likes"):
        counters.counters_item("s-1", {"likes": 1})
