"""The worker of the code queue, created from a function's environment."""

from collections.abc import Mapping

from userprofiles import aws
from userprofiles.settings import SettingsError, countries, required, whole_number
from userprofiles.telemetry import Report
from userprofiles.text_messages.code_text import DEFAULT_SIGN_IN_TEXT, CodeTexts
from userprofiles.text_messages.http_post import HttpServer
from userprofiles.text_messages.message_claims import MessageClaims
from userprofiles.text_messages.message_limits import HourlyLimits, MessageLimits
from userprofiles.text_messages.message_worker import SEND_SECONDS, MessageWorker
from userprofiles.text_messages.secret_cache import SecretCache, create_fetch
from userprofiles.text_messages.sms_sender import SmsSender
from userprofiles.text_messages.sns_sender import SnsSender
from userprofiles.text_messages.twilio_credentials import parse_credentials
from userprofiles.text_messages.twilio_sender import TwilioSender

DEFAULT_TWILIO_URL = "https://api.twilio.com"
MAX_MESSAGES = 1_000_000
_CONNECT_SECONDS = 2.0


def create_worker(environment: Mapping[str, str], report: Report) -> MessageWorker:
    """Create the worker.

    Raises:
        SettingsError: A variable is missing or wrong. The messages stay in the queue.
    """
    table = required(environment, "CODES_TABLE")
    limits = HourlyLimits(
        range_messages=_limit(environment, "MESSAGES_PER_PREFIX_HOUR", 50),
        country_messages=_limit(environment, "MESSAGES_PER_COUNTRY_HOUR", 1000),
    )
    texts = CodeTexts(environment.get("CODE_TEXT", "").strip() or DEFAULT_SIGN_IN_TEXT)
    sender = create_sender(environment)
    dynamodb = aws.client("dynamodb", read_s=1)
    return MessageWorker(
        sender=sender,
        claims=MessageClaims(dynamodb, table),
        limits=MessageLimits(dynamodb, table, limits),
        texts=texts,
        allowed_countries=frozenset(countries(environment, "ALLOWED_COUNTRIES")),
        report=report,
    )


def create_sender(environment: Mapping[str, str]) -> SmsSender:
    """Create the sender that SMS_PROVIDER names; default: sns.

    Raises:
        SettingsError: A variable is missing or wrong.
    """
    provider = environment.get("SMS_PROVIDER", "").strip() or "sns"
    if provider == "sns":
        return SnsSender(
            aws.client("sns", connect_s=_CONNECT_SECONDS, read_s=SEND_SECONDS, attempts=1),
            sender_id=environment.get("SMS_SENDER_ID", "").strip() or None,
            origination_number=environment.get("SMS_ORIGINATION_NUMBER", "").strip() or None,
        )
    if provider == "twilio":
        return _create_twilio_sender(environment)
    raise SettingsError(f"SMS_PROVIDER must be sns or twilio, got {provider!r}.")


def _create_twilio_sender(environment: Mapping[str, str]) -> TwilioSender:
    server = HttpServer(
        "TWILIO_URL",
        environment.get("TWILIO_URL", "").strip() or DEFAULT_TWILIO_URL,
        connect_seconds=_CONNECT_SECONDS,
        read_seconds=SEND_SECONDS,
    )
    service_sid = environment.get("TWILIO_MESSAGING_SERVICE_SID", "").strip()
    number = environment.get("TWILIO_FROM", "").strip()
    if bool(service_sid) == bool(number):
        raise SettingsError(
            "Twilio needs a sender: set either TWILIO_FROM or TWILIO_MESSAGING_SERVICE_SID, got "
            f"{'both' if number else 'none'}."
        )
    secret_id = required(environment, "TWILIO_SECRET_ID")
    credentials = SecretCache(create_fetch(secret_id), parse_credentials)
    sender = ("MessagingServiceSid", service_sid) if service_sid else ("From", number)
    return TwilioSender(server, credentials, sender)


def _limit(environment: Mapping[str, str], name: str, default: int) -> int:
    return whole_number(environment, name, default, least=1, most=MAX_MESSAGES)
