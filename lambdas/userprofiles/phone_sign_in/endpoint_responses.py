"""The responses of the two endpoints.

400 has the form that installed applications know: a list of texts for each field. Every other error is a
problem as in the rest of the API; its member `detail` has the name that Django REST framework uses as well.
"""

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.event_handler import Response

from userprofiles.api import responses
from userprofiles.api.errors import ApiError
from userprofiles.phone_sign_in.code_errors import CodeNotQueuedError, CodesUnavailableError
from userprofiles.phone_sign_in.pool_users import SignInRefusedError
from userprofiles.phone_sign_in.request_input import InputError
from userprofiles.phone_sign_in.source_limits import SourceLimitedError
from userprofiles.telemetry import Report

_RETRY_SECONDS = 2


def success_response(body: Mapping[str, Any]) -> Response[Any]:
    """Create the response with the status 200."""
    return responses.json_response(200, body)


def exception_response(error: Exception, report: Report, resend_seconds: int) -> Response[Any]:
    """Create the response for any exception.

    Args:
        error: The exception.
        report: Log lines and metrics.
        resend_seconds: How long a phone number waits for another code.
    """
    if isinstance(error, SignInRefusedError):
        report.warning("sign-in refused", metric="PhoneSignInRefused", reason=error.reason)
    if isinstance(error, InputError):
        return responses.json_response(400, error.body())
    if isinstance(error, SourceLimitedError):
        report.warning("source address limited", metric="PhoneRequestsLimited")
        problem = ApiError(429, "too_many_requests", "Too many requests from this address. Try again later.")
        return _retry_response(problem, error.retry_after)
    if isinstance(error, CodeNotQueuedError):
        report.error("code not queued", metric="ApiUnavailable", error=error.code)
        problem = ApiError(503, "code_not_sent", "The code could not be sent. Request another one later.")
        return _retry_response(problem, resend_seconds)
    if isinstance(error, CodesUnavailableError):
        report.error("a call to AWS failed", metric="ApiUnavailable", error=error.code)
        problem = ApiError(503, "unavailable", "The service is not available. Try again in a few seconds.")
        return _retry_response(problem, _RETRY_SECONDS)
    return responses.exception_response(error, report)


def _retry_response(problem: ApiError, seconds: int) -> Response[Any]:
    return responses.error_response(problem, {"Retry-After": str(seconds)})
