"""Codes expire, and wrong ones are counted: the emulator does neither. New addresses get their codes here."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from pulumi_localaws.gateway.wire.errors import AwsError

LIFETIMES = {
    "ConfirmSignUp": 24 * 3600.0,
    "VerifyUserAttribute": 24 * 3600.0,
    "ConfirmForgotPassword": 3600.0,
}
"""Seconds that a code is good for (developer guide, "Quotas": 24 hours, for a forgotten password 1)."""

WRONG_TRIES = 5
"""AWS says no number; users report between 5 and 20 an hour. The lowest shows a caller's handling best."""

LOCKED_SECONDS = 900.0


@dataclass
class _Code:
    issued: float | None = None
    wrong: int = 0
    last_wrong: float = 0.0


class CodeAttempts:
    """Remembers when a code was sent and how often a wrong one was tried.

    Args:
        clock: Seconds that only move forward; tests hand in their own.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._codes: dict[tuple[str, str, str], _Code] = {}

    def forget(self) -> None:
        """Forget all, after the emulator was reset."""
        self._codes.clear()

    def issued(self, pool_id: str, user_name: str, action: str) -> None:
        """Note that a code for an action was sent to a user."""
        self._codes.setdefault((pool_id, user_name, action), _Code()).issued = self._clock()

    def check(self, pool_id: str, user_name: str, action: str) -> None:
        """Refuse a try when there were too many, or when the code is too old.

        Raises:
            AwsError: LimitExceededException or ExpiredCodeException.
        """
        code = self._codes.get((pool_id, user_name, action))
        if code is None:
            return
        now = self._clock()
        if code.wrong >= WRONG_TRIES:
            if now - code.last_wrong < LOCKED_SECONDS:
                raise AwsError(
                    "LimitExceededException", "Attempt limit exceeded, please try after some time."
                )
            code.wrong = 0
        if code.issued is not None and now - code.issued > LIFETIMES[action]:
            raise AwsError("ExpiredCodeException", "Invalid code provided, please request a code again.")

    def tried(self, pool_id: str, user_name: str, action: str, error: str) -> None:
        """Note how a try ended: the error's code, or an empty string."""
        key = (pool_id, user_name, action)
        if error == "CodeMismatchException":
            code = self._codes.setdefault(key, _Code())
            code.wrong += 1
            code.last_wrong = self._clock()
        elif not error:
            self._codes.pop(key, None)


@dataclass(frozen=True)
class _NewAddress:
    value: str
    code: str
    issued: float


class NewAddressCodes:
    """Remembers new addresses until the code that was sent to them comes back.

    Args:
        clock: Seconds that only move forward.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._addresses: dict[tuple[str, str, str], _NewAddress] = {}

    def forget(self) -> None:
        """Forget all, after the emulator was reset."""
        self._addresses.clear()

    def issue(self, pool_id: str, user_name: str, attribute: str, address: str) -> str:
        """Return a code for a user's new address; it replaces an older code for the same attribute."""
        code = f"{secrets.randbelow(1_000_000):06d}"
        self._addresses[pool_id, user_name, attribute] = _NewAddress(address, code, self._clock())
        return code

    def address(self, pool_id: str, user_name: str, attribute: str) -> str | None:
        """Return the new address that waits for its code, or None."""
        pending = self._addresses.get((pool_id, user_name, attribute))
        return None if pending is None else pending.value

    def check(self, pool_id: str, user_name: str, attribute: str, code: str) -> str:
        """Return the new address that a code belongs to.

        Raises:
            AwsError: ExpiredCodeException or CodeMismatchException.
        """
        pending = self._addresses.get((pool_id, user_name, attribute))
        if pending is None or self._clock() - pending.issued > LIFETIMES["VerifyUserAttribute"]:
            raise AwsError("ExpiredCodeException", "Invalid code provided, please request a code again.")
        if not secrets.compare_digest(code.encode(), pending.code.encode()):
            raise AwsError("CodeMismatchException", "Invalid verification code provided, please try again.")
        return pending.value

    def remove(self, pool_id: str, user_name: str, attribute: str) -> None:
        """Remove a new address that is verified."""
        self._addresses.pop((pool_id, user_name, attribute), None)
