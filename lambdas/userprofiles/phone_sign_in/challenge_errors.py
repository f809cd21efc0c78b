"""Errors of the triggers of the custom challenge, as the user sees them, and their deadline."""

from collections.abc import Callable
from typing import Any

from userprofiles import deadline
from userprofiles.deadline import DeadlineRunner
from userprofiles.phone_sign_in.code_errors import CodeNotQueuedError
from userprofiles.registration.cognito_user import UnreadableUserError
from userprofiles.telemetry import Report, error_code

# Cognito shows "<trigger> failed with error <text>." and adds the full stop itself.
NOT_SENT = "The code could not be sent. Please try again in a minute"
UNAVAILABLE = "Sign-in with a code is not possible at the moment. Please try again later"


class ChallengeFailedError(Exception):
    """A challenge could not be created or checked. The text is shown to the user."""


class ChallengeRunner:
    """Runs a trigger within its deadline, and replaces its errors by fixed texts.

    Args:
        report: Log lines and metrics.
        metric: The metric that counts failures.
    """

    def __init__(self, report: Report, metric: str) -> None:
        self._report = report
        self._metric = metric
        self._runner = DeadlineRunner()

    def run(self, call: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Return the response of a trigger.

        Raises:
            ChallengeFailedError: The trigger failed, or did not finish within `deadline.CHALLENGE_SECONDS`.
        """
        try:
            return self._runner.run(call, deadline.CHALLENGE_SECONDS)
        except UnreadableUserError as error:
            self._report.error("unreadable event", metric="UnreadableEvent", problem=str(error))
            raise ChallengeFailedError(UNAVAILABLE) from None
        except CodeNotQueuedError as error:
            self._report.error("code not queued", metric=self._metric, error=error.code)
            raise ChallengeFailedError(NOT_SENT) from None
        except Exception as error:  # noqa: BLE001  (logged; the user sees a fixed text)
            self._report.error("challenge failed", metric=self._metric, error=error_code(error))
            raise ChallengeFailedError(UNAVAILABLE) from None


def reject_events(report: Report, metric: str, problem: str) -> Callable[[Any], Any]:
    """Return a handler for a function with a wrong environment: it logs the problem for each event."""

    def reject_event(event: Any) -> Any:  # noqa: ARG001  (same parameters as the triggers)
        report.error("the function is misconfigured", metric=metric, problem=problem)
        raise ChallengeFailedError(UNAVAILABLE)

    return reject_event
