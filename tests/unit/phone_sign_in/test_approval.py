"""Codes that an endpoint approves, and the sign-in that uses them."""

import pytest
from userprofiles.phone_sign_in.claim import Identity, Outcome
from userprofiles.phone_sign_in.code_checks import Approval

PHONE = "+14155550123"
IDENTITY = Identity.of_phone(PHONE)


def test_approved_code_is_used_by_the_sign_in_that_follows(stored_world):
    stored_world.requests.request_code(IDENTITY)
    code = stored_world.messages[0]["code"]
    stored_world.clock.wait(179)

    assert stored_world.checks.approve(PHONE, code) == Approval.APPROVED
    stored_world.clock.wait(59)
    claim = stored_world.requests.request_code(IDENTITY)
    assert claim.outcome == Outcome.REPEATED
    assert stored_world.checks.check_code(claim, code)
    assert len(stored_world.messages) == 1
    assert stored_world.checks.approve(PHONE, code) == Approval.EXPIRED


def test_approval_does_not_extend_the_next_code(stored_world):
    claim = stored_world.requests.request_code(IDENTITY)
    stored_world.checks.approve(PHONE, stored_world.messages[0]["code"])
    stored_world.checks.check_code(claim, stored_world.messages[0]["code"])
    stored_world.clock.wait(31)
    stored_world.requests.request_code(IDENTITY)

    assert {"usedAt", "usedBy", "approvedUntil"} & stored_world.item.keys() == set()


def test_approval_ends_after_a_minute(stored_world):
    claim = stored_world.requests.request_code(IDENTITY)
    stored_world.clock.wait(150)
    assert stored_world.checks.approve(PHONE, stored_world.messages[0]["code"]) == Approval.APPROVED
    stored_world.clock.wait(60)

    assert not stored_world.checks.check_code(claim, stored_world.messages[0]["code"])


def test_approval_can_be_repeated_after_a_failed_sign_in_while_the_code_is_valid(stored_world):
    stored_world.requests.request_code(IDENTITY)
    code = stored_world.messages[0]["code"]

    assert stored_world.checks.approve(PHONE, code) == Approval.APPROVED
    stored_world.clock.wait(179)
    assert stored_world.checks.approve(PHONE, code) == Approval.APPROVED
    stored_world.clock.wait(1)
    assert stored_world.checks.approve(PHONE, code) == Approval.EXPIRED


@pytest.mark.parametrize("typed", ["right", "wrong"])
def test_reason_of_a_refused_approval_depends_on_the_item_only(stored_world, typed):
    """Else the endpoint would reveal which code was right."""

    def approve():
        code = stored_world.messages[-1]["code"] if typed == "right" else stored_world.wrong_code()
        return stored_world.checks.approve(PHONE, code)

    stored_world.requests.request_code(IDENTITY)
    stored_world.clock.wait(180)
    assert approve() == Approval.EXPIRED
    claim = stored_world.requests.request_code(IDENTITY)
    for _ in range(3):
        stored_world.checks.check_code(claim, stored_world.wrong_code())
    assert approve() == Approval.TOO_MANY_TRIES
    stored_world.clock.wait(30)
    claim = stored_world.requests.request_code(IDENTITY)
    stored_world.checks.check_code(claim, stored_world.messages[-1]["code"])
    assert approve() == Approval.EXPIRED


@pytest.mark.parametrize("typed", ["right", "wrong"])
def test_locked_number_gets_no_approval_although_its_code_has_tries_left(world, typed):
    for _ in range(3):
        world.requests.request_code(IDENTITY)
        answers = [world.checks.approve(PHONE, "") for _ in range(3)]
        assert answers == [Approval.WRONG] * 3
        world.clock.wait(31)
    world.requests.request_code(IDENTITY)
    world.checks.approve(PHONE, "")
    code = world.messages[-1]["code"] if typed == "right" else world.wrong_code()

    assert (world.item["tries"], world.item["failures"]) == (1, 10)
    assert world.checks.approve(PHONE, code) == Approval.TOO_MANY_TRIES


def test_approval_without_a_code_or_with_a_wrong_one(stored_world):
    assert stored_world.checks.approve(PHONE, "123456") == Approval.EXPIRED
    stored_world.requests.request_code(IDENTITY)
    answers = [stored_world.checks.approve(PHONE, stored_world.wrong_code()) for _ in range(4)]
    assert answers == [Approval.WRONG] * 3 + [Approval.TOO_MANY_TRIES]
    assert stored_world.item["failures"] == 3
