"""Checks of the codes that users type. Each check is one write, right or wrong."""

import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from enum import StrEnum

from userprofiles import aws
from userprofiles.phone_sign_in.claim import Claim, CodeState
from userprofiles.phone_sign_in.code_settings import CodeLimits, CodeSettings
from userprofiles.phone_sign_in.code_store import CodeStore
from userprofiles.phone_sign_in.mac_key import MacKey
from userprofiles.phone_sign_in.typed_code import normalize_code
from userprofiles.telemetry import Report


class Approval(StrEnum):
    """Whether an endpoint may sign a user in.

    The reasons follow from the item alone: none of them reveals that a code would have been right.
    """

    APPROVED = "APPROVED"
    WRONG = "WRONG"
    """The code is wrong. The user can try again."""
    EXPIRED = "EXPIRED"
    """There is no valid code: it was never requested, is too old or was used."""
    TOO_MANY_TRIES = "TOO_MANY_TRIES"
    """Too many wrong codes were typed: for this code, or for this phone number in the last hour."""


class CodeChecks:
    """Compares codes, counts wrong ones, and marks right ones as used.

    Args:
        mac_key: Computes MACs.
        store: The table of codes.
        limits: Limits of codes.
        report: Log lines and metrics.
        clock: Returns the current time in epoch seconds.
    """

    def __init__(
        self,
        mac_key: MacKey,
        store: CodeStore,
        limits: CodeLimits,
        report: Report,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._mac_key = mac_key
        self._store = store
        self._limits = limits
        self._report = report
        self._clock = clock

    def check_code(self, claim: Claim, typed_code: object, *, is_known: bool = True) -> bool:
        """Return whether a code is right, and use it up.

        Args:
            claim: The claim of the session.
            typed_code: What the user typed.
            is_known: Whether the user exists. For an unknown user, every code is wrong, with the same calls.

        Raises:
            CodesUnavailableError: KMS or the table did not answer.
        """
        is_equal = self._is_equal(claim, typed_code)
        now = int(self._clock())
        if is_equal and is_known:
            is_right = self._store.use(claim.key, claim.claim_id, secrets.token_urlsafe(16), now)
            self._log(is_right)
            return is_right
        self._count_failure(claim, now)
        return False

    def approve(self, phone: str, typed_code: object) -> Approval:
        """Check a code for an endpoint that signs the user in at once.

        An approved code is not used up: the sign-in that follows sends no other code and uses this one.

        Args:
            phone: The phone number in E.164 form.
            typed_code: What the user typed.

        Raises:
            CodesUnavailableError: KMS or the table did not answer.
        """
        key = self._mac_key.item_key(phone)
        state = self._store.read(key)
        claim = state.to_claim(key)
        is_equal = self._is_equal(claim, typed_code)
        now = int(self._clock())
        if is_equal:
            is_approved = self._store.approve(key, claim.claim_id, now)
            self._log(is_approved)
        else:
            is_approved = False
            self._count_failure(claim, now)
        return Approval.APPROVED if is_approved else self._explain(state, now)

    def _is_equal(self, claim: Claim, typed_code: object) -> bool:
        code = normalize_code(typed_code)
        code_mac = self._mac_key.code_mac(claim.claim_id, claim.key, code)
        return hmac.compare_digest(code_mac.encode(), claim.code_mac.encode())

    def _count_failure(self, claim: Claim, now: int) -> None:
        failures = self._store.count_failure(claim.key, claim.claim_id, now)
        self._log(False)
        if failures == self._limits.failures_before_lock:
            self._report.warning("phone number locked after too many wrong codes", metric="CodesLocked")

    def _log(self, is_right: bool) -> None:
        self._report.info("code checked", isRight=is_right)
        self._report.count(None if is_right else "CodesWrong")

    def _explain(self, state: CodeState, now: int) -> Approval:
        if state.is_locked(now, self._limits) or state.tries >= self._limits.tries_per_code:
            return Approval.TOO_MANY_TRIES
        if not state.claim_id or state.used_at or state.expires_at <= now:
            return Approval.EXPIRED
        return Approval.WRONG


def from_environment(environment: Mapping[str, str], report: Report) -> CodeChecks:
    """Create the checks from a function's environment.

    Args:
        environment: The variables of CodeSettings.
        report: Log lines and metrics.

    Raises:
        userprofiles.settings.SettingsError: A variable is missing or wrong.
    """
    code_settings = CodeSettings.from_environment(environment)
    # 2 attempts each: the deadline of the trigger limits all calls together.
    kms = aws.client("kms", connect_s=0.3, read_s=0.5, attempts=2)
    dynamodb = aws.client("dynamodb", connect_s=0.3, read_s=0.5, attempts=2)
    return CodeChecks(
        MacKey(kms, code_settings.code_key_id),
        CodeStore(dynamodb, code_settings.codes_table, code_settings.limits),
        code_settings.limits,
        report,
    )
