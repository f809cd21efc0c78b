"""Cognito's built-in challenges after a password: a new password, and a second factor.

The emulator chooses no factor for a user without one, and accepts answers without a valid session. The
emulator's interpreter loads this module beside its start script, so it uses only ministack and the standard
library.
"""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

NEW_PASSWORD, SETUP, SELECT = "NEW_PASSWORD_REQUIRED", "MFA_SETUP", "SELECT_MFA_TYPE"
SOFTWARE_TOKEN, SMS = "SOFTWARE_TOKEN_MFA", "SMS_MFA"
ISSUE_TOKENS = "LOCALAWS_ISSUE_TOKENS"
"""The gateway answers this challenge after a custom challenge; it lets no client answer it."""
CODE_HEADER = "x-localaws-second-factor"
"""The response header with the code that the gateway sends by SMS and removes from the response."""
_ATTRIBUTE_PREFIX = "userAttributes."

_Answer = tuple[int, dict[str, str], bytes]


@dataclass(frozen=True)
class _Attempt:
    """An answer to a challenge, with a valid session."""

    pool: dict[str, Any]
    user: dict[str, Any]
    session: dict[str, Any]
    parameters: dict[str, Any]

    @property
    def responses(self) -> dict[str, Any]:
        return dict(self.parameters.get("ChallengeResponses") or {})

    @property
    def client_id(self) -> str:
        return str(self.session["client_id"])


class SecondFactors:
    """Decides what follows a password, and checks the answers.

    Args:
        cognito: The emulator's module.
        sessions: The sessions of the sign-ins.
        software_tokens: Checks the codes of software tokens.
        calls: The module `cognito_calls`.
    """

    def __init__(self, cognito: Any, sessions: Any, software_tokens: Any, calls: Any) -> None:
        self._cognito = cognito
        self._sessions = sessions
        self._software_tokens = software_tokens
        self._calls = calls
        self.handlers: dict[str, Callable[[_Attempt], _Answer]] = {
            NEW_PASSWORD: self._set_new_password,
            SETUP: self._finish_setup,
            SELECT: self._select_factor,
            SOFTWARE_TOKEN: self._check_software_token,
            SMS: self._check_sms_code,
        }

    def follow_password(
        self,
        pool: dict[str, Any],
        _pool_id: str,
        client_id: str,
        user: dict[str, Any],
        _typed_name: str,
        client_metadata: dict[str, str] | None = None,
        data: dict[str, Any] | None = None,
    ) -> _Answer:
        """Return what follows a correct password: a challenge, or tokens."""
        if user.get("UserStatus") == "FORCE_CHANGE_PASSWORD":
            self._record_event(pool, user, data, "Pass", None)
            attributes = self._cognito._attr_list_to_dict(user.get("Attributes", []))
            return self._challenge(
                pool,
                client_id,
                user,
                NEW_PASSWORD,
                {"requiredAttributes": "[]", "userAttributes": json.dumps(attributes)},
            )
        challenge = self.choose_challenge(pool, user)
        if challenge is None:
            self._record_event(pool, user, data, "Pass", None)
            return self._tokens(pool, client_id, user, client_metadata)
        answer = self._start(pool, client_id, user, challenge)
        self._record_event(pool, user, data, "InProgress", json.loads(answer[2])["Session"])
        return answer

    @staticmethod
    def list_factors(pool: dict[str, Any], user: dict[str, Any]) -> list[str]:
        """Return the active factors of a user: those of the preferences, and a token if MFA is required."""
        factors = list(user.get("_mfa_enabled", []))
        if (
            pool.get("MfaConfiguration") == "ON"
            and user.get("_totp_secret")
            and SOFTWARE_TOKEN not in factors
        ):
            factors.append(SOFTWARE_TOKEN)
        return [factor for factor in factors if factor != SMS or _phone_number(user)]

    def choose_challenge(self, pool: dict[str, Any], user: dict[str, Any]) -> str | None:
        """Return the challenge that follows the password of a confirmed user, or None.

        Sources: API reference, SetUserMFAPreference (preferred factor, choice) and AdminInitiateAuth
        (MFA_SETUP: an administrator adds a phone number, and the next sign-in sends a code to it); Developer
        Guide, "Adding MFA to a user pool" (tokens at the first sign-in of a user who confirmed by a code).
        """
        configuration = pool.get("MfaConfiguration") or "OFF"
        if configuration == "OFF":
            return None
        factors = self.list_factors(pool, user)
        if user.get("_preferred_mfa") in factors:
            return str(user["_preferred_mfa"])
        if factors:
            return factors[0] if len(factors) == 1 else SELECT
        if configuration != "ON" or user.pop("_confirmed_by_code", False):
            return None
        return SMS if SMS in _offered_factors(pool) and _phone_number(user) else SETUP

    def respond(self, pool: dict[str, Any], data: dict[str, Any]) -> _Answer:
        """Handle the answer to a challenge.

        Raises:
            Rejected: The session or the answer is not valid.
        """
        responses = data.get("ChallengeResponses") or {}
        if not responses.get("USERNAME"):
            raise self._calls.Rejected("InvalidParameterException", "Missing required parameter USERNAME")
        client_id = data.get("ClientId")
        user, error = self._cognito._resolve_user(pool, responses["USERNAME"])
        if error:
            answer: _Answer = self._cognito._hidden_user_error(pool, client_id, error)
            return answer
        if data["ChallengeName"] == ISSUE_TOKENS:
            return self._tokens(pool, str(client_id), user, data.get("ClientMetadata"))
        session = self._sessions.find(
            data.get("Session"), data["ChallengeName"], client_id=client_id, user=user
        )
        if not user.get("Enabled", True):
            raise self._calls.Rejected("NotAuthorizedException", "User is disabled.")
        return self.handlers[data["ChallengeName"]](_Attempt(pool, user, session, data))

    def _set_new_password(self, attempt: _Attempt) -> _Answer:
        cognito, pool, user = self._cognito, attempt.pool, attempt.user
        new_password = self._require(attempt, "NEW_PASSWORD")
        refusal: _Answer | None = cognito._password_signin_refused(user) or cognito._validate_password(
            pool, new_password
        )
        if refusal:
            return refusal
        attempt.session["is_used"] = True
        updates = [
            {"Name": name.removeprefix(_ATTRIBUTE_PREFIX), "Value": value}
            for name, value in attempt.responses.items()
            if name.startswith(_ATTRIBUTE_PREFIX)
        ]
        user["Attributes"] = cognito._merge_attributes(user.get("Attributes", []), updates)
        user["_password"] = new_password
        user["UserStatus"] = "CONFIRMED"
        user["UserLastModifiedDate"] = cognito._now_epoch()
        cognito._record_auth_event(pool, user, attempt.parameters, "PasswordChange", "Pass")
        challenge = self.choose_challenge(pool, user)
        if challenge is not None:
            return self._start(pool, attempt.client_id, user, challenge)
        return self._tokens(
            pool,
            attempt.client_id,
            user,
            attempt.parameters.get("ClientMetadata"),
            trigger_source="TokenGeneration_NewPasswordChallenge",
        )

    def _finish_setup(self, attempt: _Attempt) -> _Answer:
        if not attempt.session.get("is_verified"):
            raise self._calls.Rejected("NotAuthorizedException", "Invalid session for the user.")
        factors = attempt.user.get("_mfa_enabled", [])
        attempt.user["_mfa_enabled"] = [*(f for f in factors if f != SOFTWARE_TOKEN), SOFTWARE_TOKEN]
        return self._pass(attempt)

    def _select_factor(self, attempt: _Attempt) -> _Answer:
        factor = self._require(attempt, "ANSWER")
        if factor not in self.list_factors(attempt.pool, attempt.user):
            raise self._calls.Rejected("InvalidParameterException", "Invalid MFA type selected.")
        attempt.session["is_used"] = True
        return self._start(attempt.pool, attempt.client_id, attempt.user, factor)

    def _check_software_token(self, attempt: _Attempt) -> _Answer:
        code = self._require(attempt, "SOFTWARE_TOKEN_MFA_CODE")
        return self._check(attempt, lambda: self._software_tokens.check_code(attempt.user, code))

    def _check_sms_code(self, attempt: _Attempt) -> _Answer:
        code = self._require(attempt, "SMS_MFA_CODE")

        def check() -> None:
            if attempt.session.get("code") != code:
                # Seen in amplify-js#3066.
                raise self._calls.Rejected(
                    "CodeMismatchException", "Invalid code or auth state for the user."
                )

        return self._check(attempt, check)

    def _check(self, attempt: _Attempt, check: Callable[[], None]) -> _Answer:
        """Check a code; a wrong one does not use the session up."""
        token = attempt.parameters.get("Session")
        try:
            check()
        except self._calls.Rejected:
            self._cognito._finish_auth_event(attempt.user, token, "Mfa", False)
            raise
        self._cognito._finish_auth_event(attempt.user, token, "Mfa", True)
        return self._pass(attempt)

    def _pass(self, attempt: _Attempt) -> _Answer:
        attempt.session["is_used"] = True
        metadata = attempt.parameters.get("ClientMetadata")
        return self._tokens(attempt.pool, attempt.client_id, attempt.user, metadata)

    def _require(self, attempt: _Attempt, name: str) -> str:
        value = attempt.responses.get(name)
        if not isinstance(value, str) or not value:
            raise self._calls.Rejected("InvalidParameterException", f"Missing required parameter {name}")
        return value

    def _start(self, pool: dict[str, Any], client_id: str, user: dict[str, Any], challenge: str) -> _Answer:
        """Return a challenge for a second factor."""
        if challenge == SMS:
            code = f"{secrets.randbelow(10**6):06}"
            destination = f"+*******{_phone_number(user)[-4:]}"
            parameters = {"CODE_DELIVERY_DELIVERY_MEDIUM": "SMS", "CODE_DELIVERY_DESTINATION": destination}
            status, headers, body = self._challenge(pool, client_id, user, SMS, parameters, code=code)
            return status, {**headers, CODE_HEADER: code}, body
        parameters = {}
        if challenge == SETUP:
            parameters = {"MFAS_CAN_SETUP": json.dumps(_offered_factors(pool))}
        elif challenge == SELECT:
            parameters = {"MFAS_CAN_CHOOSE": json.dumps(self.list_factors(pool, user))}
        elif user.get("_totp_device_name"):
            parameters = {"FRIENDLY_DEVICE_NAME": user["_totp_device_name"]}
        return self._challenge(pool, client_id, user, challenge, parameters)

    def _challenge(
        self,
        pool: dict[str, Any],
        client_id: str,
        user: dict[str, Any],
        name: str,
        parameters: dict[str, str],
        **state: Any,
    ) -> _Answer:
        session = self._sessions.issue(pool, client_id, user, name, **state)
        parameters = {**parameters, "USER_ID_FOR_SRP": user["Username"]}
        answer: _Answer = self._cognito.json_response(
            {"ChallengeName": name, "Session": session, "ChallengeParameters": parameters}
        )
        return answer

    def _tokens(
        self,
        pool: dict[str, Any],
        client_id: str,
        user: dict[str, Any],
        client_metadata: dict[str, str] | None,
        **options: Any,
    ) -> _Answer:
        result = self._cognito._build_auth_result(
            pool["Id"], client_id, user, client_metadata=client_metadata, **options
        )
        answer: _Answer = self._cognito.json_response({"AuthenticationResult": result})
        return answer

    def _record_event(
        self,
        pool: dict[str, Any],
        user: dict[str, Any],
        data: dict[str, Any] | None,
        result: str,
        session: str | None,
    ) -> None:
        self._cognito._record_auth_event(
            pool, user, data or {}, "SignIn", result, (("Password", "Success"),), session
        )


def _phone_number(user: dict[str, Any]) -> str:
    attributes = user.get("Attributes", [])
    return next((str(entry["Value"]) for entry in attributes if entry["Name"] == "phone_number"), "")


def _offered_factors(pool: dict[str, Any]) -> list[str]:
    """Return the factors that users of a pool can set up."""
    has_token = (pool.get("SoftwareTokenMfaConfiguration") or {}).get("Enabled")
    has_sms = pool.get("SmsMfaConfiguration") or (pool.get("SmsConfiguration") and not has_token)
    return [*([SMS] if has_sms else []), *([SOFTWARE_TOKEN] if has_token else [])]
