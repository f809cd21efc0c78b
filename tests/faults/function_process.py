"""A trigger's handler in its own process."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Invocation:
    """The result of one event.

    Attributes:
        seconds: How long the handler took.
        is_unchanged: Whether the handler returned the event unchanged.
        response: The response in the returned event, or the failed messages of a batch.
        lines: The lines that the handler wrote, as JSON.
    """

    seconds: float
    is_unchanged: bool
    response: Any = None
    lines: list[dict[str, Any]] = field(default_factory=list)

    @property
    def metrics(self) -> list[str]:
        return [
            metric["Name"]
            for line in self.lines
            if "_aws" in line
            for directive in line["_aws"]["CloudWatchMetrics"]
            for metric in directive["Metrics"]
        ]

    @property
    def text(self) -> str:
        return json.dumps(self.lines)


class FunctionProcess:
    """A process that imports the handler once and calls it for each event."""

    def __init__(
        self, port: int, handler: str = "post_confirmation", environment: Mapping[str, str] | None = None
    ) -> None:
        endpoint = f"http://127.0.0.1:{port}"
        process_environment = {
            "PATH": os.environ["PATH"],
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "USERS_TABLE": "users",
            "AUDIT_TABLE": "audit",
            "OUTBOX_QUEUE_URL": f"{endpoint}/000000000000/outbox",
            "POWERTOOLS_SERVICE_NAME": handler,
            **(environment or {}),
        }
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("handler_process.py")), handler],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=process_environment,
        )
        self._read_result()

    def _read_result(self) -> tuple[Any, list[dict[str, Any]]]:
        assert self.process.stdout
        lines: list[dict[str, Any]] = []
        for text in self.process.stdout:
            line = json.loads(text)
            if "result" in line:
                return line["result"], lines
            lines.append(line)
        return None, lines

    def send(self, event: Any) -> Invocation | None:
        """Send an event to the handler; return None if the process died."""
        assert self.process.stdin
        self.process.stdin.write(json.dumps(event) + "\n")
        self.process.stdin.flush()
        result, lines = self._read_result()
        return None if result is None else Invocation(**result, lines=lines)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)

    def end(self, seconds: float) -> int:
        """Close the standard input and return the exit code; fail if the process doesn't end in time."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        try:
            return self.process.wait(seconds)
        finally:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
