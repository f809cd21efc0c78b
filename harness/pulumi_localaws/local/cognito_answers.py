"""Details of Cognito's responses: what it leaves out, and what each sign-in contains.

Sources: the examples of the AWS CLI's reference (`admin-create-user`, `admin-get-user`, `create-group`,
`admin-initiate-auth`) and of the Developer Guide ("Understanding the identity token": `event_id`). The
emulator's interpreter loads this module beside its start script, so it uses only ministack and the standard
library.
"""

import json
import uuid
from collections.abc import Callable
from typing import Any

_Function = Callable[..., Any]
_SIGN_INS = (
    "_initiate_auth", "_admin_initiate_auth", "_respond_to_auth_challenge",
    "_admin_respond_to_auth_challenge",
)  # fmt: skip
_USER_SETTINGS = ("MFAOptions", "UserMFASettingList", "PreferredMfaSetting")
_GROUP_SETTINGS = ("Description", "RoleArn")
KEEPS_DATE = "LocalAwsKeepsDate"
"""The parameter of AdminSetUserPassword with which the gateway sets the password of an invitation."""


def form_answers_as_aws() -> None:
    """Leave out empty settings of users and groups, and complete the responses and tokens of sign-ins."""
    from ministack.services import cognito  # noqa: PLC0415 - loaded after the start of the emulator

    for name in ("_admin_get_user", "_get_user"):
        setattr(cognito, name, _edit(cognito, getattr(cognito, name), _leave_out_settings))
    for name in _SIGN_INS:
        setattr(cognito, name, _edit(cognito, getattr(cognito, name), _add_challenge_parameters))
    describe_user, describe_group = cognito._user_out, cognito._group_out
    cognito._user_out = lambda user: _leave_out(describe_user(user), _USER_SETTINGS)
    cognito._group_out = lambda group: _leave_out(describe_group(group), _GROUP_SETTINGS)
    cognito._create_group = _without_default_precedence(cognito, cognito._create_group)
    cognito._admin_set_user_password = _keep_date(cognito, cognito._admin_set_user_password)
    sign = cognito._signed_jwt
    cognito._signed_jwt = lambda claims, *key: sign(_add_event_id(claims), *key)


def _edit(cognito: Any, function: _Function, edit: _Function) -> _Function:
    """Let a function of the emulator edit its document, if it is not an error."""

    def handle(data: dict[str, Any]) -> Any:
        answer = function(data)
        is_ok = answer[0] == 200  # noqa: PLR2004 - an HTTP status
        if not is_ok:
            return answer
        status, headers, body = cognito.json_response(edit(json.loads(answer[2])))
        return status, {**headers, **answer[1]}, body

    return handle


def _leave_out(document: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if value or name not in names}


def _leave_out_settings(document: dict[str, Any]) -> dict[str, Any]:
    return _leave_out(document, _USER_SETTINGS)


def _add_challenge_parameters(document: dict[str, Any]) -> dict[str, Any]:
    return {"ChallengeParameters": {}, **document}


def _add_event_id(claims: dict[str, Any]) -> dict[str, Any]:
    """Add the ID of the sign-in, which both tokens have; a refresh keeps it."""
    if claims.get("token_use") not in {"access", "id"} or not claims.get("origin_jti"):
        return claims
    event_id = str(uuid.uuid5(uuid.NAMESPACE_URL, str(claims["origin_jti"])))
    return {"event_id": event_id, **claims}


def _keep_date(cognito: Any, set_password: _Function) -> _Function:
    """Keep the date of the last change if the password is a part of the user's creation."""

    def handle(data: dict[str, Any]) -> Any:
        pool = cognito._user_pools.get(data.get("UserPoolId")) or {}
        user = pool.get("_users", {}).get(data.get("Username"))
        if user is None or not data.get(KEEPS_DATE):
            return set_password(data)
        date = user["UserLastModifiedDate"]
        answer = set_password(data)
        user["UserLastModifiedDate"] = date
        return answer

    return handle


def _without_default_precedence(cognito: Any, create_group: _Function) -> _Function:
    """Leave out the precedence of a group that was created without one."""

    def create(data: dict[str, Any]) -> Any:
        answer = create_group(data)
        if answer[0] != 200 or "Precedence" in data:  # noqa: PLR2004 - an HTTP status
            return answer
        group = cognito._user_pools[data["UserPoolId"]]["_groups"][data["GroupName"]]
        del group["Precedence"]
        return cognito.json_response({"Group": cognito._group_out(group)})

    return create
