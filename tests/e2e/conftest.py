"""One deployed stack for a worker's whole run, and the client that a developer would have."""

import json
import re
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from botocore import UNSIGNED
from botocore.config import Config
from pycognito.aws_srp import AWSSRP

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "Correct-horse-7-battery"
DEADLINE_S = 15


def wait_for(what: str, look: Callable[[], Any], deadline_s: float = DEADLINE_S) -> Any:
    """Return the first true answer of `look`; fail with the last one when the deadline is over."""
    end = time.monotonic() + deadline_s
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come within {deadline_s} s; last seen: {seen!r}")
        time.sleep(0.03)


@dataclass
class Person:
    """Somebody with an account."""

    email: str
    sub: str
    password: str = PASSWORD


class Client:
    """A client without AWS credentials: Cognito's public calls, the inbox, the profile API."""

    person = Person
    password = PASSWORD

    def __init__(self, endpoint: str, outputs: dict[str, Any], region: str) -> None:
        self.endpoint = endpoint
        self.api = outputs["profileApiUrl"]
        self.pool_id = outputs["userPoolId"]
        self.id = outputs["userPoolClientId"]
        self.idp = boto3.client(
            "cognito-idp",
            endpoint_url=endpoint,
            region_name=region,
            config=Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1}),
        )

    def sign_up(self, username: str | None = None, *, role: str | None = None, **attributes: str) -> Person:
        email = username or f"{uuid.uuid4().hex}@example.com"
        given = {"phone_number" if email.startswith("+") else "email": email} | attributes
        if role is not None:
            given["custom:role"] = role
        answer = self.idp.sign_up(
            ClientId=self.id,
            Username=email,
            Password=PASSWORD,
            UserAttributes=[{"Name": name, "Value": value} for name, value in given.items()],
        )
        return Person(email, answer["UserSub"])

    def mailed_code(self, address: str) -> str:
        def look() -> str | None:
            inbox = requests.get(f"{self.endpoint}/_ministack/ses/messages", timeout=5).json()["messages"]
            bodies = [
                mail.get("BodyText") or mail.get("BodyHtml") or ""
                for account in inbox.values()
                for mail in account
                if address.lower() in str(mail).lower()
            ]
            codes = [code for body in bodies for code in re.findall(r"\b\d{6}\b", body)]
            return codes[-1] if codes else None

        return str(wait_for("the code", look))

    def texted_code(self, number: str) -> str:
        def look() -> str | None:
            inbox = requests.get(f"{self.endpoint}/_ministack/sns/sms-messages", timeout=5).text
            codes = re.findall(r"\b\d{6}\b", inbox.partition(number)[2])
            return codes[-1] if codes else None

        return str(wait_for("the text message", look))

    def confirm(self, person: Person, **more: Any) -> None:
        self.idp.confirm_sign_up(
            ClientId=self.id, Username=person.email, ConfirmationCode=self.mailed_code(person.email), **more
        )

    def confirmed(self, *, role: str | None = None, **attributes: str) -> Person:
        person = self.sign_up(role=role, **attributes)
        self.confirm(person)
        return person

    def tokens(self, person: Person, username: str | None = None) -> dict[str, str]:
        """Sign in by SRP, with a client that is not ours."""
        srp = AWSSRP(
            username=username or person.email,
            password=person.password,
            pool_id=self.pool_id,
            client_id=self.id,
            client=self.idp,
        )
        answer: dict[str, str] = srp.authenticate_user()["AuthenticationResult"]
        return answer

    def token(self, person: Person) -> str:
        return self.tokens(person)["AccessToken"]

    def call(self, method: str, path: str, token: str | None = None, **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return requests.request(
            method, f"{self.api}{path}", headers=headers | more.pop("headers", {}), timeout=15, **more
        )

    def get_profile(self, token: str) -> requests.Response:
        return self.call("GET", "/me/profile", token)

    def patch_profile(self, token: str, patch: Any, **more: Any) -> requests.Response:
        return self.call("PATCH", "/me/profile", token, json=patch, **more)


@dataclass
class Stack:
    """The deployed stack as its operator sees it."""

    endpoint: str
    outputs: dict[str, Any]
    resources: list[dict[str, Any]]
    aws: Callable[..., Any]
    region: str

    def items(self, sub: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.aws("dynamodb").query(
            TableName=self.outputs["usersTableName"],
            KeyConditionExpression="PK = :pk",
            ExpressionAttributeValues={":pk": {"S": f"USER#{sub}"}},
            ConsistentRead=True,
        )["Items"]
        return found

    def audit_rows(self, sub: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.aws("dynamodb").query(
            TableName=self.outputs["auditTableName"],
            KeyConditionExpression="PK = :pk",
            ExpressionAttributeValues={":pk": {"S": f"USER#{sub}"}},
            ConsistentRead=True,
        )["Items"]
        return found

    def physical(self, type_: str, name_part: str) -> str:
        """Return the id of the one resource of that type whose name has that part."""
        [found] = [r for r in self.resources if r["type"] == type_ and name_part in r["name"]]
        return str(found["id"])


@pytest.fixture(scope="session")
def stack(localaws: Any, deploy_stack: Callable[..., Any]) -> Stack:
    deployment = deploy_stack(ROOT, stack="dev")
    return Stack(
        endpoint=localaws.endpoint,
        outputs=deployment.outputs,
        resources=deployment.resources,
        aws=localaws.client,
        region="us-east-1",
    )


@pytest.fixture(scope="session")
def client(stack: Stack) -> Client:
    return Client(stack.endpoint, stack.outputs, stack.region)


@pytest.fixture(scope="session")
def eventually() -> Callable[..., Any]:
    return wait_for


@pytest.fixture
def deny(stack: Stack, request: pytest.FixtureRequest) -> Callable[..., None]:
    """Return a function that takes rights from the post-confirmation function for one test."""
    iam = stack.aws("iam")
    role = stack.physical("aws:iam/role:Role", "post-confirmation")

    def take(*actions: str) -> None:
        document = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Deny", "Action": list(actions), "Resource": "*"}],
        }
        iam.put_role_policy(RoleName=role, PolicyName="denied-by-test", PolicyDocument=json.dumps(document))
        request.addfinalizer(lambda: iam.delete_role_policy(RoleName=role, PolicyName="denied-by-test"))

    return take
