"""Details of responses that clients need and the emulator leaves out.

The emulator's interpreter loads this module beside its start script, so it uses only ministack and the
standard library.
"""

import itertools
import json
import re
from typing import Any

_API_HOST = re.compile(
    r"^([a-f0-9]{8})\.execute-api\."
    r"(?:(?:[a-z0-9-]+\.)?(?:localhost|localhost\.localstack\.cloud|amazonaws\.com))(?::\d+)?$"
)
"""The host names of an HTTP API: the emulator's, LocalStack's, and AWS's for a client that uses a proxy."""

_ACCEPTED_KEYS = (
    " (pulumi-localaws: this access key is unknown here. Accepted are 'test', 'accesskey' and twelve digits,"
    " which are the root user, and the keys of an IAM user or a role that was created here. Set"
    " AWS_ACCESS_KEY_ID=test and AWS_SECRET_ACCESS_KEY=test.)"
)


def add_missing_details() -> None:
    """Add the details to the running emulator."""
    from ministack import app  # noqa: PLC0415 - this module is loaded before ministack
    from ministack.core import iam_actions, iam_evaluator  # noqa: PLC0415
    from ministack.services import cloudwatch_logs, ses  # noqa: PLC0415

    app._EXECUTE_API_RE = _API_HOST  # noqa: SLF001 - the emulator's version is pinned
    _number_log_events(cloudwatch_logs)
    _describe_emails(app, ses)
    _name_accepted_keys(iam_actions, iam_evaluator)


def _number_log_events(cloudwatch_logs: Any) -> None:
    """Give each log event the ``eventId`` of FilterLogEvents, which ``aws logs tail --follow`` requires.

    AWS's IDs have 56 digits and increase with the time (API Reference, "FilteredLogEvent": only "The ID of
    the event" is documented).
    """
    store_events = cloudwatch_logs._append_log_events  # noqa: SLF001 - the emulator's version is pinned
    numbers = itertools.count(1)

    def store_numbered_events(stream: Any, events: list[dict[str, Any]]) -> None:
        for event in events:
            event.setdefault("eventId", f"{event['timestamp']:020d}{next(numbers):036d}")
        store_events(stream, events)

    cloudwatch_logs._append_log_events = store_numbered_events  # noqa: SLF001 - as above


def _describe_emails(app: Any, ses: Any) -> None:
    """Add the region and the template to each e-mail of the inbox."""
    read_inbox = app._handle_ses_messages_request  # noqa: SLF001 - the emulator's version is pinned

    async def read_described_inbox(*request: Any) -> Any:
        answer = await read_inbox(*request)
        if answer is None or answer[0] != 200:  # noqa: PLR2004 - an HTTP status
            return answer
        status, headers, body = answer
        document = json.loads(body)
        details = {
            record["MessageId"]: {
                "Region": key[1],
                "Template": record.get("Template"),
                "TemplateData": record.get("TemplateData"),
            }
            for key, records in ses._sent_emails.to_dict().items()  # noqa: SLF001 - as above
            if key[-1] == "entries"
            for record in records
        }
        for messages in document["messages"].values():
            for message in messages:
                message.update(details.get(message["MessageId"], {}))
        return status, headers, json.dumps(document).encode()

    app._handle_ses_messages_request = read_described_inbox  # noqa: SLF001 - as above


def _name_accepted_keys(iam_actions: Any, iam_evaluator: Any) -> None:
    """Say in the error for an unknown access key which keys are accepted."""
    refuse = iam_evaluator._unknown_access_key  # noqa: SLF001 - the emulator's version is pinned

    def refuse_and_explain() -> Any:
        error = refuse()
        return type(error)(error.code, error.message + _ACCEPTED_KEYS)

    iam_evaluator._unknown_access_key = refuse_and_explain  # noqa: SLF001 - as above
    failures = iam_actions._AUTH_FAILURES  # noqa: SLF001 - as above
    for code in ("UnrecognizedClientException", "InvalidClientTokenId"):
        query_code, status, json_code, (s3_code, s3_status, s3_message) = failures[code]
        s3_failure = (s3_code, s3_status, s3_message + _ACCEPTED_KEYS)
        failures[code] = (query_code, status, json_code, s3_failure)
