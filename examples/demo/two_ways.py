"""One person signs in by e-mail and password, and by phone number and code, and is one user."""

import re
import time
from typing import Any

from client import DemoClient
from pulumi_localaws.local_aws import LocalAws
from timeline import StepFailedError, Timeline, check

EMAIL = "mia@example.com"
NUMBER = "+12065550142"
INBOX_DEADLINE_S = 10


def sign_in_both_ways(client: DemoClient, local: LocalAws, timeline: Timeline) -> None:
    """Sign up by e-mail, add a phone number, and sign in by code and by password."""
    sub = client.sign_up(EMAIL, custom__role="customer", name="Mia Berg")
    client.confirm(EMAIL)
    user = client.sign_in(EMAIL)
    profile = client.get_profile(user.access_token).json()
    with timeline.step("a user adds a phone number, and verifies it by text message"):
        client.idp.update_user_attributes(
            AccessToken=user.access_token, UserAttributes=[{"Name": "phone_number", "Value": NUMBER}]
        )
        client.idp.verify_user_attribute(
            AccessToken=user.access_token, AttributeName="phone_number", Code=_read_code(local, messages=1)
        )
    with timeline.step("the user signs in by phone number and code, after a wrong one") as step:
        session = client.idp.initiate_auth(
            ClientId=client.client_id, AuthFlow="CUSTOM_AUTH", AuthParameters={"USERNAME": NUMBER}
        )["Session"]
        code = _read_code(local, messages=2)
        session = _answer(client, session, "12345")["Session"]
        tokens = _answer(client, session, code)["AuthenticationResult"]
        step["shows"] = f"the message was: {local.sms_messages(NUMBER)[-1].text}"
    with timeline.step("both ways lead to one user with one profile") as step:
        for token in (tokens["AccessToken"], client.sign_in(EMAIL).access_token):
            response = client.get_profile(token)
            check(response.json()["account"]["user_id"], sub, "the account's user_id")
            check(response.json(), profile, "the profile")
        step["shows"] = f"sub {sub}"
    with timeline.step("the code works once"):
        session = client.idp.initiate_auth(
            ClientId=client.client_id, AuthFlow="CUSTOM_AUTH", AuthParameters={"USERNAME": NUMBER}
        )["Session"]
        response = _answer(client, session, code)
        check(response.get("ChallengeName"), "CUSTOM_CHALLENGE", "the answer to a used code")


def _answer(client: DemoClient, session: str, code: str) -> dict[str, Any]:
    response: dict[str, Any] = client.idp.respond_to_auth_challenge(
        ClientId=client.client_id,
        ChallengeName="CUSTOM_CHALLENGE",
        Session=session,
        ChallengeResponses={"USERNAME": NUMBER, "ANSWER": code},
    )
    return response


def _read_code(local: LocalAws, *, messages: int) -> str:
    """Return the code in the last text message, after this number of messages has arrived."""
    deadline = time.monotonic() + INBOX_DEADLINE_S
    while time.monotonic() < deadline:
        texts = [message.text for message in local.sms_messages(NUMBER)]
        if len(texts) >= messages:
            return re.findall(r"\b\d{6}\b", texts[-1])[0]
        time.sleep(0.05)
    raise StepFailedError(f"no text message arrived within {INBOX_DEADLINE_S} s")
