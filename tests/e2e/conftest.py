"""One stack for all tests of an xdist worker, and a client that uses only public APIs."""

import json
import os
import re
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
import pytest
import requests
from botocore import UNSIGNED
from botocore.config import Config
from pycognito.aws_srp import AWSSRP, get_random
from userprofiles import cli

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "Correct-horse-7-battery"
DEADLINE_S = 60  # a queue delivers a message again after its visibility time-out, on a busy machine too


def wait_for(description: str, check: Callable[[], Any], deadline_s: float = DEADLINE_S) -> Any:
    """Return the first true result of `check`; fail with the last result after the deadline."""
    end = time.monotonic() + deadline_s
    while True:
        result = check()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(
                f"{description} did not appear within {deadline_s} s; last result: {result!r}"
            )
        time.sleep(0.03)


@dataclass
class PoolUser:
    """A user of the pool."""

    email: str
    sub: str
    password: str = PASSWORD


class _Srp(AWSSRP):
    """pycognito with a secret number of 256 bits, the least that RFC 5054 allows: 1,024 bits take longer."""

    def generate_random_small_a(self) -> int:
        return int(get_random(32))


class Client:
    """A client without AWS credentials: Cognito's public operations, the inbox, the profile API."""

    pool_user = PoolUser
    password = PASSWORD

    def __init__(self, endpoint: str, outputs: dict[str, Any], region: str) -> None:
        self.endpoint = endpoint
        self.api = outputs["profileApiUrl"]
        self.pool_id = outputs["userPoolId"]
        self.app_client_id = outputs["userPoolClientId"]
        self.idp = boto3.client(
            "cognito-idp",
            endpoint_url=endpoint,
            region_name=region,
            config=Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1}),
        )

    def sign_up(self, username: str | None = None, *, role: str | None = None, **attributes: str) -> PoolUser:
        email = username or f"{uuid.uuid4().hex}@example.com"
        user_attributes = {"phone_number" if email.startswith("+") else "email": email} | attributes
        if role is not None:
            user_attributes["custom:role"] = role
        response = self.idp.sign_up(
            ClientId=self.app_client_id,
            Username=email,
            Password=PASSWORD,
            UserAttributes=[{"Name": name, "Value": value} for name, value in user_attributes.items()],
        )
        return PoolUser(email, response["UserSub"])

    def read_mailed_code(self, address: str) -> str:
        def find_code() -> str | None:
            inbox = requests.get(f"{self.endpoint}/_ministack/ses/messages", timeout=5).json()["messages"]
            bodies = [
                mail.get("BodyText") or mail.get("BodyHtml") or ""
                for account in inbox.values()
                for mail in account
                if address.lower() in str(mail).lower()
            ]
            codes = [code for body in bodies for code in re.findall(r"\b\d{6}\b", body)]
            return codes[-1] if codes else None

        return str(wait_for("the code", find_code))

    def read_texted_code(self, number: str) -> str:
        def find_code() -> str | None:
            inbox = requests.get(f"{self.endpoint}/_ministack/sns/sms-messages", timeout=5).json()
            texts = [message["Message"] for message in inbox["sms_messages"].get(number, [])]
            codes = [code for text in texts for code in re.findall(r"\b\d{6}\b", text)]
            return codes[-1] if codes else None

        return str(wait_for("the text message", find_code))

    def confirm(self, user: PoolUser, code: str | None = None, **options: Any) -> None:
        """Confirm a sign-up with a code, by default the one that was mailed."""
        self.idp.confirm_sign_up(
            ClientId=self.app_client_id,
            Username=user.email,
            ConfirmationCode=code or self.read_mailed_code(user.email),
            **options,
        )

    def create_confirmed_user(self, *, role: str | None = None, **attributes: str) -> PoolUser:
        user = self.sign_up(role=role, **attributes)
        self.confirm(user)
        return user

    def sign_in(self, user: PoolUser, username: str | None = None) -> dict[str, str]:
        """Sign in with SRP and a third-party client; return the tokens."""
        srp = _Srp(
            username=username or user.email,
            password=user.password,
            pool_id=self.pool_id,
            client_id=self.app_client_id,
            client=self.idp,
        )
        tokens: dict[str, str] = srp.authenticate_user()["AuthenticationResult"]
        return tokens

    def start_code_sign_in(self, username: str) -> str:
        """Request a code, and return the session."""
        response = self.idp.initiate_auth(
            ClientId=self.app_client_id, AuthFlow="CUSTOM_AUTH", AuthParameters={"USERNAME": username}
        )
        assert response["ChallengeName"] == "CUSTOM_CHALLENGE"
        return str(response["Session"])

    def answer_code(self, username: str, session: str, code: str) -> dict[str, Any]:
        """Type a code, and return the response."""
        response: dict[str, Any] = self.idp.respond_to_auth_challenge(
            ClientId=self.app_client_id,
            ChallengeName="CUSTOM_CHALLENGE",
            Session=session,
            ChallengeResponses={"USERNAME": username, "ANSWER": code},
        )
        return response

    def get_access_token(self, user: PoolUser) -> str:
        return self.sign_in(user)["AccessToken"]

    def request(self, method: str, path: str, token: str | None = None, **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return requests.request(
            method,
            f"{self.api}{path}",
            headers=headers | options.pop("headers", {}),
            **{"timeout": 15} | options,
        )

    def get_profile(self, token: str) -> requests.Response:
        return self.request("GET", "/me/profile", token)

    def patch_profile(self, token: str, patch: Any, **options: Any) -> requests.Response:
        return self.request("PATCH", "/me/profile", token, json=patch, **options)


@dataclass
class Stack:
    """The deployed stack with the permissions of its operator."""

    endpoint: str
    outputs: dict[str, Any]
    resources: list[dict[str, Any]]
    aws: Callable[..., Any]
    region: str

    def items(self, sub: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.aws("dynamodb").query(
            TableName=self.outputs["usersTableName"],
            KeyConditionExpression="PK = :pk",
            ExpressionAttributeValues={":pk": {"S": f"USER#{sub}"}},
            ConsistentRead=True,
        )["Items"]
        return items

    def audit_rows(self, sub: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.aws("dynamodb").query(
            TableName=self.outputs["auditTableName"],
            KeyConditionExpression="PK = :pk",
            ExpressionAttributeValues={":pk": {"S": f"USER#{sub}"}},
            ConsistentRead=True,
        )["Items"]
        return items

    def get_resource_id(self, type_: str, name_part: str) -> str:
        """Return the ID of the only resource with this type and this part in its name."""
        [resource] = [r for r in self.resources if r["type"] == type_ and name_part in r["name"]]
        return str(resource["id"])


@pytest.fixture(scope="session")
def deploy_dev_stack(localaws: Any, deploy_stack: Callable[..., Any]) -> Callable[..., Stack]:
    """Return a function that deploys the stack `dev`, with changed settings, or that of an example."""

    def deploy(config: dict[str, Any] | None = None, directory: Path = ROOT) -> Stack:
        deployment = deploy_stack(directory, stack="dev", config=config)
        return Stack(
            endpoint=localaws.endpoint,
            outputs=deployment.outputs,
            resources=deployment.resources,
            aws=localaws.client,
            region="us-east-1",
        )

    return deploy


@pytest.fixture(scope="session")
def stack(deploy_dev_stack: Callable[..., Stack]) -> Stack:
    """Return the stack `dev` with a step after sign-up, with phone sign-in and with content."""
    return deploy_dev_stack(
        {
            "pulumi-userprofiles:afterSignUp": '[{"name": "steps"}]',
            "pulumi-userprofiles:phoneSignIn": "{}",
            "pulumi-userprofiles:social": '{"redirectPaths": ["/uploads"]}',
            "pulumi-userprofiles:oldUserIdAttribute": "true",
        }
    )


@pytest.fixture(scope="session")
def connect() -> Callable[[Stack], Client]:
    """Return a function that creates the client of a stack."""
    return lambda stack: Client(stack.endpoint, stack.outputs, stack.region)


@pytest.fixture(scope="session")
def client(stack: Stack, connect: Callable[[Stack], Client]) -> Client:
    return connect(stack)


@pytest.fixture(scope="session")
def phone_stack(stack: Stack) -> Stack:
    """Return a stack with phone sign-in: the stack of all tests, because a second one takes seconds."""
    return stack


@pytest.fixture(scope="session")
def phone_client(phone_stack: Stack, connect: Callable[[Stack], Client]) -> Client:
    return connect(phone_stack)


@pytest.fixture(scope="session")
def grant_admin(stack: Stack) -> Callable[..., None]:
    """Return a function that makes a user an administrator, as the operator does."""

    def grant(user: PoolUser, expected_code: int = 0) -> None:
        arguments = [
            *("admin", "grant", user.sub),
            *("--user-pool-id", stack.outputs["userPoolId"], "--region", stack.region),
            *("--table-name", stack.outputs["usersTableName"], "--endpoint-url", stack.endpoint),
            *("--audit-table", stack.outputs["auditTableName"], "--template", "marketplace"),
        ]
        credentials = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        others = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        with patch.dict(os.environ, others | credentials, clear=True):
            assert cli.main(arguments) == expected_code

    return grant


@pytest.fixture(scope="session")
def admin_token(client: Client, grant_admin: Callable[[PoolUser], None]) -> str:
    """Return the access token of an administrator."""
    admin = client.create_confirmed_user()
    grant_admin(admin)
    return client.get_access_token(admin)


@pytest.fixture(scope="session")
def eventually() -> Callable[..., Any]:
    return wait_for


@pytest.fixture
def deny(stack: Stack, request: pytest.FixtureRequest) -> Callable[..., None]:
    """Return a function that takes rights from a function for one test, by default from post confirmation."""
    iam = stack.aws("iam")

    def take(*actions: str, role: str = "post-confirmation", resource: str = "*") -> None:
        role_name = stack.get_resource_id("aws:iam/role:Role", role)
        document = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Deny", "Action": list(actions), "Resource": resource}],
        }
        policy = {"RoleName": role_name, "PolicyName": "denied-by-test"}
        iam.put_role_policy(**policy, PolicyDocument=json.dumps(document))
        request.addfinalizer(lambda: iam.delete_role_policy(**policy))

    return take
