"""A user pool in memory whose user names are addresses, with its custom challenge."""

import threading
import uuid
from typing import Any

from botocore.exceptions import ClientError
from sign_in_world import SignIn, World

POOL_ID = "us-east-1_aB3dE5fG7"
CLIENT_ID = "3n4b5urk1ft4fl3mg5e62d9ado"


def cognito_error(code: str, message: str = "CANARY") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


class PhonePool:
    """A client of Cognito.

    Attributes:
        users: The users by sub.
        passwords: The passwords that administrators have set.
        refusal: Why a trigger rejects new users; None if it accepts them.
        next_challenge: A challenge after a right code.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._creation = threading.Lock()  # Cognito never creates two users with one user name
        self.users: dict[str, dict[str, Any]] = {}
        self.passwords: dict[str, str] = {}
        self.refusal: str | None = None
        self.next_challenge: str | None = None
        self._sessions: dict[str, SignIn] = {}

    def add(self, status: str = "CONFIRMED", *, enabled: bool = True, **attributes: str) -> str:
        """Add a user and return the sub."""
        sub = str(uuid.uuid4())
        self.users[sub] = {
            "attributes": {"sub": sub, **attributes},
            "UserStatus": status,
            "Enabled": enabled,
        }
        return sub

    def admin_get_user(self, *, UserPoolId: str, Username: str) -> dict[str, Any]:  # noqa: N803
        assert UserPoolId == POOL_ID
        return self._response(self._find(Username), "UserAttributes")

    def admin_create_user(
        self,
        *,
        UserPoolId: str,  # noqa: N803
        Username: str,  # noqa: N803
        UserAttributes: list[dict[str, str]],  # noqa: N803
        MessageAction: str,  # noqa: N803
    ) -> dict[str, Any]:
        assert (UserPoolId, MessageAction) == (POOL_ID, "SUPPRESS")
        if self.refusal is not None:
            raise cognito_error("UserLambdaValidationException", self.refusal)
        attributes = {entry["Name"]: entry["Value"] for entry in UserAttributes}
        assert attributes["phone_number"] == Username
        with self._creation:
            if any(user["attributes"].get("phone_number") == Username for user in self.users.values()):
                raise cognito_error("UsernameExistsException")
            return {"User": self._response(self.add("FORCE_CHANGE_PASSWORD", **attributes), "Attributes")}

    def admin_set_user_password(
        self,
        *,
        UserPoolId: str,  # noqa: N803
        Username: str,  # noqa: N803
        Password: str,  # noqa: N803
        Permanent: bool,  # noqa: N803
    ) -> None:
        assert (UserPoolId, Permanent) == (POOL_ID, True)
        sub = self._find(Username)
        self.passwords[sub] = Password
        self.users[sub]["UserStatus"] = "CONFIRMED"

    def admin_delete_user(self, *, UserPoolId: str, Username: str) -> None:  # noqa: N803
        assert UserPoolId == POOL_ID
        del self.users[self._find(Username)]

    def admin_initiate_auth(
        self,
        *,
        UserPoolId: str,  # noqa: N803
        ClientId: str,  # noqa: N803
        AuthFlow: str,  # noqa: N803
        AuthParameters: dict[str, str],  # noqa: N803
    ) -> dict[str, Any]:
        assert (UserPoolId, ClientId, AuthFlow) == (POOL_ID, CLIENT_ID, "CUSTOM_AUTH")
        sub = self._find(AuthParameters["USERNAME"])
        user = self.users[sub]
        if not user["Enabled"]:
            raise cognito_error("NotAuthorizedException", "User is disabled.")
        if user["UserStatus"] == "UNCONFIRMED":
            raise cognito_error("UserNotConfirmedException")
        session = str(uuid.uuid4())
        self._sessions[session] = self._world.sign_in(
            phone=user["attributes"]["phone_number"],
            is_verified=user["attributes"].get("phone_number_verified") == "true",
            name=sub,
        )
        return {"ChallengeName": "CUSTOM_CHALLENGE", "Session": session}

    def admin_respond_to_auth_challenge(
        self,
        *,
        UserPoolId: str,  # noqa: N803
        ClientId: str,  # noqa: N803
        ChallengeName: str,  # noqa: N803
        Session: str,  # noqa: N803
        ChallengeResponses: dict[str, str],  # noqa: N803
    ) -> dict[str, Any]:
        assert (UserPoolId, ClientId, ChallengeName) == (POOL_ID, CLIENT_ID, "CUSTOM_CHALLENGE")
        sign_in = self._sessions.pop(Session)
        assert ChallengeResponses["USERNAME"] == sign_in.user_name
        status = sign_in.answer(ChallengeResponses["ANSWER"])
        if status == "CHALLENGE":
            return {"ChallengeName": "CUSTOM_CHALLENGE", "Session": str(uuid.uuid4())}
        if status == "FAILED":
            raise cognito_error("NotAuthorizedException", "Incorrect username or password.")
        if self.next_challenge is not None:
            return {"ChallengeName": self.next_challenge, "Session": str(uuid.uuid4())}
        name = sign_in.user_name
        return {
            "AuthenticationResult": {"AccessToken": f"access of {name}", "RefreshToken": f"refresh of {name}"}
        }

    def _find(self, name: str) -> str:
        for sub, user in self.users.items():
            if name in {sub, user["attributes"].get("phone_number"), user["attributes"].get("email")}:
                return sub
        raise cognito_error("UserNotFoundException")

    def _response(self, sub: str, attributes_name: str) -> dict[str, Any]:
        user = self.users[sub]
        entries = [{"Name": name, "Value": value} for name, value in user["attributes"].items()]
        return {
            "Username": sub,
            attributes_name: entries,
            "UserStatus": user["UserStatus"],
            "Enabled": user["Enabled"],
        }
