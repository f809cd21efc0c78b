"""Limits against SMS pumping."""

import threading

import pytest
from userprofiles.text_messages import message_limits
from userprofiles.text_messages.message_limits import HourlyLimits, MessageLimits, split_limit

NOW = 1_770_000_000
HOUR = 3600


def create_body_of(create_body, number):
    return create_body(id=f"m-{number}", phone=f"+1415555{number:04}")


def test_pumping_of_one_range_ends_at_its_limit(scenario):
    for number in range(100, 110):
        scenario.process(create_body_of(scenario.create_body, number), limits=HourlyLimits(3, 1000))

    assert len(scenario.sender.messages) == 3
    assert scenario.read_metrics() == ["MessagesSent"] * 3 + ["MessagesLimited"] * 7
    assert '"limit":"range"' in scenario.log.getvalue()
    assert "+1415" not in scenario.log.getvalue()
    countries = [
        item["messages"] for item in scenario.tables.items("codes") if item["PK"].startswith("COUNTRY#")
    ]
    assert sum(countries) == 3


def test_pumping_of_many_ranges_ends_at_the_countrys_limit(scenario):
    for number in range(5):
        body = scenario.create_body(id=f"m-{number}", phone=f"+1415555{number}123")
        scenario.process(body, limits=HourlyLimits(50, 2))

    assert len(scenario.sender.messages) == 2
    assert '"limit":"country"' in scenario.log.getvalue()


def test_other_countries_and_ranges_are_not_limited(scenario):
    limits = HourlyLimits(1, 1)

    scenario.process(scenario.create_body(id="a", phone="+14155550123"), limits=limits)
    scenario.process(scenario.create_body(id="b", phone="+16045550123"), limits=limits)

    assert len(scenario.sender.messages) == 2


def test_limit_ends_with_the_hour(scenario):
    for number in range(2):
        scenario.process(scenario.create_body(id=f"m-{number}"), limits=HourlyLimits(1, 1))
    scenario.clock.time += HOUR
    scenario.clock.end += HOUR
    scenario.process(scenario.create_body(id="m-3", expires_at=NOW + 2 * HOUR), limits=HourlyLimits(1, 1))

    assert len(scenario.sender.messages) == 2


def test_limited_message_is_not_sent_by_a_later_delivery(scenario):
    scenario.process(scenario.create_body(id="m-1"), limits=HourlyLimits(1, 1))
    scenario.process(scenario.create_body(id="m-2"), limits=HourlyLimits(1, 1))

    with pytest.raises(Exception, match="AlreadyClaimed"):
        scenario.process(scenario.create_body(id="m-2"))

    assert len(scenario.sender.messages) == 1


@pytest.mark.long
def test_limit_with_shards_is_exact(scenario, codes_table, monkeypatch):
    monkeypatch.setattr(message_limits, "_SHARD_SIZE", 10)
    limits = MessageLimits(scenario.tables.client, codes_table, HourlyLimits(9, 23))
    results = []

    def count(part):
        results.extend(limits.count(f"+1415{number:03}0123", "US", NOW) for number in range(part, 30, 3))

    threads = [threading.Thread(target=count, args=(part,)) for part in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert (results.count(None), results.count("country")) == (23, 7)
    shards = [
        item["messages"] for item in scenario.tables.items("codes") if item["PK"].startswith("COUNTRY#")
    ]
    assert sorted(shards) == [11, 12]


@pytest.mark.parametrize(
    ("limit", "shards"),
    [(1, [1]), (50, [50]), (199, [199]), (200, [100, 100]), (1000, [125] * 8), (1003, [126] * 3 + [125] * 5)],
)
def test_shards_of_a_limit(limit, shards):
    assert split_limit(limit) == shards


def test_counters_expire_and_hold_no_whole_number(scenario):
    scenario.process(scenario.create_body())

    counters = [item for item in scenario.tables.items("codes") if item["SK"] == "COUNT"]
    assert [item["PK"].rsplit("#", 2)[0] for item in counters] == ["COUNTRY#US", "PREFIX#+1415555"]
    assert all(NOW < item["expiration"] <= NOW + 2 * HOUR for item in counters)
    assert "+14155550123" not in str(scenario.tables.items("codes"))
