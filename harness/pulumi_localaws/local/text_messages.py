"""The time of each text message in the emulator's inbox, which keeps none.

The emulator's interpreter loads this module beside its start script, so it uses only ministack and the
standard library.
"""

import time
from typing import Any


class TimedRecords(list[dict[str, Any]]):
    """A list of text messages that adds the time to each message, under the name that e-mails have."""

    def append(self, record: dict[str, Any]) -> None:
        """Append a message with the current time."""
        super().append({**record, "Timestamp": time.time()})


def record_times() -> None:
    """Record the time of each text message from now on."""
    from ministack.services import sns  # noqa: PLC0415

    inbox = sns._sms_messages  # noqa: SLF001 - the emulator's version is pinned

    def find_records(number: str) -> TimedRecords:
        records = inbox.get(number)
        if not isinstance(records, TimedRecords):
            records = TimedRecords(records or ())
            inbox[number] = records
        return records

    sns._sms_log_for = find_records  # noqa: SLF001 - as above
