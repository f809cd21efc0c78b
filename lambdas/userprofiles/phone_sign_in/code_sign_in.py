"""Sign-in of a user whose code an endpoint has approved, through the pool's custom challenge.

The triggers of the challenge see the approval: no other code is sent, and VerifyAuthChallengeResponse uses
the code up. So only one of two requests with the same code gets tokens.
"""

from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from userprofiles.phone_sign_in.pool_users import SignInRefusedError
from userprofiles.phone_sign_in.request_input import CODE, NO_FIELD, InputError
from userprofiles.telemetry import error_code

_CHALLENGE = "CUSTOM_CHALLENGE"

WRONG_CODE = "This code is not valid. Check the code, or request a new one."
"""For wrong, expired, used and locked codes. Nobody can find out whether a number has requested a code."""

NOT_AUTHORIZED = "This account can't sign in at the moment. Contact support."
START_AGAIN = "The account has changed. Request a new code."
RESET_PASSWORD = "The password of this account must be reset before the next sign-in."  # noqa: S105  (a text)
SECOND_FACTOR = "This account needs a second factor, which this sign-in does not support."

_START_ERRORS = {
    "NotAuthorizedException": ("not_authorized", NOT_AUTHORIZED),  # such as a user who was just disabled
    "PasswordResetRequiredException": ("reset_required", RESET_PASSWORD),
    "UserNotConfirmedException": ("changed", START_AGAIN),
    "UserNotFoundException": ("changed", START_AGAIN),
}
_ANSWER_ERRORS = {"CodeMismatchException", "ExpiredCodeException", "NotAuthorizedException"}


@dataclass(frozen=True)
class Tokens:
    """The tokens of a user."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)


class CodeSignIn:
    """Signs users in.

    Args:
        client: A botocore client of Cognito.
        pool_id: The user pool.
        client_id: The app client for which the tokens are issued.
    """

    def __init__(self, client: Any, pool_id: str, client_id: str) -> None:
        self._client = client
        self._ids = {"UserPoolId": pool_id, "ClientId": client_id}

    def sign_in(self, user_name: str, code: str) -> Tokens:
        """Return the tokens of a user.

        Args:
            user_name: The user's name in the pool.
            code: The approved code.

        Raises:
            InputError: The code was used in the meantime.
            SignInRefusedError: Cognito refuses the user.
            botocore.exceptions.ClientError: A call to Cognito failed.
        """
        session = self._start(user_name)
        try:
            response = self._client.admin_respond_to_auth_challenge(
                **self._ids,
                ChallengeName=_CHALLENGE,
                Session=session,
                ChallengeResponses={"USERNAME": user_name, "ANSWER": code},
            )
        except ClientError as error:
            if error_code(error) in _ANSWER_ERRORS:
                raise InputError({CODE: WRONG_CODE}) from None
            raise
        if response.get("ChallengeName") == _CHALLENGE:
            raise InputError({CODE: WRONG_CODE})
        if response.get("ChallengeName"):
            raise SignInRefusedError("second_factor", {NO_FIELD: SECOND_FACTOR})
        result = response["AuthenticationResult"]
        return Tokens(result["AccessToken"], result["RefreshToken"])

    def _start(self, user_name: str) -> str:
        try:
            response = self._client.admin_initiate_auth(
                **self._ids, AuthFlow="CUSTOM_AUTH", AuthParameters={"USERNAME": user_name}
            )
        except ClientError as error:
            refusal = _refusal(error)
            if refusal is None:
                raise
            raise refusal from None
        session: str = response["Session"]
        return session


def _refusal(error: ClientError) -> SignInRefusedError | None:
    """Return the refusal of a user; None if Cognito or one of our triggers failed."""
    code = error_code(error)
    message = error.response["Error"].get("Message", "")
    if code == "UserLambdaValidationException" and message.startswith("PreAuthentication"):
        return SignInRefusedError("pre_authentication", {NO_FIELD: NOT_AUTHORIZED})
    if code not in _START_ERRORS:
        return None
    reason, text = _START_ERRORS[code]
    return SignInRefusedError(reason, {NO_FIELD: text})
