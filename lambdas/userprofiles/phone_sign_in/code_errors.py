"""What can go wrong with codes: the errors that callers handle."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from userprofiles.telemetry import error_code


class CodesUnavailableError(Exception):
    """KMS or the table of codes did not answer. Nothing was sent.

    Args:
        code: AWS's error code or botocore's class.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class CodeNotQueuedError(CodesUnavailableError):
    """The code is stored, but its message was not sent, or the result is unknown.

    A later request within the resend interval sends nothing, and a code that did arrive is valid. A request
    after that interval sends a new code.
    """


@contextmanager
def unavailable_codes(
    error_class: type[CodesUnavailableError] = CodesUnavailableError,
) -> Iterator[None]:
    """Convert errors of botocore, whose messages may repeat a request."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise error_class(error_code(error)) from None
