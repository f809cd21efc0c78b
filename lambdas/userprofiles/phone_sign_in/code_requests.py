"""Requests for a code: the claim, and the message to the queue."""

import time
from collections.abc import Callable, Mapping

from userprofiles import aws, settings
from userprofiles.phone_sign_in.claim import (
    Claim,
    CodeState,
    Identity,
    Outcome,
    create_claim_id,
    decide,
    renew,
    unusable_claim,
)
from userprofiles.phone_sign_in.code_errors import CodeNotQueuedError, unavailable_codes
from userprofiles.phone_sign_in.code_settings import CodeLimits, CodeSettings
from userprofiles.phone_sign_in.code_store import CodeStore
from userprofiles.phone_sign_in.mac_key import MacKey
from userprofiles.phone_sign_in.typed_code import create_code
from userprofiles.telemetry import Report
from userprofiles.text_messages.code_message import CodeMessage, CodeQueue, Purpose

_DECOY_PHONE = "+00000000000"

_METRICS = {
    Outcome.CLAIMED: "CodesClaimed",
    Outcome.LIMITED: "CodesLimited",
    Outcome.LOCKED: "CodesLimited",
}


class CodeRequests:
    """Creates codes and sends them to the queue: at most one in each resend interval.

    A known and an unknown user lead to the same calls in the same order.

    Args:
        mac_key: Computes MACs.
        store: The table of codes.
        queue: The queue of messages.
        limits: Limits of codes.
        report: Log lines and metrics.
        clock: Returns the current time in epoch seconds.
    """

    def __init__(
        self,
        mac_key: MacKey,
        store: CodeStore,
        queue: CodeQueue,
        limits: CodeLimits,
        report: Report,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._mac_key = mac_key
        self._store = store
        self._queue = queue
        self._limits = limits
        self._report = report
        self._clock = clock

    def request_code(self, identity: Identity) -> Claim:
        """Send a code, except if the last one is recent or a limit is reached.

        Raises:
            CodeNotQueuedError: The message was not sent, or the result is unknown. The claim remains, so
                that a code that does arrive is valid.
            CodesUnavailableError: KMS or the table did not answer. Nothing was sent.
        """
        key = self._mac_key.item_key(identity.text)
        state = self._store.read(key)
        now = int(self._clock())
        outcome = decide(state, now, self._limits)
        if outcome is Outcome.CLAIMED:
            claim = self._claim(key, identity, state, now)
        elif outcome is Outcome.REPEATED:
            claim = state.to_claim(key)
        else:
            claim = unusable_claim(key, outcome)
        self._report.info("code requested", outcome=str(claim.outcome))
        self._report.count(_METRICS.get(claim.outcome))
        return claim

    def continue_claim(self, identity: Identity, claim_id: str) -> Claim:
        """Return the claim of a session after a wrong answer. Nothing is sent or written.

        Returns:
            A claim that no code fits if the session's claim is no longer the last one.

        Raises:
            CodesUnavailableError: KMS or the table did not answer.
        """
        key = self._mac_key.item_key(identity.text)
        state = self._store.read(key)
        if claim_id and state.claim_id == claim_id:
            return state.to_claim(key)
        return unusable_claim(key, Outcome.REPEATED, claim_id)

    def _claim(self, key: str, identity: Identity, state: CodeState, now: int) -> Claim:
        claim_id = create_claim_id()
        code = create_code(self._limits.digits)
        code_mac = self._mac_key.code_mac(claim_id, key, code)
        if identity.phone is None:
            code_mac = unusable_claim(key, Outcome.CLAIMED).code_mac
        new = renew(state, claim_id, code_mac, now, self._limits)
        winner = self._store.claim(key, state, new)
        if winner.claim_id != claim_id:
            return winner.to_claim(key)
        message = CodeMessage(
            id=claim_id,
            purpose=Purpose.SIGN_IN,
            phone=identity.phone or _DECOY_PHONE,
            code=code,
            expires_at=new.expires_at,
            is_decoy=identity.phone is None,
            locale=identity.locale,
        )
        with unavailable_codes(CodeNotQueuedError):
            self._queue.send(message)
        return Claim(key, claim_id, code_mac, Outcome.CLAIMED)


def from_environment(environment: Mapping[str, str], report: Report) -> CodeRequests:
    """Create the requests from a function's environment.

    Args:
        environment: The variables of CodeSettings, and CODE_QUEUE_URL.
        report: Log lines and metrics.

    Raises:
        userprofiles.settings.SettingsError: A variable is missing or wrong.
    """
    code_settings = CodeSettings.from_environment(environment)
    queue_url = settings.required(environment, "CODE_QUEUE_URL")
    # 2 attempts each: the deadline of the trigger limits all calls together.
    kms = aws.client("kms", connect_s=0.3, read_s=0.5, attempts=2)
    dynamodb = aws.client("dynamodb", connect_s=0.3, read_s=0.5, attempts=2)
    sqs = aws.client("sqs", connect_s=0.3, read_s=0.5, attempts=2)
    return CodeRequests(
        MacKey(kms, code_settings.code_key_id),
        CodeStore(dynamodb, code_settings.codes_table, code_settings.limits),
        CodeQueue(sqs, queue_url),
        code_settings.limits,
        report,
    )
