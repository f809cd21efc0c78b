"""What happens when a user has confirmed: registration, within a deadline, without ever failing the sign-up.

The user is confirmed before the trigger runs, and an error of ours would be shown to them for nothing. So the
event is returned whatever happens; what couldn't be written now goes to the outbox, and what even that
misses is created by the API on first access.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from userprofiles import aws, settings
from userprofiles.deadline import Workers
from userprofiles.registration import cognito_user
from userprofiles.registration.cognito_user import CognitoUser, UnreadableUserError
from userprofiles.registration.outbox import Message, Outbox
from userprofiles.registration.registrar import Outcome, Registrar
from userprofiles.table.attribute_value import AttributeValueError
from userprofiles.table.store import RecordTooLargeError
from userprofiles.telemetry import Report, error_code

CONFIRM_SIGN_UP = "PostConfirmation_ConfirmSignUp"
CONFIRM_FORGOT_PASSWORD = "PostConfirmation_ConfirmForgotPassword"  # noqa: S105  (a trigger's name)

# Cognito waits 5 s, a cold start in it, and may call again; the function's own time-out is 4 s.
DYNAMODB_S = 2.0
OUTBOX_S = 0.8
TOTAL_S = 3.1

_WORDS_FOR_OUTCOME = {
    Outcome.CREATED: "user registered",
    Outcome.EXISTED: "user was registered already",
    Outcome.REPAIRED: "user was registered in part; the rest was added",
    Outcome.ERASED: "user is erased and stays so",
}


class Confirmation:
    """Registers users when Cognito says that they have confirmed.

    Args:
        registrar: Registers the users.
        outbox: The queue for users who could not be registered now.
        report: Log lines and metrics.
    """

    def __init__(self, registrar: Registrar, outbox: Outbox, report: Report) -> None:
        self._registrar = registrar
        self._outbox = outbox
        self._report = report
        self._workers = Workers()

    def __call__(self, event: Any) -> None:
        """Register the event's user if it tells of a sign-up; ignore a password reset.

        One structured line tells what came of it. Returns within `TOTAL_S` seconds.
        """
        end = time.monotonic() + TOTAL_S
        source = event.get("triggerSource") if isinstance(event, dict) else None
        if source == CONFIRM_FORGOT_PASSWORD:
            self._report.info("password reset: nothing to register", triggerSource=source)
            return
        if source != CONFIRM_SIGN_UP:
            self._report.warning("event of an unknown source let pass", metric="UnknownTriggerSource")
            return
        try:
            user = cognito_user.from_event(event)
        except UnreadableUserError as error:
            self._report.warning(
                "unreadable event let pass",
                metric="UnreadableEvent",
                triggerSource=source,
                problem=str(error),
            )
            return
        self._register(user, end)

    def _register(self, user: CognitoUser, end: float) -> None:
        ids = {"sub": user.sub, "userPoolId": user.pool_id, "triggerSource": CONFIRM_SIGN_UP}
        try:
            registration = self._workers.run(
                lambda: self._registrar.register(user), min(DYNAMODB_S, end - time.monotonic())
            )
        except (RecordTooLargeError, AttributeValueError) as error:
            # Later attempts would fail alike: the operator's template makes what the table can't hold.
            self._report.error(
                "record can't be stored",
                metric="RegistrationImpossible",
                error=type(error).__name__,
                **ids,
            )
        except Exception as error:  # noqa: BLE001  (whatever went wrong, the sign-up goes on)
            self._defer(user, error, ids, end)
        else:
            outcome = registration.outcome
            unfit = {"unfitFields": list(registration.unfit)} if registration.unfit else {}
            self._report.info(_WORDS_FOR_OUTCOME[outcome], outcome=str(outcome), **unfit, **ids)
            if registration.unfit:
                self._report.count("UnfitAttribute")

    def _defer(self, user: CognitoUser, error: Exception, ids: Mapping[str, str], end: float) -> None:
        reason = error_code(error)
        message = Message(user.pool_id, user.name, reason)
        try:
            self._workers.run(lambda: self._outbox.send(message), min(OUTBOX_S, end - time.monotonic()))
        except Exception as second:  # noqa: BLE001  (the last resort: a line, a metric, and the first access)
            self._report.error(
                "registration failed, and so did the outbox; the first access will create the user",
                metric="RegistrationLost",
                error=reason,
                outboxError=error_code(second),
                **ids,
            )
        else:
            self._report.warning(
                "registration failed; the outbox will see to it",
                metric="RegistrationDeferred",
                error=reason,
                **ids,
            )


def answer(event: Any) -> Any:
    """Return the event as Cognito wants it back: the same, with a `response` object."""
    if isinstance(event, dict) and not isinstance(event.get("response"), dict):
        event["response"] = {}
    return event


def from_environment(environment: Mapping[str, str], report: Report) -> Callable[[Any], None]:
    """Make the confirmation from a function's environment.

    Returns:
        A Confirmation; or, where the environment is wrong, something that says so at every event. Raising
        here would fail every sign-up for a mistake of ours.
    """
    try:
        # 2 attempts of at most 0.3 + 0.7 s: within DYNAMODB_S unless the server trickles.
        dynamodb = aws.client("dynamodb", connect_s=0.3, read_s=0.7, attempts=2)
        sqs = aws.client("sqs", connect_s=0.3, read_s=0.5, attempts=1)
        return Confirmation(
            Registrar.from_environment(environment, CONFIRM_SIGN_UP, dynamodb),
            Outbox(sqs, settings.required(environment, "OUTBOX_QUEUE_URL")),
            report,
        )
    except Exception as error:  # noqa: BLE001  (reported at every event, see above)
        problem = str(error) if isinstance(error, settings.SettingsError | ValueError) else error_code(error)

        def misconfigured(event: Any) -> None:  # noqa: ARG001  (takes what a Confirmation takes)
            report.error("the function is misconfigured", metric="RegistrationLost", problem=problem)

        return misconfigured


def confirm(confirmation: Callable[[Any], None], event: Any, report: Report) -> Any:
    """Hand an event to a confirmation and return it to Cognito, whatever happens in between."""
    try:
        confirmation(event)
    except Exception as error:  # noqa: BLE001  (a mistake of ours must not fail the sign-up; it is reported)
        report.error("unexpected error", metric="RegistrationLost", error=error_code(error))
    return answer(event)
