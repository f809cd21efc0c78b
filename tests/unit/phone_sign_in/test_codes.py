"""Requests and checks of codes: the table in memory and in moto, and services that are down."""

import re

import pytest
from userprofiles.phone_sign_in.claim import Identity, Outcome

PHONE = "+14155550123"
IDENTITY = Identity.of_phone(PHONE)
NOW = 1_770_220_800


def wait(world, seconds):
    world.clock.wait(seconds)
    return world


def test_code_is_claimed_queued_and_used(stored_world):
    claim = stored_world.requests.request_code(Identity.of_phone(PHONE, "de"))
    [message] = stored_world.messages

    assert claim.outcome == Outcome.CLAIMED
    assert re.fullmatch(r"[0-9]{6}", message["code"])
    assert message == {
        "version": 1,
        "id": claim.claim_id,
        "purpose": "SIGN_IN",
        "phone": PHONE,
        "code": message["code"],
        "expiresAt": NOW + 180,
        "decoy": False,
        "locale": "de",
    }
    assert stored_world.item == {
        "PK": claim.key,
        "SK": "OTP#MAIN",
        "claimId": claim.claim_id,
        "codeMac": claim.code_mac,
        "claimedAt": NOW,
        "expiresAt": NOW + 180,
        "tries": 0,
        "failures": 0,
        "hourStart": NOW,
        "hourSends": 1,
        "dayStart": NOW,
        "daySends": 1,
        "expiration": NOW + 90_000,
    }
    assert stored_world.checks.check_code(claim, message["code"])
    assert stored_world.item["usedAt"] == NOW
    assert not stored_world.checks.check_code(claim, message["code"])


def test_wrong_codes_are_counted_until_the_tries_are_used_up(stored_world):
    claim = stored_world.requests.request_code(IDENTITY)

    assert [stored_world.checks.check_code(claim, stored_world.wrong_code()) for _ in range(5)] == [False] * 5
    assert (stored_world.item["tries"], stored_world.item["failures"]) == (3, 3)
    assert not stored_world.checks.check_code(claim, stored_world.messages[0]["code"])


def test_code_is_valid_for_three_minutes(stored_world):
    first = stored_world.requests.request_code(IDENTITY)
    stored_world.clock.wait(179)
    assert stored_world.checks.check_code(first, stored_world.messages[0]["code"])
    second = stored_world.requests.request_code(IDENTITY)
    stored_world.clock.wait(180)
    assert not stored_world.checks.check_code(second, stored_world.messages[1]["code"])
    third = stored_world.requests.request_code(IDENTITY)
    assert stored_world.checks.check_code(third, stored_world.messages[2]["code"])


def test_new_code_replaces_the_last_one(stored_world):
    first = stored_world.requests.request_code(IDENTITY)
    second = wait(stored_world, 30).requests.request_code(IDENTITY)
    codes = [message["code"] for message in stored_world.messages]

    assert not stored_world.checks.check_code(first, codes[0])
    assert stored_world.checks.check_code(second, codes[1])


def test_locked_number_accepts_no_code_and_gets_none(stored_world):
    for _ in range(4):
        claim = stored_world.requests.request_code(IDENTITY)
        for _ in range(3):
            stored_world.checks.check_code(claim, stored_world.wrong_code())
        stored_world.clock.wait(31)

    assert stored_world.item["failures"] == 10
    assert not stored_world.checks.check_code(claim, stored_world.messages[-1]["code"])
    assert stored_world.requests.request_code(IDENTITY).outcome == Outcome.LOCKED
    stored_world.clock.wait(3600)
    claim = stored_world.requests.request_code(IDENTITY)
    assert claim.outcome == Outcome.CLAIMED
    assert stored_world.item["failures"] == 0
    assert stored_world.checks.check_code(claim, stored_world.messages[-1]["code"])


def test_failures_remain_after_a_new_claim(stored_world):
    for failures in (1, 2):
        claim = stored_world.requests.request_code(IDENTITY)
        stored_world.checks.check_code(claim, "000 000x")
        assert stored_world.item["failures"] == failures
        stored_world.clock.wait(31)


def test_claim_of_another_call_wins(stored_world):
    winners = []
    stored_world.dynamodb.before["update_item"] = lambda: winners.append(
        stored_world.requests.request_code(IDENTITY)
    )

    claim = stored_world.requests.request_code(IDENTITY)

    assert claim.claim_id == winners[0].claim_id
    assert claim.outcome == Outcome.REPEATED
    assert len(stored_world.messages) == 1
    assert stored_world.checks.check_code(claim, stored_world.messages[0]["code"])


def test_second_claim_of_another_call_wins(stored_world):
    stored_world.requests.request_code(IDENTITY)
    stored_world.clock.wait(31)
    winners = []
    stored_world.dynamodb.before["update_item"] = lambda: winners.append(
        stored_world.requests.request_code(IDENTITY)
    )

    assert stored_world.requests.request_code(IDENTITY).claim_id == winners[0].claim_id
    assert len(stored_world.messages) == 2


def test_claim_does_not_replace_a_code_that_was_approved_meanwhile(stored_world):
    first = stored_world.requests.request_code(IDENTITY)
    stored_world.clock.wait(60)
    code = stored_world.messages[0]["code"]
    stored_world.dynamodb.before["update_item"] = lambda: stored_world.checks.approve(PHONE, code)

    assert stored_world.requests.request_code(IDENTITY).claim_id == first.claim_id
    assert len(stored_world.messages) == 1


def test_claim_that_forgets_failures_loses_against_a_new_failure(stored_world):
    claim = stored_world.requests.request_code(IDENTITY)
    stored_world.checks.check_code(claim, stored_world.wrong_code())
    stored_world.clock.wait(3600)
    stored_world.dynamodb.before["update_item"] = lambda: stored_world.checks.check_code(claim, "")

    assert stored_world.requests.request_code(IDENTITY).claim_id == claim.claim_id
    assert stored_world.item["failures"] == 2


def repeat_update(world):
    """Carry out the next update twice, as botocore does if the first answer is lost."""
    update_item = world.dynamodb.client.update_item

    def update_twice(**parameters):
        world.dynamodb.client = world.table
        update_item(**parameters)
        return update_item(**parameters)

    world.dynamodb.client = type("Table", (), {"get_item": staticmethod(world.table.get_item)})
    world.dynamodb.client.update_item = staticmethod(update_twice)


def test_repeated_claim_is_still_the_own_claim_and_is_sent(stored_world):
    repeat_update(stored_world)

    claim = stored_world.requests.request_code(IDENTITY)

    assert claim.outcome == Outcome.CLAIMED
    assert [message["id"] for message in stored_world.messages] == [claim.claim_id]


def test_repeated_use_of_a_code_is_still_the_own_use(stored_world):
    claim = stored_world.requests.request_code(IDENTITY)
    repeat_update(stored_world)

    assert stored_world.checks.check_code(claim, stored_world.messages[0]["code"])


def test_session_continues_its_claim_without_a_message_or_write(world):
    claim = world.requests.request_code(IDENTITY)
    world.calls.clear()

    assert world.requests.continue_claim(IDENTITY, claim.claim_id) == world.requests.continue_claim(
        IDENTITY, claim.claim_id
    )
    assert set(world.operations) == {"generate_mac", "get_item"}
    assert world.requests.continue_claim(IDENTITY, claim.claim_id).code_mac == claim.code_mac


@pytest.mark.parametrize("claim_id", ["", "another"])
def test_session_with_another_claim_gets_one_that_no_code_fits(world, claim_id):
    world.requests.request_code(IDENTITY)

    claim = world.requests.continue_claim(IDENTITY, claim_id)

    assert not world.checks.check_code(claim, world.messages[0]["code"])
    assert world.item["tries"] == 0


def test_mac_depends_on_the_claim_the_number_the_code_and_its_purpose(world):
    macs = {
        world.mac_key.code_mac(claim_id, key, code)
        for claim_id in ("claim", "claim 2")
        for key in ("PHONE#x", "PHONE#y")
        for code in ("123456", "123457")
    }

    assert len(macs) == 8
    assert all(re.fullmatch(r"[\w-]{43}", mac, re.ASCII) for mac in macs)
    assert world.mac_key.compute("source", PHONE) not in world.mac_key.item_key(PHONE)
    assert re.fullmatch(r"PHONE#[\w-]{43}", world.mac_key.item_key(PHONE), re.ASCII)


def test_metrics_of_requests_and_checks(create_world, read_metrics):
    world = create_world(CODES_PER_HOUR="1")
    claim = world.requests.request_code(IDENTITY)
    world.requests.request_code(IDENTITY)
    world.checks.check_code(claim, world.wrong_code())
    world.checks.check_code(claim, world.messages[0]["code"])
    wait(world, 31).requests.request_code(IDENTITY)

    assert read_metrics() == ["CodesClaimed", "CodesWrong", "CodesLimited"]
