"""Password history of the emulator's Cognito: a user can't set one of the last passwords again.

The emulator's interpreter loads this module beside its start script, so it uses only ministack and the
standard library.
"""

from collections.abc import Callable
from typing import Any

_Handler = Callable[[dict[str, Any]], Any]
_PREVIOUS_PASSWORDS = "_previous_passwords"


def enforce_password_history() -> None:
    """Check PasswordHistorySize of a pool in ChangePassword, ConfirmForgotPassword and AdminSetUserPassword.

    Source: Cognito API Reference, "PasswordPolicyType" and the errors of these actions.
    """
    from ministack.services import cognito  # noqa: PLC0415 - loaded before ministack

    def find_by_token(data: dict[str, Any]) -> tuple[Any, Any]:
        user, pool = cognito._user_pool_for_access_token(data.get("AccessToken"))  # noqa: SLF001 - pinned
        # The emulator itself rejects a wrong password.
        is_wrong = user is not None and user.get("_password") not in {None, data.get("PreviousPassword")}
        return (None, None) if is_wrong else (pool, user)

    def find_by_client(data: dict[str, Any]) -> tuple[Any, Any]:
        pool, _ = cognito._pool_for_client(data.get("ClientId"))  # noqa: SLF001 - as above
        return pool, pool and cognito._resolve_user(pool, data.get("Username"))[0]  # noqa: SLF001 - as above

    def find_by_pool(data: dict[str, Any]) -> tuple[Any, Any]:
        pool, _ = cognito._resolve_pool(data.get("UserPoolId"))  # noqa: SLF001 - as above
        return pool, pool and cognito._resolve_user(pool, data.get("Username"))[0]  # noqa: SLF001 - as above

    for handler_name, find, field in (
        ("_change_password", find_by_token, "ProposedPassword"),
        ("_confirm_forgot_password", find_by_client, "Password"),
        ("_admin_set_user_password", find_by_pool, "Password"),
    ):
        handler = getattr(cognito, handler_name)
        setattr(cognito, handler_name, _check_history(cognito, handler, find, field))


def _check_history(
    cognito: Any, handler: _Handler, find: Callable[[dict[str, Any]], tuple[Any, Any]], field: str
) -> _Handler:
    def handle(data: dict[str, Any]) -> Any:
        pool, user = find(data)
        if not pool or not user:
            return handler(data)
        passwords = last_passwords(pool, user)
        if data.get(field) in passwords:
            # The text is not documented.
            return cognito.error_response_json(
                "PasswordHistoryPolicyViolationException", "Password has previously been used.", 400
            )
        answer = handler(data)
        if answer[0] == 200:  # noqa: PLR2004 - an HTTP status
            user[_PREVIOUS_PASSWORDS] = passwords
        return answer

    return handle


def last_passwords(pool: dict[str, Any], user: dict[str, Any]) -> list[str]:
    """Return the passwords that a user can't set again, with the current one as the last."""
    policy = (pool.get("Policies") or {}).get("PasswordPolicy") or {}
    size = int(policy.get("PasswordHistorySize") or 0)
    passwords = [*user.get(_PREVIOUS_PASSWORDS, []), user.get("_password")]
    return [password for password in passwords if password][-size:] if size else []
