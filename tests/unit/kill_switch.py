"""Counts the calls of AWS in a test, and ends the process at one of them."""

import threading
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ReadTimeoutError


class KilledError(BaseException):
    """The process was killed: no `except Exception` catches it."""


class KillSwitch:
    """Ends a run before or after one of its calls of AWS.

    Attributes:
        calls: The operations so far.
        kill_before: Number of the call that is not carried out any more; None for no end.
        kill_after: Number of the call whose response does not arrive any more; None for no end.
        lose_response: Number of the call that is carried out, and whose response is lost; None for no loss.
        before_each: Called with the name of each operation, before it is counted.
    """

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.kill_before: int | None = None
        self.kill_after: int | None = None
        self.lose_response: int | None = None
        self.before_each: Any = lambda _: None
        self._lock = threading.Lock()

    @property
    def count(self) -> int:
        """The number of calls so far."""
        return len(self.calls)

    def add(self, operation: str) -> int:
        """Add a call and return its number. Several threads call at the same time."""
        with self._lock:
            self.calls.append(operation)
            return len(self.calls)

    def wrap(self, client: Any) -> Any:
        """Return the client, with this switch."""
        return _SwitchedClient(client, self)


class _SwitchedClient:
    def __init__(self, client: Any, switch: KillSwitch) -> None:
        self._client = client
        self._switch = switch
        self.meta = SimpleNamespace(region_name="us-east-1", endpoint_url="AWS")

    def __getattr__(self, name: str) -> Any:
        operation = getattr(self._client, name)

        def call(**parameters: Any) -> Any:
            self._switch.before_each(name)
            number = self._switch.add(name)
            if number == self._switch.kill_before:
                raise KilledError
            try:
                return operation(**parameters)
            finally:
                if number == self._switch.kill_after:
                    raise KilledError
                if number == self._switch.lose_response:
                    raise ReadTimeoutError(endpoint_url="AWS")

        return call
