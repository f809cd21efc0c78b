"""A user pool of a run, with an app client."""

from typing import Any

from pulumi_localaws.conformance.fact import FactError

PASSWORD = "Correct-horse-1!"  # noqa: S105 of generated users in a pool of the run
_FLOWS = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_CUSTOM_AUTH"]


class Pool:
    """A user pool with an app client.

    Attributes:
        document: What CreateUserPool returned.
        admin: A client with credentials.
        device: A client without credentials, like that of a user's device.
    """

    def __init__(self, document: dict[str, Any], admin: Any, device: Any) -> None:
        self.document = document
        self.admin = admin
        self.device = device
        self.id = str(document["Id"])
        self.client_id = self.create_client()

    def create_client(self, **settings: Any) -> str:
        """Create an app client; return its ID."""
        settings = {"ExplicitAuthFlows": _FLOWS, "PreventUserExistenceErrors": "ENABLED", **settings}
        response = self.admin.create_user_pool_client(UserPoolId=self.id, ClientName="facts", **settings)
        return str(response["UserPoolClient"]["ClientId"])

    def sign_up(
        self, name: str, attributes: dict[str, str] | None = None, **parameters: Any
    ) -> dict[str, Any]:
        """Sign a user up."""
        pairs = [{"Name": key, "Value": value} for key, value in (attributes or {}).items()]
        return dict(
            self.device.sign_up(
                ClientId=self.client_id, Username=name, Password=PASSWORD, UserAttributes=pairs, **parameters
            )
        )

    def confirm(self, name: str, **parameters: Any) -> None:
        """Confirm a sign-up as an administrator, which needs no code."""
        self.admin.admin_confirm_sign_up(UserPoolId=self.id, Username=name, **parameters)

    def add_user(self, user_name: str, **attributes: str) -> str:
        """Create a confirmed user with a password; return the stored user name."""
        pairs = [{"Name": key, "Value": value} for key, value in {"email": user_name, **attributes}.items()]
        user = self.admin.admin_create_user(
            UserPoolId=self.id, Username=user_name, UserAttributes=pairs, MessageAction="SUPPRESS"
        )["User"]
        self.admin.admin_set_user_password(
            UserPoolId=self.id, Username=user_name, Password=PASSWORD, Permanent=True
        )
        return str(user["Username"])

    def sign_in(self, name: str, password: str = PASSWORD, **parameters: Any) -> dict[str, Any]:
        """Sign a user in with a password; return the tokens."""
        response = self.device.initiate_auth(
            ClientId=self.client_id,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": name, "PASSWORD": password},
            **parameters,
        )
        if "AuthenticationResult" not in response:
            raise FactError(
                f"InitiateAuth returns no tokens but the challenge {response.get('ChallengeName')}"
            )
        return dict(response["AuthenticationResult"])

    def read_user(self, name: str) -> dict[str, str]:
        """Return the attributes of a user, and its status as `status`."""
        user = self.admin.admin_get_user(UserPoolId=self.id, Username=name)
        attributes = {entry["Name"]: entry["Value"] for entry in user["UserAttributes"]}
        return {"status": user["UserStatus"], "name": user["Username"], **attributes}
