"""The sessions of custom challenges: each can be used once, by one app client, for a limited time."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from pulumi_localaws.gateway.cognito.pool_models import AppClient, PoolUser
from pulumi_localaws.gateway.wire.errors import AwsError

_MAX_SESSION_SECONDS = 15 * 60
"""The longest validity of a session (API reference, ``AuthSessionValidity``)."""


@dataclass(frozen=True)
class ChallengeAttempt:
    """One sign-in with custom challenges, between two calls of the client.

    Attributes:
        client: The app client that started the sign-in.
        user_name: The user name in the triggers' events; for an unknown user it is generated.
        is_user_known: Whether the user exists.
        typed_name: The name that the client sent first.
        results: The answered challenges, in the form of the triggers' events.
        challenge_metadata: The metadata of the challenge that is not answered yet.
        private_parameters: Its parameters that only VerifyAuthChallengeResponse gets.
    """

    client: AppClient
    user_name: str
    is_user_known: bool
    typed_name: str
    results: tuple[dict[str, Any], ...] = ()
    challenge_metadata: str | None = None
    private_parameters: dict[str, str] = field(default_factory=dict)

    def belongs_to(self, user: PoolUser | None, typed_name: str) -> bool:
        """Return whether a user started this attempt: known by the stored name, unknown by the typed name."""
        if user is not None:
            return self.is_user_known and user.name == self.user_name
        names = {self.user_name.casefold(), self.typed_name.casefold()}
        return not self.is_user_known and typed_name.casefold() in names

    def record_answer(self, challenge_name: str, *, is_correct: bool) -> "ChallengeAttempt":
        """Return the attempt with the result of its open challenge."""
        result = {
            "challengeName": challenge_name,
            "challengeResult": is_correct,
            "challengeMetadata": self.challenge_metadata,
        }
        return replace(self, results=(*self.results, result), challenge_metadata=None, private_parameters={})


class ChallengeSessions:
    """Keeps the attempt of each session until the session is used.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._attempts: dict[str, tuple[ChallengeAttempt, float]] = {}
        """Attempt and time of issue by session, in the order of issue."""

    def clear(self) -> None:
        """Clear all state after a reset of the emulator."""
        self._attempts.clear()

    def issue(self, attempt: ChallengeAttempt) -> str:
        """Keep an attempt and return its new session."""
        self._remove_expired_attempts()
        session = secrets.token_urlsafe(96)
        self._attempts[session] = (attempt, self._clock())
        return session

    def take(
        self, session: str, client: AppClient, user: PoolUser | None, typed_name: str
    ) -> ChallengeAttempt:
        """Return the attempt of a session, which can't be used again.

        Args:
            session: The session in the call.
            client: The app client in the call.
            user: The user whom the call names, or None if the user is unknown.
            typed_name: The name in the call.

        Raises:
            AwsError: NotAuthorizedException. Its texts were reported by users (amplify-js#5834).
        """
        attempt, issued_at = self._attempts.get(session, (None, 0.0))
        if attempt is None or attempt.client.id != client.id or not attempt.belongs_to(user, typed_name):
            raise AwsError("NotAuthorizedException", "Invalid session for the user.")
        del self._attempts[session]
        if self._clock() - issued_at > client.challenge_session_seconds:
            raise AwsError("NotAuthorizedException", "Invalid session for the user, session is expired.")
        return attempt

    def _remove_expired_attempts(self) -> None:
        oldest_issue = self._clock() - _MAX_SESSION_SECONDS
        while self._attempts:
            session, (_, issued_at) = next(iter(self._attempts.items()))
            if issued_at >= oldest_issue:
                return
            del self._attempts[session]
