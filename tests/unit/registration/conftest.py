"""What the tests of the post-confirmation trigger share."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from userprofiles.registration import post_confirmation
from userprofiles.registration.outbox import OutboxMessage
from userprofiles.registration.post_confirmation import CONFIRM_SIGN_UP, ConfirmationProcessor
from userprofiles.registration.registrar import Registrar
from userprofiles.telemetry import Report


class RecordingOutbox:
    """An outbox that records its messages, or fails."""

    def __init__(self) -> None:
        self.messages: list[OutboxMessage] = []
        self.error: Exception | None = None

    def send(self, message: OutboxMessage) -> None:
        if self.error is not None:
            raise self.error
        self.messages.append(message)


@pytest.fixture
def outbox() -> RecordingOutbox:
    return RecordingOutbox()


@pytest.fixture
def process_event(
    create_registrar: Callable[..., Registrar], outbox: RecordingOutbox, report: Report
) -> Callable[..., Any]:
    """Return a function that processes an event as the handler does."""

    def process(event: Any, **attributes: Any) -> Any:
        registrar = create_registrar(CONFIRM_SIGN_UP, **attributes)
        processor = ConfirmationProcessor(registrar, outbox, report)  # type: ignore[arg-type]
        return post_confirmation.handle_event(processor.process, event, report)

    return process


@pytest.fixture
def read_log(log: io.StringIO) -> Callable[[], list[dict[str, Any]]]:
    """Return a function that returns the log lines."""
    return lambda: [json.loads(line) for line in log.getvalue().splitlines()]


@pytest.fixture
def read_metrics(capsys: pytest.CaptureFixture[str]) -> Callable[[], list[str]]:
    """Return a function that returns the names of the metrics on standard output."""
    return lambda: [
        metric["Name"]
        for line in capsys.readouterr().out.splitlines()
        for directive in json.loads(line)["_aws"]["CloudWatchMetrics"]
        for metric in directive["Metrics"]
    ]
