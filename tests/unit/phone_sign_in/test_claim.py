"""Whether a request gets a new code, and the limits of a phone number."""

from dataclasses import replace

import pytest
from userprofiles.phone_sign_in.claim import (
    ATTRIBUTES,
    CodeState,
    Outcome,
    count_send,
    decide,
    expiration,
    renew,
    unusable_claim,
)
from userprofiles.phone_sign_in.code_settings import CodeLimits

NOW = 1_770_220_800
LIMITS = CodeLimits()
CLAIMED = renew(CodeState(), "claim", "mac", NOW, LIMITS)


def after(seconds, **changes):
    """Return what a request gets some seconds after a claim."""
    return decide(replace(CLAIMED, **changes), NOW + seconds, LIMITS)


def test_first_request_gets_a_code():
    assert decide(CodeState(), NOW, LIMITS) == Outcome.CLAIMED


@pytest.mark.parametrize("seconds", [-5, 0, 29])
@pytest.mark.parametrize("changes", [{}, {"used_at": NOW}, {"tries": 3}, {"failures": 10}, {"hour_sends": 9}])
def test_request_within_the_resend_interval_repeats_the_claim(seconds, changes):
    """A clock can be behind that of another function."""
    assert after(seconds, **changes) == Outcome.REPEATED


@pytest.mark.parametrize("seconds", [30, 181, 90_000])
def test_request_after_the_resend_interval_gets_a_code(seconds):
    assert after(seconds) == Outcome.CLAIMED


def test_approved_code_is_repeated_until_it_is_used():
    assert after(200, approved_until=NOW + 201) == Outcome.REPEATED
    assert after(200, approved_until=NOW + 200) == Outcome.CLAIMED
    assert after(200, approved_until=NOW + 201, used_at=NOW + 199) == Outcome.CLAIMED


def test_locked_number_gets_no_code():
    locked = {"failures": 10, "last_failure_at": NOW + 40}

    assert after(60, **locked) == Outcome.LOCKED
    assert after(40 + 3599, **locked) == Outcome.LOCKED
    assert after(40 + 3600, **locked) == Outcome.CLAIMED
    assert after(60, failures=9, last_failure_at=NOW + 40) == Outcome.CLAIMED


def test_limit_of_an_hour_and_of_a_day():
    assert after(60, hour_sends=5, tries=3) == Outcome.LIMITED
    assert after(3600, hour_sends=5, tries=3) == Outcome.CLAIMED
    assert after(3600, hour_sends=5, day_sends=30, tries=3) == Outcome.LIMITED
    assert after(86_400, hour_sends=5, day_sends=30, tries=3) == Outcome.CLAIMED


def test_at_the_limit_the_last_code_stays_valid():
    assert after(179, hour_sends=5) == Outcome.REPEATED
    assert after(180, hour_sends=5) == Outcome.LIMITED
    assert after(60, hour_sends=5, used_at=NOW + 50) == Outcome.LIMITED


def test_sends_are_counted_by_hour_and_day():
    second = count_send(CLAIMED, NOW + 3599)
    next_hour = count_send(second, NOW + 3600)
    next_day = count_send(next_hour, NOW + 86_400)

    assert (second.hour_start, second.hour_sends, second.day_sends) == (NOW, 2, 2)
    assert (next_hour.hour_start, next_hour.hour_sends, next_hour.day_sends) == (NOW + 3600, 1, 3)
    assert (next_day.day_start, next_day.day_sends) == (NOW + 86_400, 1)


def test_new_claim_starts_without_tries_and_approval():
    old = replace(CLAIMED, tries=3, used_at=NOW, approved_until=NOW + 60, failures=9, last_failure_at=NOW)
    new = renew(old, "new", "new mac", NOW + 100, LIMITS)

    assert (new.claim_id, new.code_mac, new.claimed_at) == ("new", "new mac", NOW + 100)
    assert (new.expires_at, new.tries, new.used_at, new.approved_until) == (NOW + 280, 0, 0, 0)
    assert new.failures == 9


def test_failures_are_forgotten_an_hour_after_the_last():
    old = replace(CLAIMED, failures=9, last_failure_at=NOW)

    assert renew(old, "new", "mac", NOW + 3599, LIMITS).failures == 9
    assert renew(old, "new", "mac", NOW + 3600, LIMITS).failures == 0


def test_item_outlives_every_limit():
    assert expiration(NOW, LIMITS) > NOW + 86_400
    assert expiration(NOW, CodeLimits(lock_seconds=200_000)) > NOW + 200_000


def test_item_with_other_attributes_is_read():
    item = {"PK": "PHONE#x", "SK": "OTP#MAIN", "claimId": "claim", "tries": 2, "expiration": 1, "usedBy": "x"}

    assert CodeState.from_item(item) == CodeState(claim_id="claim", tries=2)
    assert CodeState.from_item({}) == CodeState()
    assert len(set(ATTRIBUTES.values())) == len(CodeState.__dataclass_fields__)


def test_unusable_claim_looks_like_any_other():
    claims = [unusable_claim("PHONE#x", Outcome.LIMITED) for _ in range(2)]

    assert claims[0].claim_id != claims[1].claim_id
    assert claims[0].code_mac != claims[1].code_mac
    assert {len(claim.claim_id) for claim in claims} == {22}
    assert {len(claim.code_mac) for claim in claims} == {43}
    assert CodeState().to_claim("PHONE#x").claim_id
