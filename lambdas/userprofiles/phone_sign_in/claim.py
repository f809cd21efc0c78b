"""The claim of a code, and the pure decisions about it.

A claim is the right to send one code to one phone number. Its state is one item for each phone number, so its
limits hold across sessions, functions and users.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from userprofiles.phone_sign_in.code_settings import CodeLimits

_HOUR = 3600
_DAY = 86_400


@dataclass(frozen=True)
class Identity:
    """Who a code is for.

    Attributes:
        text: What the item's key is computed from: a phone number in E.164 form, or `user:` and a user name.
        phone: The phone number that gets the code; None if no code may be sent. Everything else is the same
            then, so that nobody can see whether a user exists.
        locale: The language of the message; None for the default text.
    """

    text: str = field(repr=False)
    phone: str | None = field(repr=False)
    locale: str | None = None

    @classmethod
    def of_phone(cls, phone: str, locale: str | None = None) -> "Identity":
        """Return the identity of a phone number in E.164 form that gets codes."""
        return cls(phone, phone, locale)

    @classmethod
    def decoy(cls, text: str) -> "Identity":
        """Return an identity that gets no code."""
        return cls(text, None)


class Outcome(StrEnum):
    """What a request for a code led to. The caller sees no difference."""

    CLAIMED = "CLAIMED"
    """A new code was sent to the queue."""
    REPEATED = "REPEATED"
    """The last code is still valid, and nothing was sent."""
    LIMITED = "LIMITED"
    """The phone number has reached its limit of codes."""
    LOCKED = "LOCKED"
    """Too many wrong answers were given for the phone number."""


@dataclass(frozen=True)
class Claim:
    """A claim, as a session of Cognito keeps it.

    Attributes:
        key: Key of the item.
        claim_id: ID of the claim, random.
        code_mac: MAC of the code.
        outcome: What the request led to.
    """

    key: str
    claim_id: str
    code_mac: str = field(repr=False)
    outcome: Outcome = Outcome.REPEATED


@dataclass(frozen=True)
class CodeState:
    """The item of a phone number. All times are epoch seconds; 0 or an empty text for a missing attribute."""

    claim_id: str = ""
    code_mac: str = field(default="", repr=False)
    claimed_at: int = 0
    expires_at: int = 0
    tries: int = 0
    failures: int = 0
    last_failure_at: int = 0
    hour_start: int = 0
    hour_sends: int = 0
    day_start: int = 0
    day_sends: int = 0
    used_at: int = 0
    approved_until: int = 0

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> "CodeState":
        """Read an item of the table of codes; an empty mapping for a missing item."""
        values = {name: item[attribute] for name, attribute in ATTRIBUTES.items() if attribute in item}
        return cls(**values)

    def to_claim(self, key: str) -> Claim:
        """Return the claim for the session of a sign-in; without a claim, one that no code fits."""
        if not self.claim_id:
            return unusable_claim(key, Outcome.REPEATED)
        return Claim(key, self.claim_id, self.code_mac)

    def is_locked(self, now: int, limits: CodeLimits) -> bool:
        """Return whether the phone number is locked after too many wrong answers."""
        return (
            self.failures >= limits.failures_before_lock and now - self.last_failure_at < limits.lock_seconds
        )

    def is_approved(self, now: int) -> bool:
        """Return whether an endpoint has approved the code and its sign-in isn't complete."""
        return self.approved_until > now and not self.used_at

    def is_open(self, now: int, limits: CodeLimits) -> bool:
        """Return whether a right answer is accepted."""
        is_valid = self.expires_at > now or self.is_approved(now)
        return (
            bool(self.claim_id)
            and is_valid
            and not self.used_at
            and self.tries < limits.tries_per_code
            and not self.is_locked(now, limits)
        )


ATTRIBUTES = {
    "claim_id": "claimId",
    "code_mac": "codeMac",
    "claimed_at": "claimedAt",
    "expires_at": "expiresAt",
    "tries": "tries",
    "failures": "failures",
    "last_failure_at": "lastFailureAt",
    "hour_start": "hourStart",
    "hour_sends": "hourSends",
    "day_start": "dayStart",
    "day_sends": "daySends",
    "used_at": "usedAt",
    "approved_until": "approvedUntil",
}
"""Attributes of the item, by the fields of CodeState."""


def create_claim_id() -> str:
    """Return a new random ID with 128 bits."""
    return secrets.token_urlsafe(16)


def unusable_claim(key: str, outcome: Outcome, claim_id: str | None = None) -> Claim:
    """Return a claim that looks like any other, but that no code fits."""
    return Claim(key, claim_id or create_claim_id(), secrets.token_urlsafe(32), outcome)


def decide(state: CodeState, now: int, limits: CodeLimits) -> Outcome:
    """Decide whether a request gets a new code.

    Args:
        state: The item of the phone number.
        now: The current time.
        limits: Limits of codes.

    Returns:
        CLAIMED if the caller may write a new claim.
    """
    is_young = bool(state.claim_id) and now - state.claimed_at < limits.resend_seconds
    if is_young or state.is_approved(now):
        return Outcome.REPEATED
    if state.is_locked(now, limits):
        return Outcome.LOCKED
    counted = count_send(state, now)
    if counted.hour_sends <= limits.codes_per_hour and counted.day_sends <= limits.codes_per_day:
        return Outcome.CLAIMED
    return Outcome.REPEATED if state.is_open(now, limits) else Outcome.LIMITED


def count_send(state: CodeState, now: int) -> CodeState:
    """Return the state with one more code in the current hour and day."""
    is_same_hour = now - state.hour_start < _HOUR
    is_same_day = now - state.day_start < _DAY
    return replace(
        state,
        hour_start=state.hour_start if is_same_hour else now,
        hour_sends=state.hour_sends + 1 if is_same_hour else 1,
        day_start=state.day_start if is_same_day else now,
        day_sends=state.day_sends + 1 if is_same_day else 1,
    )


def renew(state: CodeState, claim_id: str, code_mac: str, now: int, limits: CodeLimits) -> CodeState:
    """Return the state with a new claim. Failures are forgotten when the lock after them would have ended."""
    is_forgotten = now - state.last_failure_at >= limits.lock_seconds
    return replace(
        count_send(state, now),
        claim_id=claim_id,
        code_mac=code_mac,
        claimed_at=now,
        expires_at=now + limits.valid_seconds,
        tries=0,
        failures=0 if is_forgotten else state.failures,
        used_at=0,
        approved_until=0,
    )


def expiration(now: int, limits: CodeLimits) -> int:
    """Return when DynamoDB may delete the item: no limit and no lock reaches beyond it."""
    lock_end = limits.valid_seconds + limits.approval_seconds + limits.lock_seconds
    return now + max(_DAY, lock_end) + _HOUR
