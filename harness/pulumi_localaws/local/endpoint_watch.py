"""Notice the end of a local AWS by its port, which is closed as soon as one of its processes has ended."""

import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

_POLL_SECONDS = 0.1
_CONNECT_TIMEOUT_SECONDS = 1.0
_REPORT_SECONDS = 0.3  # calls may fail shortly before the port is closed


class EndpointWatch:
    """Calls a function when no program listens at an endpoint any more; a context manager.

    It does not watch an endpoint where no program listens at the start: calls report that themselves.

    Args:
        endpoint: The local AWS's URL.
        on_end: Called once, from another thread.
    """

    def __init__(self, endpoint: str, on_end: Callable[[], None]) -> None:
        self._endpoint = endpoint
        self._on_end = on_end
        self._end_event = threading.Event()
        self._stop_event = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="endpoint-watch", daemon=True)

    @property
    def has_ended(self) -> bool:
        """Whether the endpoint is gone."""
        return self._end_event.is_set()

    def wait_after_failure(self) -> None:
        """Wait for a moment: if calls fail because the local AWS ends, `has_ended` is then true."""
        self._end_event.wait(_REPORT_SECONDS)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop_event.set()
        self._thread.join()

    def _watch(self) -> None:
        if not accepts_connections(self._endpoint):
            return
        while not self._stop_event.wait(_POLL_SECONDS):
            if not accepts_connections(self._endpoint):
                self._end_event.set()
                self._on_end()
                return


def accepts_connections(endpoint: str) -> bool:
    """Return whether a program listens at a URL; a slow one does."""
    url = urlsplit(endpoint)
    try:
        socket.create_connection((url.hostname or "", url.port or 80), _CONNECT_TIMEOUT_SECONDS).close()
    except ConnectionRefusedError:
        return False
    except OSError:
        return True
    return True
