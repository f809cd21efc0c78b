"""Codes, forgotten and temporary passwords, and the existence of users."""

from pulumi_localaws.conformance.fact import FactError, NotTriedError, fact
from pulumi_localaws.conformance.kit import Kit, create_address, expect, expect_error
from pulumi_localaws.conformance.pool import PASSWORD

_NEW_PASSWORD = "Another-horse-2!"  # noqa: S105 of a generated user
_WRONG_CODE = "000000"


@fact(
    2,
    "PostConfirmation fires after ConfirmForgotPassword, with its own trigger source",
    'Developer Guide, "Post confirmation Lambda trigger"; amplify-js#3498',
)
def forgotten_password(kit: Kit) -> str:
    """Set a new password with the code of the message."""
    pool, name = kit.create_pool("PostConfirmation", AutoVerifiedAttributes=["email"]), create_address()
    pool.add_user(name, email_verified="true")
    pool.device.forgot_password(ClientId=pool.client_id, Username=name)
    code = kit.backend.read_code(name)
    key = {"ClientId": pool.client_id, "Username": name, "Password": _NEW_PASSWORD}
    pool.device.confirm_forgot_password(**key, ConfirmationCode=code)
    pool.sign_in(name, _NEW_PASSWORD)
    return expect("events", kit.take_sources(pool, 1), ["PostConfirmation_ConfirmForgotPassword"])


@fact(
    25,
    "With PreventUserExistenceErrors, unknown users get the same answers as existing ones",
    'Developer Guide, "Managing user existence error responses"',
)
def hidden_existence(kit: Kit) -> str:
    """Sign in with a wrong password as an existing user and as an unknown one."""
    pool, name, unknown_name = kit.create_pool(), create_address(), create_address()
    pool.add_user(name, email_verified="true")
    errors = []
    for user in (name, unknown_name):
        try:
            pool.sign_in(user, _NEW_PASSWORD)
        except pool.device.exceptions.ClientError as error:
            errors.append(error.response["Error"])
        else:
            raise FactError("InitiateAuth with a wrong password succeeded")
    codes = [error["Code"] for error in errors]
    expect("errors", codes, ["NotAuthorizedException"] * 2)
    expect("text for the unknown user", errors[1]["Message"], errors[0]["Message"])
    response = pool.device.forgot_password(ClientId=pool.client_id, Username=unknown_name)
    return expect("delivery", "CodeDeliveryDetails" in response, expected=True)


@fact(26, "A wrong code is rejected with CodeMismatchException", 'API reference, "ConfirmSignUp"')
def wrong_code(kit: Kit) -> str:
    """Confirm a sign-up and a new password with a code that is not the one of the message."""
    if kit.backend.code == _WRONG_CODE:
        raise NotTriedError(f"--code must be another code than {_WRONG_CODE}")
    pool, name = kit.create_pool(AutoVerifiedAttributes=["email"]), create_address()
    pool.sign_up(name)
    key = {"ClientId": pool.client_id, "Username": name}
    error_code, wrong_code = "CodeMismatchException", {"ConfirmationCode": _WRONG_CODE}
    expect_error(error_code, pool.device.confirm_sign_up, **key, **wrong_code)
    known_name = create_address()
    pool.add_user(known_name, email_verified="true")
    key = {"ClientId": pool.client_id, "Username": known_name}
    pool.device.forgot_password(**key)
    confirm = pool.device.confirm_forgot_password
    return expect_error(error_code, confirm, **key, **wrong_code, Password=_NEW_PASSWORD)


@fact(35, "A user can't reset a temporary password", "amplify-js#1340")
def temporary_password(kit: Kit) -> str:
    """Call ForgotPassword for a user of AdminCreateUser."""
    pool, name = kit.create_pool(), create_address()
    pool.admin.admin_create_user(
        UserPoolId=pool.id, Username=name, TemporaryPassword=PASSWORD, MessageAction="SUPPRESS"
    )
    call, key = pool.device.forgot_password, {"ClientId": pool.client_id, "Username": name}
    text = "User password cannot be reset in the current state."
    return expect_error("NotAuthorizedException", call, text, **key)
