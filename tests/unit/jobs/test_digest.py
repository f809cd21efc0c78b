"""A digest that does not depend on the order of the records."""

import random

from userprofiles.jobs.digest import OrderFreeDigest, record_number


def digest_of(records):
    digest = OrderFreeDigest()
    for record in records:
        digest.add(record_number(*record))
    return digest.hexdigest()


RECORDS = [(f"user{n}", "created") for n in range(20)]


def test_order_does_not_matter():
    shuffled = random.sample(RECORDS, len(RECORDS))

    assert digest_of(shuffled) == digest_of(RECORDS)


def test_parts_add_up():
    first, second = OrderFreeDigest(), OrderFreeDigest()
    for record in RECORDS[:7]:
        first.add(record_number(*record))
    for record in RECORDS[7:]:
        second.add(record_number(*record))
    first.add(second.total)

    assert first.hexdigest() == digest_of(RECORDS)


def test_each_change_is_noticed():
    changes = [
        RECORDS[1:],
        [*RECORDS, RECORDS[0]],
        [*RECORDS, RECORDS[0], RECORDS[0]],
        [("user0", "existed"), *RECORDS[1:]],
        [("user0created", ""), *RECORDS[1:]],
    ]

    assert len({digest_of(records) for records in [RECORDS, *changes]}) == 6


def test_digest_is_stable():
    """A plan of an older release must stay comparable."""
    assert digest_of([("a", "created")]) == (
        "ad4105a061985b7a5410c7a0892805f07dde61e61100d5e4d7281cb5ebf46677"
    )
