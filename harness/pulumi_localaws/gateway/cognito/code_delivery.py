"""Deliver confirmation codes by SMS or e-mail: only by SMS if the phone number must be verified."""

import json
import re
import time
import uuid
from http import HTTPStatus
from typing import Any

from pulumi_localaws.gateway.cognito.pool_models import EMAIL, PHONE, PoolUser, UserPool
from pulumi_localaws.gateway.wire.errors import replace_body
from pulumi_localaws.gateway.wire.http_messages import Request, Response
from pulumi_localaws.gateway.wire.root_client import RootClient

EMAIL_INBOX_PATH = "/_ministack/ses/messages"
VERIFICATION_MESSAGE, INVITATION_MESSAGE = "CognitoVerificationMessage", "CognitoInvitationMessage"
"""The types of the emulator's e-mails."""
_DEFAULT_SENDER = "no-reply@verificationemail.com"
_HTML_TAG = re.compile(r"<[a-zA-Z/!][^>]*>")


def is_sign_up_code_sent_by_sms(pool: UserPool, attributes: dict[str, str]) -> bool:
    """Return whether a sign-up's code is sent by SMS.

    If the user has both addresses and both must be verified, the code is sent only by SMS (developer guide,
    "Verifying contact information at sign-up").
    """
    return PHONE in pool.auto_verified_attributes and bool(attributes.get(PHONE))


def is_reset_code_sent_by_sms(pool: UserPool, user: PoolUser) -> bool:
    """Return whether a password reset code is sent by SMS, by the pool's order of recovery mechanisms."""
    address = find_recovery_address(pool, user)
    return address == PHONE or (
        not address and not user.attributes.get(EMAIL) and bool(user.attributes.get(PHONE))
    )


def find_recovery_address(pool: UserPool, user: PoolUser) -> str:
    """Return the verified address that a password reset code is sent to, or an empty string."""
    mechanisms = pool.recovery_mechanisms or ("verified_phone_number", "verified_email")
    # By default Cognito prefers the phone (API reference, AccountRecoverySettingType).
    addresses = [name.removeprefix("verified_") for name in mechanisms]
    return next(
        (
            address
            for address in addresses
            if user.attributes.get(address)
            and user.attributes.get(f"{address}_verified", "").lower() == "true"
        ),
        "",
    )


def sms_delivery_details(number: str) -> dict[str, str]:
    """Return CodeDeliveryDetails for a phone number, masked like Cognito's."""
    return {"Destination": f"+*******{number[-4:]}", "DeliveryMedium": "SMS", "AttributeName": PHONE}


def email_delivery_details(address: str) -> dict[str, str]:
    """Return CodeDeliveryDetails for an e-mail address, masked like Cognito's."""
    local, _, domain = address.partition("@")
    masked = f"{local[:1]}***@{domain[:1]}***"
    return {"Destination": masked, "DeliveryMedium": "EMAIL", "AttributeName": EMAIL}


def simulated_delivery_details(name: str) -> dict[str, str]:
    """Return CodeDeliveryDetails for a user who gets no code, if the client hides that.

    The form of the name decides (developer guide, "Managing user existence error responses").
    """
    return sms_delivery_details(name) if name.startswith("+") else email_delivery_details(name)


def mask_destination(response: Response) -> Response:
    """Mask the e-mail address in CodeDeliveryDetails, which the emulator shows or masks in another form."""
    if response.status != HTTPStatus.OK:
        return response
    document = response.json()
    details = document.get("CodeDeliveryDetails") or {}
    if "@" not in details.get("Destination", ""):
        return response
    details = {**details, **email_delivery_details(details["Destination"])}
    return replace_body(response, {**document, "CodeDeliveryDetails": details})


class CodeSender:
    """Sends codes, and hides e-mails of the emulator that Cognito would not send.

    Args:
        root_client: Sends text messages and reads the e-mail inbox.
    """

    def __init__(self, root_client: RootClient) -> None:
        self._root_client = root_client
        self._hidden_message_ids: set[str] = set()
        self._sent_messages: dict[str, list[dict[str, Any]]] = {}

    def clear(self) -> None:
        """Clear all state after a reset of the emulator."""
        self._hidden_message_ids.clear()
        self._sent_messages.clear()

    async def send_sms(self, number: str, text: str) -> None:
        """Send a text message to the SMS inbox.

        Raises:
            AwsError: The emulator returned an error.
        """
        await self._root_client.call_query("sns", "Publish", {"PhoneNumber": number, "Message": text})

    def send_email(self, pool: UserPool, address: str, *, subject: str, body: str) -> None:
        """Add an e-mail to the inbox, because the emulator's SES would require a verified sender."""
        is_html = _HTML_TAG.search(body) is not None
        message = {
            "MessageId": str(uuid.uuid4()),
            "Source": (pool.document.get("EmailConfiguration") or {}).get("From") or _DEFAULT_SENDER,
            "To": [address],
            "CC": [],
            "BCC": [],
            "Subject": subject,
            "BodyText": "" if is_html else body,
            "BodyHtml": body if is_html else "",
            "Timestamp": time.time(),
            "Type": VERIFICATION_MESSAGE,
            "Region": pool.region,
        }
        self._sent_messages.setdefault(pool.account_id, []).append(message)

    async def replace_email(self, pool: UserPool, user: PoolUser, *, subject: str, body: str) -> None:
        """Replace the last verification e-mail that the emulator sent to a user."""
        if await self.hide_email(user):
            self.send_email(pool, user.attributes[EMAIL], subject=subject, body=body)

    async def replace_email_by_sms(self, user: PoolUser, text: str) -> dict[str, str]:
        """Send a code by SMS, hide the emulator's e-mail with the code, and return CodeDeliveryDetails.

        Raises:
            AwsError: The emulator returned an error.
        """
        number = user.attributes[PHONE]
        await self.send_sms(number, text)
        await self.hide_email(user)
        return sms_delivery_details(number)

    async def hide_email(self, user: PoolUser, message_type: str = VERIFICATION_MESSAGE) -> bool:
        """Hide the last e-mail of a type that the emulator sent to a user.

        Returns:
            Whether there was one.
        """
        address = user.attributes.get(EMAIL)
        if not address:
            return False
        emails = [
            m
            for m in _parse_emails(await self._read_inbox())
            if m.get("To") == [address]
            and m.get("Type") == message_type
            and m["MessageId"] not in self._hidden_message_ids
        ]
        if emails:
            self._hidden_message_ids.add(str(emails[-1]["MessageId"]))
        return bool(emails)

    async def list_emails(self) -> list[dict[str, Any]]:
        """Return all e-mails of the inbox."""
        return _parse_emails(self.edit_inbox(await self._read_inbox()))

    def delete_email(self, message_id: str) -> None:
        """Delete an e-mail from the inbox."""
        self._hidden_message_ids.add(message_id)

    async def _read_inbox(self) -> Response:
        return await self._root_client.send("ses", "GET", EMAIL_INBOX_PATH, headers={}, body=b"")

    def edit_inbox(self, response: Response) -> Response:
        """Add the e-mails that the gateway sent to the emulator's inbox, and remove the hidden ones."""
        if not (self._hidden_message_ids or self._sent_messages) or response.status != HTTPStatus.OK:
            return response
        document = json.loads(response.body)
        messages = document.get("messages", {})
        document["messages"] = {
            account: [
                message
                for message in [*messages.get(account, []), *self._sent_messages.get(account, [])]
                if message["MessageId"] not in self._hidden_message_ids
            ]
            for account in {**messages, **self._sent_messages}
        }
        return replace_body(response, document)


def _parse_emails(response: Response) -> list[dict[str, Any]]:
    if response.status != HTTPStatus.OK:
        return []
    return [m for messages in response.json().get("messages", {}).values() for m in messages]


def is_email_inbox_request(request: Request) -> bool:
    """Return whether a request reads the emulator's e-mail inbox."""
    return request.method == "GET" and request.target.split("?", 1)[0] == EMAIL_INBOX_PATH
