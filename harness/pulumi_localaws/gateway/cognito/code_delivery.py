"""Where a code goes: by SMS to a phone that is to be verified, and then not by e-mail."""

import json
import time
import uuid
from http import HTTPStatus
from typing import Any

from pulumi_localaws.gateway.cognito.user_directory import EMAIL, PHONE, PoolUser, UserPool
from pulumi_localaws.gateway.wire.errors import replaced
from pulumi_localaws.gateway.wire.http_messages import Request, Response
from pulumi_localaws.gateway.wire.root_client import RootClient

EMAIL_INBOX = "/_ministack/ses/messages"
SIGN_UP_CODE, RESET_CODE = "123456", "654321"
"""The emulator's codes are these constants; it tells them to nobody but the e-mail's reader."""

_DEFAULT_TEXT = "Your verification code is {####}"


def goes_by_sms(pool: UserPool, attributes: dict[str, str]) -> bool:
    """Tell whether a sign-up's code goes by SMS.

    With both addresses given and both to be verified it goes to the phone alone (developer guide, "Verifying
    contact information at sign-up").
    """
    return PHONE in pool.auto_verified and bool(attributes.get(PHONE))


def reset_goes_by_sms(pool: UserPool, user: PoolUser) -> bool:
    """Tell whether a forgotten password's code goes by SMS: by the pool's first way that the user has."""
    verified = {a for a in (EMAIL, PHONE) if user.attributes.get(f"{a}_verified", "").lower() == "true"}
    ways = sorted(
        (pool.document.get("AccountRecoverySetting") or {}).get("RecoveryMechanisms") or (),
        key=lambda way: int(way.get("Priority") or 0),
    )
    # Without a setting Cognito prefers the phone (API reference, AccountRecoverySettingType).
    order = [str(way.get("Name")).removeprefix("verified_") for way in ways] or [PHONE, EMAIL]
    chosen = next((a for a in order if a in verified), "")
    return chosen == PHONE or (
        not chosen and not user.attributes.get(EMAIL) and bool(user.attributes.get(PHONE))
    )


def sms_delivery(number: str) -> dict[str, str]:
    """Return CodeDeliveryDetails for a phone, masked as Cognito does."""
    return {"Destination": f"+*******{number[-4:]}", "DeliveryMedium": "SMS", "AttributeName": PHONE}


def email_delivery(address: str) -> dict[str, str]:
    """Return CodeDeliveryDetails for an e-mail address, masked as Cognito does."""
    local, _, domain = address.partition("@")
    masked = f"{local[:1]}***@{domain[:1]}***"
    return {"Destination": masked, "DeliveryMedium": "EMAIL", "AttributeName": EMAIL}


class CodeSender:
    """Sends codes and keeps e-mails out of the inbox that Cognito would not have sent.

    Args:
        root: The signer.
    """

    def __init__(self, root: RootClient) -> None:
        self._root = root
        self._hidden: set[str] = set()
        self._own: dict[str, list[dict[str, Any]]] = {}

    def forget(self) -> None:
        """Forget all, after the emulator was reset."""
        self._hidden.clear()
        self._own.clear()

    async def send_sms(self, pool: UserPool, number: str, code: str) -> None:
        """Put a code into the SMS inbox.

        Raises:
            AwsError: The emulator refused.
        """
        template = (
            (pool.document.get("VerificationMessageTemplate") or {}).get("SmsMessage")
            or pool.document.get("SmsVerificationMessage")
            or _DEFAULT_TEXT
        )
        message = str(template).replace("{####}", code)
        await self._root.query("sns", "Publish", {"PhoneNumber": number, "Message": message})

    def send_email(self, pool: UserPool, address: str, code: str) -> None:
        """Put a code into the e-mail inbox: shown there, since the emulator's SES wants a verified sender."""
        template = pool.document.get("EmailVerificationMessage") or _DEFAULT_TEXT
        subject = pool.document.get("EmailVerificationSubject") or "Your verification code"
        message = {
            "MessageId": str(uuid.uuid4()),
            "Source": "no-reply@verificationemail.com",
            "To": [address],
            "CC": [],
            "BCC": [],
            "Subject": str(subject),
            "BodyText": str(template).replace("{####}", code),
            "BodyHtml": None,
            "Timestamp": time.time(),
            "Type": "CognitoVerificationMessage",
        }
        self._own.setdefault(pool.account, []).append(message)

    async def replace_email_by_sms(self, pool: UserPool, user: PoolUser, code: str) -> dict[str, str]:
        """Send a code to a user's phone, hide the e-mail that the emulator sent, return CodeDeliveryDetails.

        Raises:
            AwsError: The emulator refused.
        """
        number = user.attributes[PHONE]
        await self.send_sms(pool, number, code)
        if user.attributes.get(EMAIL):
            await self._hide_last_email(user.attributes[EMAIL])
        return sms_delivery(number)

    async def _hide_last_email(self, address: str) -> None:
        """Hide the verification e-mail that the emulator has just sent to an address."""
        sent = [m for m in _emails(await self._inbox()) if m.get("To") == [address]]
        codes = [m for m in sent if m.get("Type") == "CognitoVerificationMessage"]
        if codes:
            self._hidden.add(str(codes[-1]["MessageId"]))

    async def _inbox(self) -> Response:
        return await self._root.send("ses", "GET", EMAIL_INBOX, headers={}, body=b"")

    def overlay(self, response: Response) -> Response:
        """Return the e-mail inbox without the hidden messages and with the gateway's own."""
        if not (self._hidden or self._own) or response.status != HTTPStatus.OK:
            return response
        document = json.loads(response.body)
        messages = document.get("messages", {})
        document["messages"] = {
            account: [m for m in messages.get(account, []) if m.get("MessageId") not in self._hidden]
            + self._own.get(account, [])
            for account in {**messages, **self._own}
        }
        return replaced(response, document)


def _emails(response: Response) -> list[dict[str, Any]]:
    if response.status != HTTPStatus.OK:
        return []
    return [m for messages in response.json().get("messages", {}).values() for m in messages]


def is_email_inbox(request: Request) -> bool:
    """Tell whether a request reads the emulator's e-mail inbox."""
    return request.method == "GET" and request.target.split("?", 1)[0] == EMAIL_INBOX
