"""Registration after confirmation, within a deadline, without ever failing the sign-up.

The user is confirmed before the trigger runs, and an error of the trigger would only confuse them. So the
event is always returned. If the registration fails, the user goes to the outbox. If that fails too, the API
creates the user on first access.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from userprofiles import aws, deadline, settings
from userprofiles.registration import cognito_user
from userprofiles.registration.cognito_user import CognitoUser, UnreadableUserError
from userprofiles.registration.outbox import Outbox, OutboxMessage
from userprofiles.registration.registrar import Outcome, Registrar
from userprofiles.registration.trigger_response import add_response
from userprofiles.table.attribute_value import AttributeValueError
from userprofiles.table.store_errors import RecordTooLargeError
from userprofiles.telemetry import Report, error_code

CONFIRM_SIGN_UP = "PostConfirmation_ConfirmSignUp"
CONFIRM_FORGOT_PASSWORD = "PostConfirmation_ConfirmForgotPassword"  # noqa: S105  (a trigger's name)

_OUTCOME_MESSAGES = {
    Outcome.CREATED: "user registered",
    Outcome.EXISTED: "user already registered",
    Outcome.REPAIRED: "missing items of the user added",
    Outcome.ERASED: "user is erased and stays erased",
}


class ConfirmationProcessor:
    """Registers confirmed users.

    Args:
        registrar: Registers the users.
        outbox: The queue for users who can't be registered now.
        report: Log lines and metrics.
    """

    def __init__(self, registrar: Registrar, outbox: Outbox, report: Report) -> None:
        self._registrar = registrar
        self._outbox = outbox
        self._report = report
        self._runner = deadline.DeadlineRunner()

    def process(self, event: Any) -> None:
        """Register the user of a confirmed sign-up; ignore a password reset.

        Logs the result in one line. Returns within `deadline.POST_CONFIRMATION_SECONDS`.
        """
        end = time.monotonic() + deadline.POST_CONFIRMATION_SECONDS
        source = event.get("triggerSource") if isinstance(event, dict) else None
        if source == CONFIRM_FORGOT_PASSWORD:
            self._report.info("password reset: nothing to register", triggerSource=source)
            return
        if source != CONFIRM_SIGN_UP:
            self._report.warning("event with unknown trigger source ignored", metric="UnknownTriggerSource")
            return
        try:
            user = cognito_user.from_event(event)
        except UnreadableUserError as error:
            self._report.warning(
                "unreadable event ignored",
                metric="UnreadableEvent",
                triggerSource=source,
                problem=str(error),
            )
            return
        self._register(user, end)

    def _register(self, user: CognitoUser, end: float) -> None:
        ids = {"sub": user.sub, "userPoolId": user.pool_id, "triggerSource": CONFIRM_SIGN_UP}
        try:
            registration = self._runner.run(
                lambda: self._registrar.register(user), min(deadline.DYNAMODB_SECONDS, end - time.monotonic())
            )
        except (RecordTooLargeError, AttributeValueError) as error:
            # Later attempts would fail too: the operator's template creates items that DynamoDB can't store.
            self._report.error(
                "record can't be stored",
                metric="RegistrationImpossible",
                error=type(error).__name__,
                **ids,
            )
        except Exception as error:  # noqa: BLE001  (no error may fail the sign-up)
            self._defer(user, error, ids, end)
        else:
            outcome = registration.outcome
            unfit = {"unfitFields": list(registration.unfit_fields)} if registration.unfit_fields else {}
            self._report.info(_OUTCOME_MESSAGES[outcome], outcome=str(outcome), **unfit, **ids)
            if registration.unfit_fields:
                self._report.count("UnfitAttribute")

    def _defer(self, user: CognitoUser, error: Exception, ids: Mapping[str, str], end: float) -> None:
        reason = error_code(error)
        message = OutboxMessage(user.pool_id, user.name, reason)
        try:
            self._runner.run(
                lambda: self._outbox.send(message), min(deadline.OUTBOX_SECONDS, end - time.monotonic())
            )
        except Exception as outbox_error:  # noqa: BLE001  (logged; the first access creates the user)
            self._report.error(
                "registration and outbox failed; the first access to the API creates the user",
                metric="RegistrationLost",
                error=reason,
                outboxError=error_code(outbox_error),
                **ids,
            )
        else:
            self._report.warning(
                "registration failed; the outbox worker repeats it",
                metric="RegistrationDeferred",
                error=reason,
                **ids,
            )


def from_environment(environment: Mapping[str, str], report: Report) -> Callable[[Any], None]:
    """Create the function that processes events from a function's environment.

    Returns:
        The `process` method of a ConfirmationProcessor. If the environment is wrong, a function that logs
        the problem for each event instead: raising here would fail every sign-up because of our mistake.
    """
    try:
        # 2 attempts of at most 0.3 + 0.7 s: within DYNAMODB_SECONDS unless the server sends byte by byte.
        dynamodb = aws.client("dynamodb", connect_s=0.3, read_s=0.7, attempts=2)
        sqs = aws.client("sqs", connect_s=0.3, read_s=0.5, attempts=1)
        return ConfirmationProcessor(
            Registrar.from_environment(environment, CONFIRM_SIGN_UP, dynamodb),
            Outbox(sqs, settings.required(environment, "OUTBOX_QUEUE_URL")),
            report,
        ).process
    except Exception as error:  # noqa: BLE001  (logged for each event, see above)
        problem = str(error) if isinstance(error, settings.SettingsError | ValueError) else error_code(error)

        def report_problem(event: Any) -> None:  # noqa: ARG001  (same parameters as ConfirmationProcessor.process)
            report.error("the function is misconfigured", metric="RegistrationLost", problem=problem)

        return report_problem


def handle_event(process_event: Callable[[Any], None], event: Any, report: Report) -> Any:
    """Process an event and return it to Cognito, whatever error occurs."""
    try:
        process_event(event)
    except Exception as error:  # noqa: BLE001  (our mistake must not fail the sign-up; it is logged)
        report.error("unexpected error", metric="RegistrationLost", error=error_code(error))
    return add_response(event)
