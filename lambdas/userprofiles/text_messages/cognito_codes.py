"""Cognito's own codes: for sign-up, password reset, a changed phone number, MFA and invitations.

Cognito invokes the trigger asynchronously (Amazon Cognito Developer Guide, "Customizing user pool workflows
with Lambda triggers"), so Lambda repeats a failed invocation twice (AWS Lambda Developer Guide, "How Lambda
handles errors and retries with asynchronous invocation"). The ID of a message is a hash of the encrypted
code, which is different for each code, so the sender sends a repeated code once.
"""

import hashlib
import time
from collections.abc import Callable
from typing import Any

from userprofiles.telemetry import Report, error_code
from userprofiles.text_messages.code_message import VALID_SECONDS, CodeMessage, CodeQueue, Purpose

_PREFIX = "CustomSMSSender_"
_PURPOSES = {
    "SignUp": Purpose.SIGN_UP,
    "ResendCode": Purpose.SIGN_UP,
    "ForgotPassword": Purpose.RESET,
    "UpdateUserAttribute": Purpose.VERIFY,
    "VerifyUserAttribute": Purpose.VERIFY,
    "Authentication": Purpose.SIGN_IN,
    "AdminCreateUser": Purpose.INVITATION,
}


class CodeNotQueuedError(Exception):
    """Lambda must invoke the function again. The text is an error code: Lambda logs it."""


class CognitoCodes:
    """Puts Cognito's codes into the code queue.

    Args:
        decrypt: Decrypts a code.
        queue: The code queue.
        report: Log lines and metrics.
        clock: Returns epoch seconds.
    """

    def __init__(
        self,
        decrypt: Callable[[str], str],
        queue: CodeQueue,
        report: Report,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._decrypt = decrypt
        self._queue = queue
        self._report = report
        self._clock = clock

    def process(self, event: Any) -> None:
        """Queue the code of an event. An event that this version does not know is logged and dropped.

        Raises:
            CodeNotQueuedError: The code was not queued, or the result is unknown.
        """
        source = str(event.get("triggerSource"))
        purpose = _PURPOSES.get(source.removeprefix(_PREFIX))
        request = event.get("request") or {}
        attributes = request.get("userAttributes") or {}
        phone, encrypted_code = attributes.get("phone_number"), request.get("code")
        if purpose is None or not source.startswith(_PREFIX) or not phone or not encrypted_code:
            self._report.error(
                "event without a code, a phone number or a known source dropped",
                metric="CognitoCodesDropped",
                source=source,
            )
            return
        try:
            message = CodeMessage(
                id=hashlib.sha256(encrypted_code.encode()).hexdigest(),
                purpose=purpose,
                phone=phone,
                code=self._decrypt(encrypted_code),
                expires_at=int(self._clock()) + VALID_SECONDS,
                locale=attributes.get("locale") or None,
            )
            self._queue.send(message)
        except Exception as error:  # noqa: BLE001  (reported by its code: the text may repeat a value)
            code = error_code(error)
            self._report.error("code not queued", metric="CognitoCodesNotQueued", source=source, error=code)
            raise CodeNotQueuedError(code) from None
        self._report.info("code queued", messageId=message.id, source=source)
