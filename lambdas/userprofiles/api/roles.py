"""Changes of a user's role, and of the group that belongs to the administrator's role."""

from botocore.exceptions import ClientError

from userprofiles.api.account_changes import change_account, check_preconditions, plan_role
from userprofiles.api.administrator import ADMIN_GROUP, Administration
from userprofiles.api.errors import ApiError
from userprofiles.api.profile_service import ProfileDocument, read_recorded_user
from userprofiles.table.audit import Action
from userprofiles.template_check import ADMIN_ROLE


def set_role(
    administration: Administration, sub: str, role: str, if_match: str | None = None, name: str | None = None
) -> ProfileDocument:
    """Set a user's role. An administrator is also in the group `admin`, so that the token says so.

    The table decides. So the user joins the group before the role is stored, and leaves it afterwards: if the
    second step fails, the user is not an administrator, and the same request can be sent again. For that
    reason, every change to another role removes the user from the group, whatever the stored role is.

    Args:
        administration: The administrator's.
        sub: The user.
        role: A role of the template, or `admin`.
        if_match: The If-Match header of the request, None without one.
        name: The user's name in the pool. Default: the sub, which is the name of users who aren't federated.

    Raises:
        ApiError: 404, 409, 410 or 412. The table was not changed.
        userprofiles.table.store_errors.StoreError, botocore.exceptions.ClientError: A call to AWS failed.
    """
    registrar = administration.registrar
    if role == ADMIN_ROLE:
        user = read_recorded_user(registrar, sub)
        check_preconditions(registrar.template, user, if_match)
        _join_group(administration, name or sub)
    document = change_account(
        registrar,
        sub,
        Action.ROLE_CHANGED,
        plan_role(registrar.template, role),
        if_match=if_match,
        sleep=administration.sleep,
    )
    if role != ADMIN_ROLE:
        _leave_group(administration, name or sub)
    return document


def _join_group(administration: Administration, name: str) -> None:
    try:
        administration.cognito.admin_add_user_to_group(
            UserPoolId=administration.pool_id, Username=name, GroupName=ADMIN_GROUP
        )
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "UserNotFoundException":
            raise ApiError(404, "user_not_found", "The user pool has no user with this ID.") from None
        if code == "ResourceNotFoundException":
            raise ApiError(409, "no_admin_group", f"The user pool has no group {ADMIN_GROUP!r}.") from None
        raise


def _leave_group(administration: Administration, name: str) -> None:
    try:
        administration.cognito.admin_remove_user_from_group(
            UserPoolId=administration.pool_id, Username=name, GroupName=ADMIN_GROUP
        )
    except ClientError as error:
        # The user or the group no longer exists, so there is nothing to leave.
        if error.response["Error"]["Code"] not in {"UserNotFoundException", "ResourceNotFoundException"}:
            raise
