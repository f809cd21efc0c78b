"""Old users who sign in to the new application by phone number and code, and see what is theirs."""

import re
import time
from collections.abc import Iterator
from typing import Any

import boto3
import requests
from botocore import UNSIGNED
from botocore.config import Config
from pulumi_localaws.local_aws import LocalAws
from timeline import StepFailedError, check

INBOX_DEADLINE_S = 15
PAGE = 100


class NewApplication:
    """A client of the new application, with the stack's outputs only and without AWS credentials.

    Args:
        local: The local AWS, for the inbox of text messages.
        outputs: The stack's outputs.
        region: The region of the pool.
    """

    def __init__(self, local: LocalAws, outputs: dict[str, Any], region: str) -> None:
        self._local = local
        self._api = outputs["profileApiUrl"]
        self._client_id = outputs["userPoolClientId"]
        self._cognito = boto3.client(
            "cognito-idp",
            endpoint_url=local.endpoint,
            region_name=region,
            config=Config(signature_version=UNSIGNED),
        )

    def sign_in(self, number: str) -> str:
        """Sign in by phone number and code, and return the access token."""
        received = len(self._local.sms_messages(number))
        session = self._cognito.initiate_auth(
            ClientId=self._client_id, AuthFlow="CUSTOM_AUTH", AuthParameters={"USERNAME": number}
        )["Session"]
        response = self._cognito.respond_to_auth_challenge(
            ClientId=self._client_id,
            ChallengeName="CUSTOM_CHALLENGE",
            Session=session,
            ChallengeResponses={"USERNAME": number, "ANSWER": self._read_code(number, received)},
        )
        return str(response["AuthenticationResult"]["AccessToken"])

    def get(self, path: str, token: str) -> Any:
        """Return the JSON document of a route."""
        response = requests.get(
            f"{self._api}{path}", headers={"Authorization": f"Bearer {token}"}, timeout=15
        )
        check(response.status_code, 200, f"GET {path}")
        return response.json()

    def get_all(self, path: str, name: str, token: str) -> Iterator[dict[str, Any]]:
        """Yield the entries of all pages of a list."""
        cursor = ""
        while True:
            page = self.get(f"{path}?limit={PAGE}{cursor}", token)
            yield from page[name]
            if not page.get("cursor"):
                return
            cursor = f"&cursor={page['cursor']}"

    def _read_code(self, number: str, received: int) -> str:
        """Return the code of the first text message after those that were received."""
        deadline = time.monotonic() + INBOX_DEADLINE_S
        while time.monotonic() < deadline:
            messages = self._local.sms_messages(number)
            if len(messages) > received:
                return re.findall(r"\b\d{6}\b", messages[-1].text)[0]
            time.sleep(0.05)
        raise StepFailedError(f"no text message arrived within {INBOX_DEADLINE_S} s")
