"""Sessions of Cognito's built-in challenges, which the emulator issues but does not check.

The emulator's interpreter loads this module beside its start script, so it uses only ministack and the
standard library.
"""

import time
from typing import Any


class SignInSessions:
    """Issues and finds sessions; each belongs to one user, one app client and one challenge.

    The emulator keeps them with the sessions of custom challenges, so a reset deletes them too.

    Args:
        cognito: The emulator's module.
        calls: The module `cognito_calls`.
    """

    def __init__(self, cognito: Any, calls: Any) -> None:
        self._cognito = cognito
        self._calls = calls

    def issue(
        self, pool: dict[str, Any], client_id: str, user: dict[str, Any], challenge: str, **state: Any
    ) -> str:
        """Keep a new session and return its token.

        Args:
            pool: The pool.
            client_id: The app client of the sign-in.
            user: The user who signs in.
            challenge: The challenge that the session belongs to.
            state: What the answer needs, such as the code that was sent.
        """
        token, session = self._cognito._create_challenge_session(pool["Id"], client_id, user["Username"])
        session.update(state, challenge=challenge)
        return str(token)

    def find(
        self,
        token: Any,
        challenge: str,
        *,
        client_id: str | None = None,
        user: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return a session that can still be used.

        Args:
            token: The session in the call.
            challenge: The challenge that the call answers.
            client_id: The app client in the call. Default: the call names none.
            user: The user whom the call names. Default: the call names none.

        Raises:
            Rejected: InvalidParameterException without a session (seen in amazon-cognito-identity-js#627), or
                NotAuthorizedException. Its texts were seen in amplify-js#5834 and #6461.
        """
        if not isinstance(token, str) or not token:
            raise self._calls.Rejected("InvalidParameterException", "Missing required parameter Session")
        session: dict[str, Any] | None = self._cognito._challenge_sessions.get(token)
        if (
            session is None
            or session.get("challenge") != challenge
            or client_id not in {None, session["client_id"]}
            or (user is not None and user["Username"] != session["username"])
        ):
            raise self._calls.Rejected("NotAuthorizedException", "Invalid session for the user.")
        if session.get("is_used"):
            raise self._calls.Rejected(
                "NotAuthorizedException", "Invalid session for the user, session can only be used once."
            )
        if time.time() > session["expires_at"]:
            raise self._calls.Rejected(
                "NotAuthorizedException", "Invalid session for the user, session is expired."
            )
        return session
