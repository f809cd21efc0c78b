"""Sent e-mails and queued messages in LocalStack's form.

The forms: LocalStack documentation, "Simple Email Service" and "Simple Queue Service" (developer endpoints),
and the models of the package localstack-sdk-python.
"""

import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

_QUEUE_NAMESPACE = "http://queue.amazonaws.com/doc/2012-11-05/"
_QUEUE_HOST_REGIONS = (
    re.compile(r"sqs\.(?P<region>[a-z]{2,}(-[a-z]+)+-\d)\."),
    re.compile(r"(?P<region>[a-z]{2,}(-[a-z]+)+-\d)\.queue\."),
)
_QUEUE_PATH = re.compile(r"(/queue/(?P<region>[a-z0-9-]+))?/(?P<account>\d{12})/(?P<name>[^/]+)/?")
_RECEIPT_HANDLE = "SQS/BACKDOOR/ACCESS"
"""LocalStack's constant: a message that is only listed can't be deleted by its handle."""


def describe_emails(
    messages: list[dict[str, Any]], *, region: str, message_id: str, source: str
) -> list[dict[str, Any]]:
    """Return the e-mails of the inbox in LocalStack's form.

    Args:
        messages: The e-mails in the emulator's form.
        region: The region of an e-mail that has none.
        message_id: The ID of the e-mail to return; empty for all.
        source: The sender of the e-mails to return; empty for all.
    """
    return [
        _describe_email(message, region)
        for message in messages
        if message_id in {"", message["MessageId"]} and source in {"", message["Source"]}
    ]


def _describe_email(message: dict[str, Any], region: str) -> dict[str, Any]:
    email = {
        "Id": message["MessageId"],
        "Region": message.get("Region") or region,
        "Timestamp": datetime.fromtimestamp(message["Timestamp"], UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        "Destination": {
            "ToAddresses": message["To"],
            "CcAddresses": message["CC"],
            "BccAddresses": message["BCC"],
        },
        "Source": message["Source"],
        "Subject": message["Subject"],
        "Body": {"text_part": message["BodyText"] or "", "html_part": message["BodyHtml"] or None},
    }
    template = {name: message[name] for name in ("Template", "TemplateData") if message.get(name)}
    return email | template


def parse_queue_url(url: str) -> tuple[str, str, str]:
    """Return region, account and name of a queue; the region is empty if the URL names none.

    Raises:
        ValueError: It is not the URL of a queue.
    """
    parts = urlsplit(url)
    match = _QUEUE_PATH.fullmatch(parts.path)
    if match is None:
        raise ValueError(
            f"QueueUrl is {url[:200]!r}, which is not the URL of a queue. Use a URL such as"
            " http://localhost:4566/000000000000/orders."
        )
    host_regions = [pattern.match(parts.netloc) for pattern in _QUEUE_HOST_REGIONS]
    region = match["region"] or next((host["region"] for host in host_regions if host), "")
    return region, match["account"], match["name"]


def describe_queue_messages(
    messages: list[dict[str, Any]], *, shows_invisible: bool, shows_delayed: bool
) -> list[dict[str, Any]]:
    """Return the messages of a queue in the form of ReceiveMessage's JSON response.

    Args:
        messages: The messages in the emulator's form.
        shows_invisible: Whether to return messages that were received and not deleted yet.
        shows_delayed: Whether to return messages that can't be received yet.
    """
    described_messages = []
    for message in messages:
        is_received = bool(message["ReceiveCount"])
        if not message["IsVisible"] and not (shows_invisible if is_received else shows_delayed):
            continue
        described_message = _describe_queue_message(message)
        if shows_invisible:
            is_visible = message["IsVisible"] or not is_received
            described_message["Attributes"]["IsVisible"] = str(is_visible).lower()
        if shows_delayed:
            is_delayed = not message["IsVisible"] and not is_received
            described_message["Attributes"]["IsDelayed"] = str(is_delayed).lower()
        described_messages.append(described_message)
    return described_messages


def _describe_queue_message(message: dict[str, Any]) -> dict[str, Any]:
    attributes = {name: str(value) for name, value in message["Attributes"].items() if value is not None}
    attributes["ApproximateReceiveCount"] = str(message["ReceiveCount"])
    attributes.setdefault("SentTimestamp", str(message["SentTimestamp"] * 1000))
    for name in ("MessageGroupId", "MessageDeduplicationId", "SequenceNumber"):
        if message[name]:
            attributes[name] = str(message[name])
    described_message = {
        "MessageId": message["MessageId"],
        "ReceiptHandle": _RECEIPT_HANDLE,
        "MD5OfBody": message["MD5OfBody"],
        "Body": message["Body"],
        "Attributes": attributes,
    }
    if message["MessageAttributes"]:
        described_message["MessageAttributes"] = message["MessageAttributes"]
    return described_message


def to_query_document(messages: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the response of ReceiveMessage in SQS's query protocol, as a document."""
    return {
        "ReceiveMessageResponse": {
            "ReceiveMessageResult": {"Message": [_to_query_message(message) for message in messages]},
            "ResponseMetadata": {"RequestId": str(uuid.uuid4())},
        }
    }


def _to_query_message(message: Mapping[str, Any]) -> dict[str, Any]:
    document = {name: message[name] for name in ("MessageId", "ReceiptHandle", "MD5OfBody", "Body")}
    document["Attribute"] = _to_pairs(message["Attributes"])
    if "MessageAttributes" in message:
        document["MessageAttribute"] = _to_pairs(message["MessageAttributes"])
    return document


def _to_pairs(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"Name": name, "Value": value} for name, value in values.items()]


def to_xml(document: Mapping[str, Any]) -> bytes:
    """Return a document of the query protocol as XML."""
    [(name, content)] = document.items()
    root = ET.Element(name, {"xmlns": _QUEUE_NAMESPACE})
    _add_children(root, content)
    return b"<?xml version='1.0' encoding='utf-8'?>\n" + ET.tostring(root, encoding="unicode").encode()


def _add_children(parent: ET.Element, content: Any) -> None:
    if not isinstance(content, Mapping):
        parent.text = str(content)
        return
    for name, value in content.items():
        for item in value if isinstance(value, list) else [value]:
            _add_children(ET.SubElement(parent, name), item)
