"""The deadlines of the handlers that Cognito waits for, and calls with a deadline.

A socket's read timeout starts again with every byte, so a server that sends byte by byte can block a call
without limit. Here each call runs in its own thread, which is abandoned at the deadline. The thread is a
daemon: neither the next invocation nor the end of the process waits for it.
"""

import contextvars
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

# Cognito waits 5 s, including a cold start, and may call again. The function's own timeout is 4 s.
POST_CONFIRMATION_SECONDS = 3.1
DYNAMODB_SECONDS = 2.0
OUTBOX_SECONDS = 0.8

# A user waits for each of their sign-ins, so this trigger gives up earlier.
PRE_TOKEN_GENERATION_SECONDS = 2.8
READ_USER_SECONDS = 1.5

# The triggers of the custom challenge: all their calls together.
CHALLENGE_SECONDS = 3.1


class DeadlineExceededError(TimeoutError):
    """A call took longer than allowed. It may still finish, unobserved."""


class TooManyAbandonedCallsError(RuntimeError):
    """The call was not started, because too many abandoned calls still hang."""


class DeadlineRunner:
    """Runs calls with deadlines.

    Args:
        max_abandoned: How many abandoned threads may hang before further calls are rejected.
    """

    def __init__(self, max_abandoned: int = 8) -> None:
        self._max_abandoned = max_abandoned
        self._abandoned: list[threading.Thread] = []

    def run(self, call: Callable[[], T], seconds: float) -> T:
        """Return what a call returns, or raise what it raises.

        Args:
            call: A call that does no harm if it finishes after the deadline.
            seconds: How long to wait for it.

        Raises:
            DeadlineExceededError: The deadline passed and the call was abandoned.
            TooManyAbandonedCallsError: The call was not started.
        """
        self._abandoned = [thread for thread in self._abandoned if thread.is_alive()]
        if len(self._abandoned) >= self._max_abandoned:
            raise TooManyAbandonedCallsError(f"{len(self._abandoned)} earlier calls still hang.")
        finished = threading.Event()
        results: list[Any] = []
        errors: list[BaseException] = []
        context = contextvars.copy_context()

        def work() -> None:
            try:
                results.append(context.run(call))
            except BaseException as error:  # noqa: BLE001  (raised again in the caller's thread)
                errors.append(error)
            finally:
                finished.set()

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        if not finished.wait(max(seconds, 0)):
            self._abandoned.append(thread)
            raise DeadlineExceededError(f"The call took longer than {seconds:.1f} s.")
        if errors:
            raise errors[0]
        result: T = results[0]
        return result
