"""Confirmation codes: their values, lifetime and limit of wrong attempts.

The emulator checks a code's value, but neither its age nor the number of attempts. For a changed address, the
gateway generates and checks the code itself.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from pulumi_localaws.gateway.wire.errors import AwsError

SIGN_UP_CODE, PASSWORD_RESET_CODE = "123456", "654321"
"""The emulator's codes are these constants. It sends them only by e-mail."""

LIFETIME_SECONDS = {
    "ConfirmSignUp": 24 * 3600.0,
    "VerifyUserAttribute": 24 * 3600.0,
    "ConfirmForgotPassword": 3600.0,
}
"""Lifetime of a code (developer guide, "Quotas": 24 hours, 1 hour for a forgotten password)."""

MAX_WRONG_ATTEMPTS = 5
"""AWS documents no number. Users report 5 to 20 per hour; the lowest is the hardest test for a caller."""

LOCKOUT_SECONDS = 900.0


@dataclass
class _Attempts:
    issued_at: float | None = None
    wrong_attempts: int = 0
    last_wrong_at: float = 0.0


class CodeAttempts:
    """Records when a code was sent and how many wrong codes were tried.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._attempts: dict[tuple[str, str, str], _Attempts] = {}

    def clear(self) -> None:
        """Clear all state after a reset of the emulator."""
        self._attempts.clear()

    def record_issue(self, pool_id: str, user_name: str, action: str) -> None:
        """Record that a code for an action was sent to a user."""
        self._attempts.setdefault((pool_id, user_name, action), _Attempts()).issued_at = self._clock()

    def check(self, pool_id: str, user_name: str, action: str) -> None:
        """Reject an attempt after too many wrong codes, or with a code that has expired.

        Raises:
            AwsError: LimitExceededException or ExpiredCodeException.
        """
        attempts = self._attempts.get((pool_id, user_name, action))
        if attempts is None:
            return
        now = self._clock()
        if attempts.wrong_attempts >= MAX_WRONG_ATTEMPTS:
            if now - attempts.last_wrong_at < LOCKOUT_SECONDS:
                raise AwsError(
                    "LimitExceededException", "Attempt limit exceeded, please try after some time."
                )
            attempts.wrong_attempts = 0
        if attempts.issued_at is not None and now - attempts.issued_at > LIFETIME_SECONDS[action]:
            raise _expired_code_error()

    def record_attempt(self, pool_id: str, user_name: str, action: str, error_code: str) -> None:
        """Record the result of an attempt: an error code, or an empty string for success."""
        key = (pool_id, user_name, action)
        if error_code == "CodeMismatchException":
            attempts = self._attempts.setdefault(key, _Attempts())
            attempts.wrong_attempts += 1
            attempts.last_wrong_at = self._clock()
        elif not error_code:
            self._attempts.pop(key, None)


@dataclass(frozen=True)
class _NewAddress:
    value: str
    code: str
    issued_at: float


class NewAddressCodes:
    """Keeps users' new addresses and their codes until the addresses are verified.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._addresses: dict[tuple[str, str, str], _NewAddress] = {}

    def clear(self) -> None:
        """Clear all state after a reset of the emulator."""
        self._addresses.clear()

    def issue(self, pool_id: str, user_name: str, attribute: str, address: str) -> str:
        """Generate a code for a user's new address; it replaces an older code for the same attribute."""
        code = f"{secrets.randbelow(1_000_000):06d}"
        self._addresses[pool_id, user_name, attribute] = _NewAddress(address, code, self._clock())
        return code

    def get_address(self, pool_id: str, user_name: str, attribute: str) -> str | None:
        """Return the new address that is not verified yet, or None."""
        new_address = self._addresses.get((pool_id, user_name, attribute))
        return None if new_address is None else new_address.value

    def check(self, pool_id: str, user_name: str, attribute: str, code: str) -> str:
        """Return the new address that a code was sent to.

        Raises:
            AwsError: ExpiredCodeException or CodeMismatchException.
        """
        new_address = self._addresses.get((pool_id, user_name, attribute))
        if (
            new_address is None
            or self._clock() - new_address.issued_at > LIFETIME_SECONDS["VerifyUserAttribute"]
        ):
            raise _expired_code_error()
        if not secrets.compare_digest(code.encode(), new_address.code.encode()):
            raise AwsError("CodeMismatchException", "Invalid verification code provided, please try again.")
        return new_address.value

    def remove(self, pool_id: str, user_name: str, attribute: str) -> None:
        """Remove a new address after its verification."""
        self._addresses.pop((pool_id, user_name, attribute), None)


def _expired_code_error() -> AwsError:
    return AwsError("ExpiredCodeException", "Invalid code provided, please request a code again.")
