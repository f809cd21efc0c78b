"""Limits for each source address."""

import json

import pytest
from userprofiles.phone_sign_in.source_limits import RequestLimits, SourceLimits, to_source
from userprofiles.settings import SettingsError


def test_register_is_limited_for_an_address(service):
    service.world.clock.now = 3600 * 1000 + 600.0
    for _ in range(20):
        assert service.register().status == 200
    calls = len(service.world.calls)

    response = service.register()

    assert (response.status, response.body["code"]) == (429, "too_many_requests")
    assert response.headers["retry-after"] == "3000"
    assert service.world.operations[calls:] == ["generate_mac", "update_item"]
    assert service.register(address="203.0.113.8").status == 200
    service.world.clock.wait(3000)
    assert service.register().status == 200


def test_verify_has_a_limit_of_its_own(service):
    for _ in range(20):
        service.register()
    statuses = [service.verify("000000").status for _ in range(61)]

    assert statuses == [400] * 60 + [429]


def test_requests_that_are_not_accepted_are_not_counted(service):
    for _ in range(25):
        service.register({})

    assert service.register().status == 200


def test_header_of_the_caller_changes_nothing(service, load_event):
    """The header X-Forwarded-For of the events differs from the address that API Gateway saw."""
    assert load_event("http_api_patch_profile")["headers"]["x-forwarded-for"] == "203.0.113.7"
    for _ in range(20):
        service.register(address="198.51.100.1")

    assert service.register(address="198.51.100.1").status == 429
    assert service.register(address="203.0.113.7").status == 200


@pytest.mark.parametrize("address", [None, "", "unknown"])
def test_unreadable_addresses_share_one_limit(service, address):
    service.replace(limits=RequestLimits(registers=1))

    assert service.register(address=address).status == 200
    assert service.register(address="another").status == 429


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("203.0.113.7, 198.51.100.1", "unknown"),
    ],
)
def test_what_counts_as_one_source(address, source):
    assert to_source(address) == source


def test_table_has_no_address(service):
    service.register()

    [item] = [item for item in service.world.table.items() if item["PK"].startswith("SOURCE#")]
    assert "203.0.113.7" not in json.dumps(item)
    assert item["requests"] == 1
    assert item["expiration"] > service.world.clock.now + 3600


def test_expressions_are_those_of_dynamodb(tables, world):
    tables._create("codes", ("PK", "SK"), {})
    limits = SourceLimits(world.requests._mac_key, tables.client, "codes", clock=world.clock)

    limits.count("REGISTER", "203.0.113.7", 2)
    limits.count("REGISTER", "203.0.113.7", 2)
    with pytest.raises(Exception, match=r"^\d+$"):
        limits.count("REGISTER", "203.0.113.7", 2)

    [item] = tables.items("codes")
    assert item["requests"] == 2


def test_limits_come_from_the_environment():
    assert RequestLimits.from_environment({}) == RequestLimits(20, 60)
    assert RequestLimits.from_environment(
        {"REGISTERS_PER_HOUR": "100", "VERIFIES_PER_HOUR": "300"}
    ) == RequestLimits(100, 300)
    with pytest.raises(SettingsError, match="REGISTERS_PER_HOUR must be a whole number from 1 to 100,000"):
        RequestLimits.from_environment({"REGISTERS_PER_HOUR": "0"})
