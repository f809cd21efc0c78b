"""The gate before a sign-up, as a function's environment configures it. It fails closed."""

from collections.abc import Callable, Mapping
from typing import Any

from userprofiles import settings
from userprofiles.sign_up import UNAVAILABLE, SignUpRefusedError, check_sign_up, pre_sign_up_source
from userprofiles.telemetry import Report, error_code


def from_environment(environment: Mapping[str, str], report: Report) -> Callable[[Any], Any]:
    """Make the gate.

    Args:
        environment: TEMPLATE, SIGN_UP_ROLES and DEFAULT_ROLE.
        report: Log lines and metrics.

    Returns:
        A function that returns the event, or raises SignUpRefusedError with a text for who signs up. Where
        the environment is wrong it refuses everybody, with a text that doesn't tell why; the log does.
    """
    try:
        roles = settings.roles(environment, settings.template(environment))
    except ValueError as error:
        problem = str(error)

        def closed(event: Any) -> Any:  # noqa: ARG001  (takes what the gate takes)
            report.error("the function is misconfigured", metric="SignUpRefused", problem=problem)
            raise SignUpRefusedError(UNAVAILABLE)

        return closed

    def gate(event: Any) -> Any:
        known = pre_sign_up_source(event) or "unknown"
        try:
            passed = check_sign_up(event, roles)
        except SignUpRefusedError as refusal:
            # The texts are ours and repeat nothing that was typed.
            report.warning(
                "sign-up refused", metric="SignUpRefused", triggerSource=known, reason=str(refusal)
            )
            raise
        except Exception as error:  # noqa: BLE001  (fails closed: reported, and refused)
            report.error(
                "sign-up refused after an unexpected error",
                metric="SignUpRefused",
                triggerSource=known,
                error=error_code(error),
            )
            raise SignUpRefusedError(UNAVAILABLE) from None
        report.info("sign-up may go on", triggerSource=known)
        return passed

    return gate
