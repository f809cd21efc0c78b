"""Cognito's rules for sessions and second factors, in the emulator's process.

The emulator's interpreter loads this module beside its start script, so it uses only ministack, the standard
library and the modules beside it.
"""

from collections.abc import Callable
from typing import Any

_Handler = Callable[[dict[str, Any]], Any]


def check_sign_ins(load_module: Callable[[str], Any]) -> None:
    """Check the sessions of challenges, choose second factors, and check their codes.

    Args:
        load_module: Loads a module beside this one.
    """
    from ministack.services import cognito  # noqa: PLC0415 - loaded after the start of the emulator

    calls = load_module("cognito_calls")
    sessions = load_module("sign_in_sessions").SignInSessions(cognito, calls)
    software_tokens = load_module("software_tokens").SoftwareTokens(cognito, sessions, calls)
    factors_module = load_module("second_factors")
    factors = factors_module.SecondFactors(cognito, sessions, software_tokens, calls)
    settings = load_module("factor_settings").FactorSettings(cognito, calls)

    def translate(handler: _Handler) -> Any:
        return calls.translate(cognito, handler)

    def answer_challenge(original: _Handler, *, is_admin: bool) -> Any:
        challenges = {*factors.handlers, *([factors_module.ISSUE_TOKENS] if is_admin else [])}

        def handle(data: dict[str, Any]) -> Any:
            pool = (
                cognito._user_pools.get(data.get("UserPoolId"))
                if is_admin
                else cognito._pool_for_client(data.get("ClientId"))[0]
            )
            is_client_of_pool = pool is not None and data.get("ClientId") in pool["_clients"]
            if not is_client_of_pool or data.get("ChallengeName") not in challenges:
                return original(data)
            return factors.respond(pool, data)

        return translate(handle)

    cognito._password_auth_result = factors.follow_password
    cognito._associate_software_token = translate(software_tokens.associate)
    cognito._verify_software_token = translate(software_tokens.verify)
    cognito._respond_to_auth_challenge = answer_challenge(cognito._respond_to_auth_challenge, is_admin=False)
    cognito._admin_respond_to_auth_challenge = answer_challenge(
        cognito._admin_respond_to_auth_challenge, is_admin=True
    )
    cognito._set_user_mfa_preference = translate(settings.set_preference)
    cognito._admin_set_user_mfa_preference = translate(settings.set_preference)
    cognito._authenticate_hosted_ui_user = _reject_users_with_a_factor(
        factors, cognito._authenticate_hosted_ui_user
    )
    cognito._confirm_sign_up = _mark_confirmed_users(cognito, cognito._confirm_sign_up)


def _reject_users_with_a_factor(factors: Any, authenticate: Callable[..., Any]) -> Callable[..., Any]:
    """Let the hosted UI reject a user who needs a second factor, because its pages ask for none."""

    def handle(pool: dict[str, Any], username: str, password: str) -> tuple[Any, str]:
        user, error = authenticate(pool, username, password)
        if user is not None and factors.choose_challenge(pool, user) is not None:
            return None, (
                "pulumi-localaws: the hosted UI of the local AWS asks for no second factor, which this user"
                " needs. Sign in with InitiateAuth here, and try the hosted UI on AWS."
            )
        return user, error

    return handle


def _mark_confirmed_users(cognito: Any, confirm_sign_up: _Handler) -> _Handler:
    """Remember users who confirmed by a code: their first sign-in needs no second factor."""

    def handle(data: dict[str, Any]) -> Any:
        answer = confirm_sign_up(data)
        pool = cognito._pool_for_client(data.get("ClientId"))[0]
        if answer[0] == 200 and pool is not None:  # noqa: PLR2004 - an HTTP status
            user = cognito._resolve_user(pool, data.get("Username"))[0]
            user["_confirmed_by_code"] = True
        return answer

    return handle
