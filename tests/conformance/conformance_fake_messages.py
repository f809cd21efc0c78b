"""Messages with codes, as the emulator's Cognito sends and describes them."""

import uuid
from typing import Any


def describe_delivery(destination: str) -> dict[str, Any]:
    details = {"Destination": destination, "DeliveryMedium": "EMAIL", "AttributeName": "email"}
    return {"CodeDeliveryDetails": details}


def write_verification_email(user: dict[str, Any]) -> dict[str, Any]:
    return write_email(user, "CognitoVerificationMessage")


def write_email(user: dict[str, Any], message_type: str) -> dict[str, Any]:
    address = user["attributes"].get("email", "")
    return {"MessageId": str(uuid.uuid4()), "To": [address], "Type": message_type}
