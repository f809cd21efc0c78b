"""Text messages by Twilio Messaging (decision 40).

Twilio's documentation says what each response means:

* 201: the message was created ("Messages resource").
* 429: the request was not processed and is safe to repeat ("20429: Too many requests").
* 401: the credentials are wrong, expired or deleted ("20003: Permission Denied").
* Other 4xx: the message was not created. Twilio advises against logic based on its error codes, because they
  change (changelog of 10 July 2024), so the code is only logged.
* 5xx and time-outs: the message may have been created. `Messages` has no idempotency key.

Errors of the 30xxx series are reported after acceptance, by a status callback, which is not used here.
"""

import json
import math
import re
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

from userprofiles.text_messages.http_post import HttpResponse, HttpServer, NotSentError, UnknownResultError
from userprofiles.text_messages.secret_cache import SecretCache, SecretError
from userprofiles.text_messages.sms_sender import SendResult, SendStatus, TextMessage
from userprofiles.text_messages.twilio_credentials import TwilioCredentials

_SID = re.compile(r"[A-Z]{2}[0-9a-f]{32}")
_MAX_CODE = 99_999
_MAX_VALIDITY = 36_000  # Twilio, "90007: Invalid validity period value"
_SUCCESS = range(200, 300)
_UNAUTHORIZED = 401
_REQUEST_TIMEOUT = 408
_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500


class TwilioSender:
    """Sends text messages with Twilio.

    Args:
        server: The server of Twilio's API.
        credentials: The credentials. Twilio's 401 reads them again.
        sender: The parameter that names the sender: `From` or `MessagingServiceSid`, and its value.
        clock: Returns epoch seconds.
    """

    def __init__(
        self,
        server: HttpServer,
        credentials: SecretCache[TwilioCredentials],
        sender: tuple[str, str],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._server = server
        self._credentials = credentials
        self._sender = sender
        self._clock = clock

    def send(self, message: TextMessage) -> SendResult:
        """Create a message. After a 401, read the credentials again and try once more if they changed."""
        try:
            credentials = self._credentials.get()
            response = self._post(credentials, message)
            if response.status == _UNAUTHORIZED:
                new_credentials = self._credentials.read()
                if new_credentials != credentials:
                    response = self._post(new_credentials, message)
        except (SecretError, NotSentError) as error:
            return SendResult(SendStatus.RETRY, str(error))
        except UnknownResultError as error:
            return SendResult(SendStatus.UNKNOWN, str(error))
        return self._read(response)

    def _post(self, credentials: TwilioCredentials, message: TextMessage) -> HttpResponse:
        name, value = self._sender
        form = {
            "To": message.phone,
            name: value,
            "Body": message.text,
            "ValidityPeriod": str(min(max(message.valid_seconds, 1), _MAX_VALIDITY)),
        }
        headers = {
            "Authorization": credentials.authorization,
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
            "Connection": "close",
        }
        path = f"/2010-04-01/Accounts/{credentials.account_sid}/Messages.json"
        return self._server.post(path, headers, urlencode(form).encode())

    def _read(self, response: HttpResponse) -> SendResult:
        content = _parse_json(response.body)
        if response.status in _SUCCESS:
            sid = content.get("sid")
            provider_id = sid if isinstance(sid, str) and _SID.fullmatch(sid) else ""
            return SendResult(SendStatus.ACCEPTED, provider_id=provider_id)
        code = _read_code(content) or f"HTTP{response.status}"
        if response.status == _TOO_MANY_REQUESTS:
            return SendResult(SendStatus.RETRY, code, self._read_delay(response.retry_after))
        if response.status >= _SERVER_ERROR or response.status == _REQUEST_TIMEOUT:
            return SendResult(SendStatus.UNKNOWN, code)
        return SendResult(SendStatus.REJECTED, code)

    def _read_delay(self, header: str | None) -> float | None:
        """Return the seconds that `Retry-After` names, a number or a date (RFC 9110, section 10.2.3)."""
        if header is None:
            return None
        try:
            seconds = float(header)
        except ValueError:
            try:
                seconds = parsedate_to_datetime(header).timestamp() - self._clock()
            except ValueError:
                return None
        return max(seconds, 0.0) if math.isfinite(seconds) else None


def _parse_json(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _read_code(content: dict[str, Any]) -> str:
    """Return Twilio's error code, or an empty text. The message next to it can repeat the phone number."""
    code = content.get("code")
    is_code = isinstance(code, int) and not isinstance(code, bool) and 0 < code <= _MAX_CODE
    return str(code) if is_code else ""
