"""A connection to a web server that may be slow, but not too slow for the size of a file."""

import io
import socket
from typing import Any

from userprofiles.backfill.errors import StoppedError
from userprofiles.backfill.stop import Stop
from userprofiles.legacy.content.media_errors import CopyFailedError

WINDOW_S = 60.0
"""Seconds over which the bytes of a server are counted."""

MIN_BYTES_PER_S = 32 * 1024
"""The smallest number of bytes for each second of a window."""

TOO_SLOW = f"the old server sent less than {MIN_BYTES_PER_S // 1024} KiB per second"


class TimedSocket:
    """The part of a socket that `http.client` uses. It counts all bytes of a response, with the headers.

    The timeout of a socket begins again after each byte. So without a count, a server that sends one byte now
    and then could hold a thread for days.

    Args:
        connection: The connection. Its timeout ends a wait for the next byte.
        stop: Ends the download. Its clock counts the seconds.
    """

    def __init__(self, connection: socket.socket, stop: Stop) -> None:
        self._connection = connection
        self._stop = stop

    def sendall(self, data: bytes) -> None:
        """Send a request."""
        self._connection.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return the file from which the response is read. The connection ends after both are closed."""
        return io.BufferedReader(_TimedReader(self._connection.makefile("rb", buffering=0), self._stop))

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class _TimedReader(io.RawIOBase):
    def __init__(self, source: io.RawIOBase, stop: Stop) -> None:
        self._source = source
        self._stop = stop
        self._window_begin = stop.now()
        self._window_bytes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read the next bytes.

        Raises:
            CopyFailedError: The server sends too little.
            StoppedError: A stop was requested.
        """
        if self._stop.is_requested:
            raise StoppedError("stopped during a download")
        size = self._source.readinto(buffer)
        self._window_bytes += size or 0
        now = self._stop.now()
        seconds = now - self._window_begin
        if seconds >= WINDOW_S and size:
            if self._window_bytes < seconds * MIN_BYTES_PER_S:
                raise CopyFailedError(TOO_SLOW)
            self._window_begin, self._window_bytes = now, 0
        return size

    def close(self) -> None:
        self._source.close()
        super().close()
