"""A customer and a vendor sign up, confirm, sign in and change their profile, as a client does it."""

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

PASSWORD = "Correct-horse-7-battery"  # noqa: S105 - nobody's: the pool is thrown away with the demo
NEW_PASSWORD = "Another-horse-8-staple"  # noqa: S105 - the same
INBOX_DEADLINE_S = 5


class People:
    """What a client knows: the API's URL, the pool and the app client. It holds no AWS credentials.

    Args:
        endpoint: The local AWS, for instance ``http://127.0.0.1:4566``.
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
        answer = self.idp.sign_up(
            ClientId=self.client_id,
            Username=email,
            Password=PASSWORD,
            UserAttributes=[
                {"Name": "email", "Value": email},
                *({"Name": name.replace("__", ":"), "Value": value} for name, value in attributes.items()),
            ],
        )
        return str(answer["UserSub"])

    def code(self, email: str) -> str:
        """Return the newest code that was mailed to an address; raises `StepFailedError` if none comes."""
        deadline = time.monotonic() + INBOX_DEADLINE_S
        while time.monotonic() < deadline:
            inbox = requests.get(f"{self.endpoint}/_ministack/ses/messages", timeout=5).json()["messages"]
            mails = [mail for account in inbox.values() for mail in account if email in json.dumps(mail)]
            codes = [
                found for mail in mails for found in re.findall(r"\b\d{6}\b", mail.get("BodyText") or "")
            ]
            if codes:
                return codes[-1]
            time.sleep(0.05)
        raise StepFailedError(f"no code was mailed within {INBOX_DEADLINE_S} s")

    def confirm(self, email: str) -> None:
        """Confirm a sign-up with the code from the inbox."""
        self.idp.confirm_sign_up(ClientId=self.client_id, Username=email, ConfirmationCode=self.code(email))

    def sign_in(self, email: str, password: str = PASSWORD) -> Cognito:
        """Sign in by SRP with pycognito, a client that is not ours, and return it with its tokens."""
        user = Cognito(
            self.pool_id, self.client_id, user_pool_region=self.idp.meta.region_name, username=email
        )
        user.client = self.idp
        # pycognito checks the tokens with the pool's keys, which it would fetch from AWS.
        user.pool_jwk = requests.get(
            f"{self.endpoint}/{self.pool_id}/.well-known/jwks.json", timeout=5
        ).json()
        user.authenticate(password=password)
        return user

    def profile(self, token: str) -> requests.Response:
        """GET /me/profile."""
        return requests.get(
            f"{self.api}/me/profile", headers={"Authorization": f"Bearer {token}"}, timeout=10
        )

    def patch_profile(self, token: str, patch: dict[str, Any]) -> requests.Response:
        """PATCH /me/profile."""
        return requests.patch(
            f"{self.api}/me/profile", json=patch, headers={"Authorization": f"Bearer {token}"}, timeout=10
        )

    def refusal(self, call: Any, /, **arguments: Any) -> str:
        """Make a call that has to be refused, and return the refusal's text."""
        try:
            call(**arguments)
        except ClientError as error:
            return f"{error.response['Error']['Code']}: {error.response['Error']['Message']}"
        raise StepFailedError("a call that has to be refused went through")


def sign_up_to_profile(people: People, timeline: Timeline) -> None:
    """A customer and a vendor, from sign-up to a changed profile."""
    for role, email, extra in (
        ("customer", "Ada@Example.com", {"name": "Ada Lovelace"}),
        ("vendor", "grace@example.com", {"name": "Grace Hopper", "preferred_username": "grace"}),
    ):
        with timeline.step(f"{role}: signs up") as step:
            sub = people.sign_up(email, custom__role=role, **extra)
            step["sub"] = sub
        with timeline.step(f"{role}: reads the code from the inbox and confirms"):
            people.confirm(email)
        with timeline.step(f"{role}: signs in (SRP)"):
            token = people.sign_in(email).access_token
        with timeline.step(f"{role}: reads the profile") as step:
            answer = people.profile(token)
            check(answer.status_code, 200, "GET /me/profile")
            account = answer.json()["account"]
            check(account["user_id"], sub, "the account's user_id")
            check(account["role"], role, "the account's role")
            check(account["email"], email.lower(), "the account's e-mail")
            check(
                "storeName" in account, role == "vendor", "a store's name stands in a vendor's account only"
            )
            step["account"] = account
            step["shows"] = f"{account['username']}, {account['role']}, {account['status']}"
        with timeline.step(f"{role}: changes the profile") as step:
            answer = people.patch_profile(token, {"profile": {"language": "fr", "address": {"city": "Lyon"}}})
            check(answer.status_code, 200, "PATCH /me/profile")
            profile = answer.json()["profile"]
            check((profile["language"], profile["address"]["city"]), ("fr", "Lyon"), "the changed profile")
            step["shows"] = "language fr, city Lyon"


def what_must_not_happen(people: People, timeline: Timeline, stored_profile: Any) -> None:
    """What others get wrong, tried on the customer that `sign_up_to_profile` made."""
    email = "Ada@Example.com"
    with timeline.step("a sign-up with role admin is refused") as step:
        step["shows"] = people.refusal(people.sign_up, email="mallory@example.com", custom__role="admin")
    with timeline.step("a sign-up with the same address in other letters is refused") as step:
        step["shows"] = people.refusal(people.sign_up, email=email.swapcase(), custom__role="customer")
    user = people.sign_in(email.swapcase())
    with timeline.step("the customer's own token can't make a vendor of them") as step:
        step["shows"] = people.refusal(
            people.idp.update_user_attributes,
            AccessToken=user.access_token,
            UserAttributes=[{"Name": "custom:role", "Value": "vendor"}],
        )
        check(
            people.patch_profile(user.access_token, {"account": {"role": "vendor"}}).status_code,
            400,
            "PATCH of the role",
        )
    with timeline.step("an ID token is refused by the API") as step:
        status = people.profile(user.id_token).status_code
        check(status, 401, "GET /me/profile with an ID token")
        step["shows"] = str(status)
    with timeline.step("a password reset leaves the profile as it was") as step:
        before = stored_profile()
        people.idp.forgot_password(ClientId=people.client_id, Username=email)
        people.idp.confirm_forgot_password(
            ClientId=people.client_id,
            Username=email,
            ConfirmationCode=people.code(email),
            Password=NEW_PASSWORD,
        )
        people.sign_in(email, NEW_PASSWORD)
        check(stored_profile(), before, "the stored items after a password reset")
        step["shows"] = "both items byte for byte the same"
