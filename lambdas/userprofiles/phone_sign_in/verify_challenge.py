"""VerifyAuthChallengeResponse: checks the code that a user typed."""

from collections.abc import Callable, Mapping
from typing import Any

from userprofiles.phone_sign_in import challenge_event, code_checks
from userprofiles.phone_sign_in.challenge_errors import ChallengeRunner, reject_events
from userprofiles.phone_sign_in.code_checks import CodeChecks
from userprofiles.registration.trigger_response import add_response
from userprofiles.telemetry import Report, error_code

_METRIC = "CodeCheckFailed"


class VerifyChallenge:
    """Answers the events of the trigger.

    Args:
        code_checks: Checks codes.
        report: Log lines and metrics.
    """

    def __init__(self, code_checks: CodeChecks, report: Report) -> None:
        self._code_checks = code_checks
        self._runner = ChallengeRunner(report, _METRIC)

    def process(self, event: Any) -> Any:
        """Add to an event whether the answer is right.

        Raises:
            ChallengeFailedError: The answer could not be checked. The text is shown to the user.
        """
        response = self._runner.run(lambda: self._verify(event))
        event = add_response(event)
        event["response"] |= response
        return event

    def _verify(self, event: Any) -> dict[str, Any]:
        request = challenge_event.read_request(event)
        claim = challenge_event.read_claim(request)
        is_known = challenge_event.is_known_user(request)
        is_right = self._code_checks.check_code(claim, request.get("challengeAnswer"), is_known=is_known)
        return {"answerCorrect": is_right}


def from_environment(environment: Mapping[str, str], report: Report) -> Callable[[Any], Any]:
    """Create the function that processes events from a function's environment.

    Returns:
        The `process` method of VerifyChallenge. If the environment is wrong, a function that rejects each
        event: the user sees a fixed text, and the log contains the problem.
    """
    try:
        return VerifyChallenge(code_checks.from_environment(environment, report), report).process
    except Exception as error:  # noqa: BLE001  (logged for each event, see above)
        problem = str(error) if isinstance(error, ValueError) else error_code(error)
        return reject_events(report, _METRIC, problem)
