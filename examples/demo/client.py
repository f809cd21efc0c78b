"""A client of the stack: a customer and a vendor sign up, confirm, sign in and change their profiles."""

import json
import re
import time
from typing import Any

import boto3
import requests
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from pycognito import Cognito
from timeline import StepFailedError, Timeline, check

PASSWORD = "Correct-horse-7-battery"  # noqa: S105 - not a secret: the pool is deleted with the demo
NEW_PASSWORD = "Another-horse-8-staple"  # noqa: S105 - the same
INBOX_DEADLINE_S = 5


class DemoClient:
    """Client of the API and the user pool, with the stack's outputs only and without AWS credentials.

    Args:
        endpoint: The local AWS, for example ``http://127.0.0.1:4566``.
        outputs: The stack's outputs.
        region: The region of the pool.
    """

    def __init__(self, endpoint: str, outputs: dict[str, Any], region: str) -> None:
        self.endpoint = endpoint
        self.api = outputs["profileApiUrl"]
        self.pool_id = outputs["userPoolId"]
        self.client_id = outputs["userPoolClientId"]
        self.idp = boto3.client(
            "cognito-idp",
            endpoint_url=endpoint,
            region_name=region,
            config=Config(signature_version=UNSIGNED),
        )

    def sign_up(self, email: str, **attributes: str) -> str:
        """Sign up and return the new user's sub."""
        response = self.idp.sign_up(
            ClientId=self.client_id,
            Username=email,
            Password=PASSWORD,
            UserAttributes=[
                {"Name": "email", "Value": email},
                *({"Name": name.replace("__", ":"), "Value": value} for name, value in attributes.items()),
            ],
        )
        return str(response["UserSub"])

    def read_code(self, email: str) -> str:
        """Return the newest code that was sent to an address, or raise `StepFailedError` if none arrives."""
        deadline = time.monotonic() + INBOX_DEADLINE_S
        while time.monotonic() < deadline:
            inbox = requests.get(f"{self.endpoint}/_ministack/ses/messages", timeout=5).json()["messages"]
            mails = [mail for account in inbox.values() for mail in account if email in json.dumps(mail)]
            codes = [code for mail in mails for code in re.findall(r"\b\d{6}\b", mail.get("BodyText") or "")]
            if codes:
                return codes[-1]
            time.sleep(0.05)
        raise StepFailedError(f"no code was sent within {INBOX_DEADLINE_S} s")

    def confirm(self, email: str) -> None:
        """Confirm a sign-up with the code from the inbox."""
        self.idp.confirm_sign_up(
            ClientId=self.client_id, Username=email, ConfirmationCode=self.read_code(email)
        )

    def sign_in(self, email: str, password: str = PASSWORD) -> Cognito:
        """Sign in with SRP by pycognito, a third-party client, and return it with its tokens."""
        user = Cognito(
            self.pool_id, self.client_id, user_pool_region=self.idp.meta.region_name, username=email
        )
        user.client = self.idp
        # pycognito verifies the tokens with the pool's keys, which it would download from AWS.
        user.pool_jwk = requests.get(
            f"{self.endpoint}/{self.pool_id}/.well-known/jwks.json", timeout=5
        ).json()
        user.authenticate(password=password)
        return user

    def request(self, method: str, path: str, token: str) -> requests.Response:
        """Send a request without a body to the API."""
        return requests.request(
            method, f"{self.api}{path}", headers={"Authorization": f"Bearer {token}"}, timeout=10
        )

    def get_profile(self, token: str) -> requests.Response:
        """Send GET /me/profile."""
        return requests.get(
            f"{self.api}/me/profile", headers={"Authorization": f"Bearer {token}"}, timeout=10
        )

    def patch_profile(self, token: str, patch: dict[str, Any]) -> requests.Response:
        """Send PATCH /me/profile."""
        return requests.patch(
            f"{self.api}/me/profile", json=patch, headers={"Authorization": f"Bearer {token}"}, timeout=10
        )

    def expect_rejection(self, call: Any, /, **arguments: Any) -> str:
        """Make a call that must be rejected, and return the error's code and message."""
        try:
            call(**arguments)
        except ClientError as error:
            return f"{error.response['Error']['Code']}: {error.response['Error']['Message']}"
        raise StepFailedError("a call that must be rejected succeeded")


def sign_up_to_profile(client: DemoClient, timeline: Timeline) -> None:
    """Sign up a customer and a vendor, and change their profiles."""
    for role, email, extra in (
        ("customer", "Ada@Example.com", {"name": "Ada Lovelace"}),
        ("vendor", "grace@example.com", {"name": "Grace Hopper", "preferred_username": "grace"}),
    ):
        with timeline.step(f"{role}: signs up") as step:
            sub = client.sign_up(email, custom__role=role, **extra)
            step["sub"] = sub
        with timeline.step(f"{role}: reads the code from the inbox and confirms"):
            client.confirm(email)
        with timeline.step(f"{role}: signs in (SRP)"):
            token = client.sign_in(email).access_token
        with timeline.step(f"{role}: reads the profile") as step:
            response = client.get_profile(token)
            check(response.status_code, 200, "GET /me/profile")
            account = response.json()["account"]
            check(account["user_id"], sub, "the account's user_id")
            check(account["role"], role, "the account's role")
            check(account["email"], email.lower(), "the account's e-mail")
            check("storeName" in account, role == "vendor", "only a vendor's account has a store name")
            step["account"] = account
            step["shows"] = f"{account['username']}, {account['role']}, {account['status']}"
        with timeline.step(f"{role}: changes the profile") as step:
            response = client.patch_profile(
                token, {"profile": {"language": "fr", "address": {"city": "Lyon"}}}
            )
            check(response.status_code, 200, "PATCH /me/profile")
            profile = response.json()["profile"]
            check((profile["language"], profile["address"]["city"]), ("fr", "Lyon"), "the changed profile")
            step["shows"] = "language fr, city Lyon"


def check_rejections(client: DemoClient, timeline: Timeline, read_stored_items: Any) -> None:
    """Try common mistakes with the customer of `sign_up_to_profile`."""
    email = "Ada@Example.com"
    with timeline.step("a sign-up with the role admin is rejected") as step:
        step["shows"] = client.expect_rejection(
            client.sign_up, email="mallory@example.com", custom__role="admin"
        )
    with timeline.step("a sign-up with the same address in another letter case is rejected") as step:
        step["shows"] = client.expect_rejection(
            client.sign_up, email=email.swapcase(), custom__role="customer"
        )
    user = client.sign_in(email.swapcase())
    with timeline.step("the customer can't change their role with their own token") as step:
        step["shows"] = client.expect_rejection(
            client.idp.update_user_attributes,
            AccessToken=user.access_token,
            UserAttributes=[{"Name": "custom:role", "Value": "vendor"}],
        )
        check(
            client.patch_profile(user.access_token, {"account": {"role": "vendor"}}).status_code,
            400,
            "PATCH of the role",
        )
    with timeline.step("the API rejects an ID token") as step:
        status = client.get_profile(user.id_token).status_code
        check(status, 401, "GET /me/profile with an ID token")
        step["shows"] = str(status)
    with timeline.step("a password reset does not change the profile") as step:
        items_before = read_stored_items()
        client.idp.forgot_password(ClientId=client.client_id, Username=email)
        client.idp.confirm_forgot_password(
            ClientId=client.client_id,
            Username=email,
            ConfirmationCode=client.read_code(email),
            Password=NEW_PASSWORD,
        )
        client.sign_in(email, NEW_PASSWORD)
        check(read_stored_items(), items_before, "the stored items after a password reset")
        step["shows"] = "both items are unchanged"
