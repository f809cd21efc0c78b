"""Cognito's actions that the emulator lacks: a few are added, and the others are rejected by name.

The emulator's interpreter loads this module beside its start script, so it uses only ministack and the
standard library.
"""

from collections.abc import Callable
from typing import Any

_Handler = Callable[[dict[str, Any]], Any]
_MAX_PAGE = 60
_UNSIGNED_ACTIONS = (
    "ConfirmDevice",
    "ForgetDevice",
    "GetDevice",
    "ListDevices",
    "SetUserSettings",
    "UpdateDeviceStatus",
)
_GROUP_FIELDS = ("Description", "RoleArn", "Precedence")


def add_missing_actions(load_module: Callable[[str], Any]) -> Any:
    """Add actions, and parameters of ListUsers and AdminListGroupsForUser.

    Sources: Cognito API Reference, the pages of these actions.

    Args:
        load_module: Loads a module beside this one.

    Returns:
        The import jobs, whose files clients upload.
    """
    from ministack.core.concurrency import run_reentrant  # noqa: PLC0415 - loaded before ministack
    from ministack.services import cognito  # noqa: PLC0415

    jobs_module = load_module("import_jobs")
    jobs = jobs_module.ImportJobs(cognito, load_module("cognito_calls"), jobs_module.write_log)
    additions = list_added_handlers(cognito, jobs, load_module)
    # By their access token, the emulator finds the region of these calls, which are not signed.
    cognito._UNSIGNED_IDP_ACTIONS.update(_UNSIGNED_ACTIONS)  # noqa: SLF001 - as above
    dispatch = cognito._dispatch_idp  # noqa: SLF001 - the emulator's version is pinned
    list_users = cognito._list_users  # noqa: SLF001 - as above

    async def dispatch_with_additions(action: str, data: dict[str, Any]) -> Any:
        handler = additions.get(action)
        if handler is not None:
            run = cognito._run_idp_handler  # noqa: SLF001 - as above
            return await run_reentrant(run, handler, action, data, thread_name="cognito")
        answer = await dispatch(action, data)
        if answer[0] == 400 and b'"InvalidAction"' in _body(answer):  # noqa: PLR2004 - an HTTP status
            return cognito.error_response_json(
                "NotImplementedException",
                f"The local AWS does not have Cognito's action {action}. It must be tried on AWS.",
                501,
            )
        return answer

    cognito._dispatch_idp = dispatch_with_additions  # noqa: SLF001 - as above
    cognito._list_users = lambda data: _list_users(cognito, list_users, data)  # noqa: SLF001 - as above
    cognito._admin_list_groups_for_user = lambda data: _list_groups(cognito, data)  # noqa: SLF001 - as above
    return jobs


def list_added_handlers(cognito: Any, jobs: Any, load_module: Callable[[str], Any]) -> dict[str, _Handler]:
    """Return the handlers of the added actions.

    Args:
        cognito: The emulator's module.
        jobs: The import jobs.
        load_module: Loads a module beside this one.
    """
    calls = load_module("cognito_calls")
    settings = load_module("factor_settings").FactorSettings(cognito, calls)
    handlers: dict[str, _Handler] = {
        "AdminDeleteUserAttributes": lambda data: _delete_attributes(cognito, data),
        "UpdateGroup": lambda data: _update_group(cognito, data),
        "AdminDeleteSoftwareToken": settings.delete_software_token,
        **jobs.actions,
        **dict.fromkeys(("AdminSetUserSettings", "SetUserSettings"), settings.set_options),
        **load_module("devices").list_actions(cognito, calls),
    }
    return {action: calls.translate(cognito, handler) for action, handler in handlers.items()}


def _body(answer: tuple[Any, ...]) -> bytes:
    body = answer[-1]
    return body if isinstance(body, bytes) else str(body).encode()


def _find_user(cognito: Any, data: dict[str, Any]) -> tuple[Any, Any, Any]:
    """Return pool, user and error; the emulator's own functions return the error as a response."""
    pool, error = cognito._resolve_pool(data.get("UserPoolId"))  # noqa: SLF001 - the version is pinned
    if error:
        return None, None, error
    user, error = cognito._resolve_user(pool, data.get("Username"))  # noqa: SLF001 - as above
    return pool, user, error


def _delete_attributes(cognito: Any, data: dict[str, Any]) -> Any:
    _, user, error = _find_user(cognito, data)
    if error:
        return error
    names = set(data.get("UserAttributeNames") or ())
    user["Attributes"] = [entry for entry in user.get("Attributes", []) if entry["Name"] not in names]
    user["UserLastModifiedDate"] = cognito._now_epoch()  # noqa: SLF001 - the emulator's version is pinned
    return cognito.json_response({})


def _update_group(cognito: Any, data: dict[str, Any]) -> Any:
    pool, error = cognito._resolve_pool(data.get("UserPoolId"))  # noqa: SLF001 - the version is pinned
    if error:
        return error
    group = pool["_groups"].get(data.get("GroupName"))
    if group is None:
        return cognito.error_response_json("ResourceNotFoundException", "Group not found.", 400)
    group.update({field: data[field] for field in _GROUP_FIELDS if field in data})
    group["LastModifiedDate"] = cognito._now_epoch()  # noqa: SLF001 - as above
    return cognito.json_response({"Group": cognito._group_out(group)})  # noqa: SLF001 - as above


def _list_users(cognito: Any, list_users: _Handler, data: dict[str, Any]) -> Any:
    names = data.get("AttributesToGet")
    answer = list_users(data)
    if not names or answer[0] != 200:  # noqa: PLR2004 - an HTTP status
        return answer
    document = cognito.json.loads(_body(answer))
    for user in document["Users"]:
        user["Attributes"] = [entry for entry in user["Attributes"] if entry["Name"] in names]
    return cognito.json_response(document)


def _list_groups(cognito: Any, data: dict[str, Any]) -> Any:
    pool, user, error = _find_user(cognito, data)
    if error:
        return error
    groups = [pool["_groups"][name] for name in user.get("_groups", []) if name in pool["_groups"]]
    limit = min(int(data.get("Limit") or _MAX_PAGE), _MAX_PAGE)
    token = str(data.get("NextToken") or 0)
    if not token.isdigit():
        return cognito.error_response_json("InvalidParameterException", "Invalid NextToken.", 400)
    start, end = int(token), int(token) + limit
    page = {"Groups": [cognito._group_out(group) for group in groups[start:end]]}  # noqa: SLF001 - as above
    return cognito.json_response({**page, "NextToken": str(end)} if end < len(groups) else page)
