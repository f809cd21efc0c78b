"""Log lines of the library: their format, and a handler for programs that have none.

The library writes to the standard library's loggers below `userprofiles.library` and configures none of them.
A log line contains fixed texts, user IDs, error codes and counts, never a value of a user.
"""

import logging
import os
from collections.abc import Mapping
from typing import TextIO

LOG_FORMAT = "%(asctime)s - %(name)s - %(levelname)s - %(message)s"
DATE_FORMAT = "%Y-%m-%d %H:%M:%S"

LOGGER = logging.getLogger("userprofiles.library")
# Without a handler, Python would print warnings and errors to standard error.
LOGGER.addHandler(logging.NullHandler())

_TRUE, _FALSE = ("true", "1", "yes", "on"), ("false", "0", "no", "off", "")


def read_testing_mode(environment: Mapping[str, str] | None = None) -> bool:
    """Return whether the environment variable TESTING_MODE turns testing mode on; false if it isn't set.

    Raises:
        ValueError: Its value is neither true nor false.
    """
    text = (os.environ if environment is None else environment).get("TESTING_MODE", "")
    value = text.strip().lower()
    if value not in (*_TRUE, *_FALSE):
        raise ValueError(f"TESTING_MODE is {text!r}. Allowed: true or false. Set TESTING_MODE=false.")
    return value in _TRUE


def install_log_handler(
    stream: TextIO | None = None, *, testing_mode: bool | None = None
) -> logging.StreamHandler[TextIO]:
    """Write the library's log lines to a stream, in its log format. The root logger stays unchanged.

    Args:
        stream: The stream; None for standard error.
        testing_mode: Whether to write DEBUG lines too. None: as TESTING_MODE says.

    Returns:
        The handler. To remove it: `logging.getLogger("userprofiles.library").removeHandler(handler)`.
    """
    is_testing = read_testing_mode() if testing_mode is None else testing_mode
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter(LOG_FORMAT, DATE_FORMAT))
    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.DEBUG if is_testing else logging.INFO)
    return handler
