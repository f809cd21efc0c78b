"""CreateAuthChallenge: requests a code for a sign-in.

Cognito can run this trigger up to three times for one sign-in. It passes neither a session's ID nor the
caller's address, nor the ClientMetadata of InitiateAuth. So a code belongs to a phone number, not to a
session.
"""

from collections.abc import Callable, Mapping
from typing import Any

from userprofiles.phone_sign_in import challenge_event, code_requests
from userprofiles.phone_sign_in.challenge_errors import ChallengeRunner, reject_events
from userprofiles.phone_sign_in.code_requests import CodeRequests
from userprofiles.phone_sign_in.code_settings import CodeSettings
from userprofiles.registration.trigger_response import add_response
from userprofiles.telemetry import Report, error_code

_METRIC = "CodeRequestFailed"


class CreateChallenge:
    """Answers the events of the trigger.

    Args:
        code_requests: Creates codes.
        code_settings: The phone numbers that get codes, and how long a code is valid.
        report: Log lines and metrics.
    """

    def __init__(self, code_requests: CodeRequests, code_settings: CodeSettings, report: Report) -> None:
        self._code_requests = code_requests
        self._code_settings = code_settings
        self._runner = ChallengeRunner(report, _METRIC)

    def process(self, event: Any) -> Any:
        """Add the challenge to an event.

        Raises:
            ChallengeFailedError: The challenge could not be created. The text is shown to the user.
        """
        response = self._runner.run(lambda: self._create(event))
        event = add_response(event)
        event["response"] |= response
        return event

    def _create(self, event: Any) -> dict[str, Any]:
        results = challenge_event.read_session(challenge_event.read_request(event))
        identity = challenge_event.read_identity(event, self._code_settings)
        if results:
            claim = self._code_requests.continue_claim(identity, results[-1].claim_id)
        else:
            claim = self._code_requests.request_code(identity)
        return {
            # The same for everyone: a masked phone number would show that a user exists.
            "publicChallengeParameters": {
                "delivery": "SMS",
                "expiresIn": str(self._code_settings.limits.valid_seconds),
            },
            "privateChallengeParameters": challenge_event.to_private_parameters(claim),
            "challengeMetadata": challenge_event.to_metadata(claim),
        }


def from_environment(environment: Mapping[str, str], report: Report) -> Callable[[Any], Any]:
    """Create the function that processes events from a function's environment.

    Returns:
        The `process` method of CreateChallenge. If the environment is wrong, a function that rejects each
        event: the user sees a fixed text, and the log contains the problem.
    """
    try:
        return CreateChallenge(
            code_requests.from_environment(environment, report),
            CodeSettings.from_environment(environment),
            report,
        ).process
    except Exception as error:  # noqa: BLE001  (logged for each event, see above)
        problem = str(error) if isinstance(error, ValueError) else error_code(error)
        return reject_events(report, _METRIC, problem)
