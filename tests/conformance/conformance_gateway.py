"""A client of the gateway's router, with the fake emulator behind it."""

import asyncio
import json
from typing import Any

from conformance_fake_cognito import CLIENT, POOL
from conformance_fake_emulator import FakeEmulator
from pulumi_localaws.gateway.router import RequestRouter
from pulumi_localaws.gateway.wire.http_messages import Request, Response

PASSWORD = "Correct-horse-1"
_CLIENT_ACTIONS = frozenset({
    "SignUp", "ConfirmSignUp", "ResendConfirmationCode", "ForgotPassword", "ConfirmForgotPassword",
    "InitiateAuth", "AdminInitiateAuth", "RespondToAuthChallenge", "AdminRespondToAuthChallenge",
    "GetTokensFromRefreshToken",
})  # fmt: skip

_REQUIRED_PARAMETERS: dict[str, dict[str, Any]] = {
    "CreateUserPool": {"PoolName": "pool"},
    "ConfirmForgotPassword": {"Password": PASSWORD, "ConfirmationCode": "654321"},
    "AdminUpdateUserAttributes": {"UserAttributes": []},
    "RespondToAuthChallenge": {"ChallengeName": "NEW_PASSWORD_REQUIRED"},
    "AdminRespondToAuthChallenge": {"ChallengeName": "NEW_PASSWORD_REQUIRED"},
}
"""Parameters that Cognito requires, for tests that do not need them."""


class ManualClock:
    """Seconds that change only when a test changes ``now``."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class GatewayClient:
    """Calls the router like a client of the gateway."""

    def __init__(
        self, emulator: FakeEmulator, router: RequestRouter, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.emulator = emulator
        self.router = router
        self._loop = loop

    def send(self, request: Request) -> Response:
        """Send a request to the router."""
        return self._loop.run_until_complete(self._send(request))

    async def _send(self, request: Request) -> Response:
        kind = self.router.classify(request)
        # The server streams requests that the router does not handle.
        return await (self.emulator(request) if kind is None else self.router.handle(request, kind))

    def send_all(self, *requests: Request) -> list[Response]:
        """Send several requests at the same time."""

        async def gather() -> list[Response]:
            return await asyncio.gather(*(self._send(r) for r in requests))

        return self._loop.run_until_complete(gather())

    def call(self, action: str, *, key: str = "", service: str = "cognito", **parameters: Any) -> Response:
        """Call an action, signed if there is an access key."""
        return self.send(self.build_request(action, key=key, service=service, **parameters))

    def build_request(
        self, action: str, *, key: str = "", service: str = "cognito", **parameters: Any
    ) -> Request:
        """Build the request of a call."""
        prefix = {"cognito": "AWSCognitoIdentityProviderService", "dynamodb": "DynamoDB_20120810"}[service]
        headers = [("X-Amz-Target", f"{prefix}.{action}"), ("Content-Type", "application/x-amz-json-1.1")]
        if key:
            scope = f"{key}/20261120/eu-west-1/cognito-idp/aws4_request"
            headers.append(("Authorization", f"AWS4-HMAC-SHA256 Credential={scope}, Signature=x"))
        elif action.startswith("Admin") or "UserPool" in action:
            return self.build_request(action, key="AKIDEXAMPLE", service=service, **parameters)
        if "Admin" in action or "UserPool" in action:
            parameters.setdefault("UserPoolId", POOL)
        if action in _CLIENT_ACTIONS:
            parameters.setdefault("ClientId", CLIENT)
        parameters = {**_REQUIRED_PARAMETERS.get(action, {}), **parameters}
        return Request("POST", "/", tuple(headers), json.dumps(parameters).encode())

    def sign_up(self, name: str = "ann@example.com", **parameters: Any) -> Response:
        """Sign a user up."""
        attributes = name_value_pairs(**parameters.pop("attributes", {}))
        return self.call("SignUp", Username=name, Password=PASSWORD, UserAttributes=attributes, **parameters)

    def get_token(self, name: str) -> str:
        """Sign a user in and return the access token."""
        auth_parameters = {"USERNAME": name, "PASSWORD": "x"}
        response = self.call("InitiateAuth", AuthFlow="USER_PASSWORD_AUTH", AuthParameters=auth_parameters)
        return str(response.json()["AuthenticationResult"]["AccessToken"])

    def confirm(self, name: str = "ann@example.com", code: str = "123456", **parameters: Any) -> Response:
        """Confirm a sign-up."""
        return self.call("ConfirmSignUp", Username=name, ConfirmationCode=code, **parameters)

    def read_inbox(self) -> list[dict[str, Any]]:
        """Return the e-mails in the inbox."""
        inboxes = self.send(Request("GET", "/_ministack/ses/messages")).json()["messages"]
        return [email for emails in inboxes.values() for email in emails]


def name_value_pairs(**values: str) -> list[dict[str, str]]:
    """Return attributes in the form of Cognito's API."""
    return [{"Name": name, "Value": value} for name, value in values.items()]


def expected_event(
    trigger_source: str, *, request: dict[str, Any], response: dict[str, Any]
) -> dict[str, Any]:
    """Return Cognito's event for the first user of the fake pool."""
    return {
        "version": "1",
        "region": "eu-west-1",
        "userPoolId": POOL,
        "userName": "sub-0",
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": CLIENT},
        "triggerSource": trigger_source,
        "request": request,
        "response": response,
    }


def error_of(response: Response) -> tuple[str, str]:
    """Return code and message of an error; fails for any other response."""
    document = response.json()
    assert response.status >= 400, document
    return document["__type"], document["message"]
