"""Time-based one-time passwords of Cognito's users: registration, and codes that work once.

The emulator's interpreter loads this module beside its start script, so it uses only ministack and the
standard library.
"""

import base64
import secrets
import time
from typing import Any

SOFTWARE_TOKEN, MFA_SETUP = "SOFTWARE_TOKEN_MFA", "MFA_SETUP"
_STEP_SECONDS = 30
_SECRET_BYTES = 20
_KEPT_STEPS = 5


class SoftwareTokens:
    """Registers software tokens and checks their codes.

    Args:
        cognito: The emulator's module.
        sessions: The sessions of the sign-ins.
        calls: The module `cognito_calls`.
    """

    def __init__(self, cognito: Any, sessions: Any, calls: Any) -> None:
        self._cognito = cognito
        self._sessions = sessions
        self._calls = calls

    def associate(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """Handle AssociateSoftwareToken: by an access token, or by the session of MFA_SETUP.

        Only the second form has a session in its response (seen in amazon-cognito-identity-js#627).
        """
        pool, user, session = self._find_user(parameters)
        if not (pool.get("SoftwareTokenMfaConfiguration") or {}).get("Enabled"):
            # Developer Guide, "TOTP software token MFA".
            raise self._calls.Rejected(
                "SoftwareTokenMFANotFoundException", "Software Token MFA has not been enabled by the userPool"
            )
        secret = base64.b32encode(secrets.token_bytes(_SECRET_BYTES)).decode()
        if session is None:
            user["_totp_pending_secret"] = secret
            return {"SecretCode": secret}
        session["is_used"] = True
        token = self._sessions.issue(pool, session["client_id"], user, MFA_SETUP, secret=secret)
        return {"SecretCode": secret, "Session": token}

    def verify(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """Handle VerifySoftwareToken: the token replaces the user's former one."""
        pool, user, session = self._find_user(parameters)
        secret = user.get("_totp_pending_secret") if session is None else session.get("secret")
        if not secret:
            raise self._calls.Rejected(
                "EnableSoftwareTokenMFAException",
                "No software token MFA has been associated for verification.",
            )
        step = self._find_step(secret, parameters.get("UserCode"))
        if step is None:
            # Seen in aws-amplify-auth-starters#15.
            raise self._calls.Rejected(
                "EnableSoftwareTokenMFAException", "Code mismatch and fail enable Software Token MFA"
            )
        user["_totp_secret"] = secret
        user["_totp_used_steps"] = [step]
        user["_totp_device_name"] = parameters.get("FriendlyDeviceName") or ""
        user.pop("_totp_pending_secret", None)
        if session is None:
            return {"Status": "SUCCESS"}
        session["is_used"] = True
        token = self._sessions.issue(pool, session["client_id"], user, MFA_SETUP, is_verified=True)
        return {"Status": "SUCCESS", "Session": token}

    def check_code(self, user: dict[str, Any], code: Any) -> None:
        """Check the code of a sign-in; each code works once, also the one that verified the token.

        Raises:
            Rejected: CodeMismatchException or ExpiredCodeException. Both texts are quoted by clients of AWS,
                such as the integration tests of amplify-swift ("AuthTOTPSetupWhenAuthenticatedTests").
        """
        step = self._find_step(user.get("_totp_secret"), code)
        if step is None:
            raise self._calls.Rejected("CodeMismatchException", "Invalid code received for user")
        used_steps = user.setdefault("_totp_used_steps", [])
        if step in used_steps:
            raise self._calls.Rejected(
                "ExpiredCodeException", "Your software token has already been used once."
            )
        used_steps.append(step)
        del used_steps[:-_KEPT_STEPS]

    def _find_user(
        self, parameters: dict[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any] | None]:
        """Return pool, user and session of a call; the session is None if the call has an access token."""
        cognito = self._cognito
        if parameters.get("AccessToken"):
            user, pool = cognito._user_pool_for_access_token(parameters["AccessToken"])
            if user is None:
                raise self._calls.Rejected("NotAuthorizedException", "Invalid Access Token")
            return pool, user, None
        session = self._sessions.find(parameters.get("Session"), MFA_SETUP)
        pool = cognito._user_pools.get(session["pool_id"]) or {}
        user = pool.get("_users", {}).get(session["username"])
        if user is None:
            raise self._calls.Rejected("NotAuthorizedException", "Invalid session for the user.")
        return pool, user, session

    def _find_step(self, secret: Any, code: Any) -> int | None:
        """Return the time step of a code, or None: the current step, and one on either side of it."""
        if not secret or not isinstance(code, str):
            return None
        current_step = int(time.time() // _STEP_SECONDS)
        for offset in (0, -1, 1):
            if self._cognito._totp_code(secret, offset) == code:
                return current_step + offset
        return None
