"""Stream records of the users table, as Lambda delivers them."""

import copy
import json
from pathlib import Path
from typing import Any

EVENT = json.loads(
    (Path(__file__).parents[3] / "events" / "dynamodb_stream_new_account.json").read_text(encoding="utf-8")
)
SUB = "7c9e6679-7425-40de-944b-e07fc1f90ae7"


def stream_record(
    number: int = 0, *, created_by: str | None = "sign_up", event_name: str = "INSERT", **attributes: str
) -> dict[str, Any]:
    """Return the record of a new account.

    Args:
        number: Distinguishes records: it changes event ID, sub and sequence number.
        created_by: The account's `createdBy`; None for an account without it.
        event_name: Type of the change.
        attributes: Texts that replace attributes of the account.
    """
    stream_record: dict[str, Any] = copy.deepcopy(EVENT["Records"][0])
    stream_record["eventName"] = event_name
    image = stream_record["dynamodb"]["NewImage"]
    if number:
        stream_record["eventID"] = f"event-{number}"
        stream_record["dynamodb"]["SequenceNumber"] = str(1000 + number)
        image["PK"] = {"S": f"USER#user-{number}"}
    del image["createdBy"]
    texts = attributes if created_by is None else {"createdBy": created_by} | attributes
    image.update({name: {"S": value} for name, value in texts.items()})
    return stream_record
