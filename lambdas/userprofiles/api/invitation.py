"""Invitations: an administrator creates a user in the pool, and Cognito sends the invitation."""

import dataclasses
import re
from typing import Any

from botocore.exceptions import ClientError

from userprofiles.api.account_changes import parse_fields
from userprofiles.api.administrator import Administration
from userprofiles.api.errors import ApiError, FieldError
from userprofiles.registration.cognito_user import CognitoUser, UnreadableUserError
from userprofiles.settings import Roles
from userprofiles.table import record

# The address becomes the user name, which has at most 128 characters (Amazon Cognito, AdminCreateUser).
_MAX_EMAIL = 128
_FORMS = {
    "email": (
        re.compile(rf"(?=.{{1,{_MAX_EMAIL}}}\Z)[^\s@]{{1,64}}@[^\s@.]+(\.[^\s@.]+)+"),
        f"must be an e-mail address of at most {_MAX_EMAIL} characters",
    ),
    "phoneNumber": (re.compile(r"\+[1-9][0-9]{1,14}"), "must be in E.164 form, such as +14155550123"),
}
# Answers of Cognito to a wrong request, and of a PreSignUp trigger that rejects the user.
_REJECTIONS = {"InvalidParameterException", "UserLambdaValidationException", "InvalidPasswordException"}


def parse_invitation(administration: Administration, document: Any) -> dict[str, str]:
    """Check the body of an invitation.

    Returns:
        `email` or `phoneNumber` or both, and perhaps `role`.

    Raises:
        ApiError: 400 with all problems.
    """
    fields = parse_fields(document, {}, ["email", "phoneNumber", "role"])
    errors = [
        FieldError(f"/{name}", "pattern", problem)
        for name, (form, problem) in _FORMS.items()
        if name in fields and not (fields[name].isprintable() and form.fullmatch(fields[name]))
    ]
    if not fields.keys() & _FORMS.keys():
        errors.append(FieldError("/email", "required", "email or phoneNumber is required"))
    roles = administration.registrar.template.roles
    if fields.get("role", roles[0]) not in roles:
        errors.append(FieldError("/role", "enum", f"must be one of these: {', '.join(roles)}"))
    if errors:
        raise ApiError(400, "invalid_body", "The body is not accepted; see errors.", errors)
    return fields


def invite_user(administration: Administration, invitation: dict[str, str]) -> dict[str, Any]:
    """Create a user in the pool and the user's records. Cognito sends the invitation.

    Args:
        administration: The administrator's.
        invitation: The result of `parse_invitation`.

    Returns:
        `{"userId", "status": "invited"}`.

    Raises:
        ApiError: 409 if the user exists, 400 if Cognito or a PreSignUp trigger rejects the user.
        userprofiles.table.store_errors.StoreError, botocore.exceptions.ClientError: A call to AWS failed.
    """
    attributes = {"email": invitation.get("email"), "phone_number": invitation.get("phoneNumber")}
    given_attributes = {name: value for name, value in attributes.items() if value is not None}
    try:
        response = administration.cognito.admin_create_user(
            UserPoolId=administration.pool_id,
            Username=invitation.get("email") or invitation["phoneNumber"],
            UserAttributes=[{"Name": name, "Value": value} for name, value in given_attributes.items()],
            DesiredDeliveryMediums=["EMAIL" if "email" in invitation else "SMS"],
        )
    except ClientError as error:
        raise _invitation_error(error) from None
    user = response["User"]
    stored_attributes = {entry["Name"]: entry.get("Value", "") for entry in user.get("Attributes", ())}
    if not record.is_sub(stored_attributes.get("sub")):
        raise UnreadableUserError("Cognito's response must contain the sub of the user")
    registrar = administration.registrar
    role = invitation.get("role") or registrar.roles.default
    # The administrator's choice counts, not the roles that users can request.
    registrar = dataclasses.replace(registrar, roles=Roles((role,), role, attribute=None))
    registrar.register(
        CognitoUser(
            sub=stored_attributes["sub"],
            name=user["Username"],
            pool_id=administration.pool_id,
            attributes=stored_attributes,
            status=user.get("UserStatus", ""),
        )
    )
    return {"userId": stored_attributes["sub"], "status": "invited"}


def _invitation_error(error: ClientError) -> ApiError | ClientError:
    code = error.response["Error"]["Code"]
    if code in {"UsernameExistsException", "AliasExistsException"}:
        return ApiError(409, "user_exists", "The pool already has a user with this e-mail or phone number.")
    if code in _REJECTIONS:
        return ApiError(400, "invitation_rejected", f"The user pool rejected the user ({code}).")
    return error
