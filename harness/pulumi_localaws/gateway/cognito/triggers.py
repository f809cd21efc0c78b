"""Firing a user pool's Lambda triggers as Cognito does."""

import asyncio
from typing import Any

from pulumi_localaws.gateway.aws_lambda.lambda_client import FunctionRef, LambdaClient, function_error
from pulumi_localaws.gateway.cognito.user_directory import PoolUser, UserPool
from pulumi_localaws.gateway.wire.errors import AwsError, error_code
from pulumi_localaws.gateway.wire.http_messages import Response

PRINCIPAL = "cognito-idp.amazonaws.com"
NO_CLIENT = "CLIENT_ID_NOT_APPLICABLE"
"""What ``callerContext.clientId`` holds where no app client had a part, as in the admin calls."""

TIME_LIMIT = 5.0
ATTEMPTS = 3


def event(
    pool: UserPool,
    source: str,
    *,
    user_name: str,
    client_id: str,
    request: dict[str, Any],
    response: dict[str, Any],
) -> dict[str, Any]:
    """Return a trigger's event (developer guide, "User pool Lambda trigger event")."""
    return {
        "version": "1",
        "region": pool.region,
        "userPoolId": pool.id,
        "userName": user_name,
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": client_id or NO_CLIENT},
        "triggerSource": source,
        "request": request,
        "response": response,
    }


def attributes_with_status(user: PoolUser) -> dict[str, str]:
    """Return a user's attributes as an event has them, with the status among them."""
    return {**user.attributes, "cognito:user_status": user.status}


class Triggers:
    """Fires triggers: permission, five seconds, up to three calls, and the errors in Cognito's words.

    Args:
        functions: Asks for permissions and invokes.
        time_limit: Seconds that one call may take (developer guide: 5, and it can't be changed).
    """

    def __init__(self, functions: LambdaClient, time_limit: float = TIME_LIMIT) -> None:
        self._functions = functions
        self._time_limit = time_limit
        self._abandoned: set[asyncio.Task[Response]] = set()

    async def fire(
        self, pool: UserPool, trigger: str, document: dict[str, Any], notes: list[str]
    ) -> dict[str, Any]:
        """Call the function of a trigger and return the ``response`` object of the event that it gives back.

        Args:
            pool: The pool; it names the function.
            trigger: The key in LambdaConfig, such as ``PostConfirmation``.
            document: The event.
            notes: Where to say what was done.

        Raises:
            AwsError: UnexpectedLambdaException (no permission, no function, no answer in time),
                UserLambdaValidationException (the function failed), InvalidLambdaResponseException.
        """
        function = FunctionRef.parse(pool.trigger(trigger))
        if function is None:
            raise _unexpected(trigger, "ResourceNotFoundException")
        if not await self._functions.permitted(
            function, principal=PRINCIPAL, source_arn=pool.arn, account=pool.account
        ):
            notes.append(f"{trigger}: no invoke permission")
            raise _unexpected(trigger, "AccessDeniedException")
        answer = await self._invoke(function, trigger, document, notes)
        if answer.is_error:
            notes.append(f"{trigger}: Lambda refused")
            raise _unexpected(trigger, error_code(answer) or "ServiceException")
        failure = function_error(answer)
        if failure is not None:
            notes.append(f"{trigger}: function failed")
            raise AwsError("UserLambdaValidationException", f"{trigger} failed with error {failure}.")
        notes.append(f"{trigger}: fired")
        return _response_object(answer)

    async def _invoke(
        self, function: FunctionRef, trigger: str, document: dict[str, Any], notes: list[str]
    ) -> Response:
        for attempt in range(1, ATTEMPTS + 1):
            task = asyncio.ensure_future(self._functions.invoke(function, document))
            # A call that is too late is left running, as Cognito leaves it: its effects arrive all the same.
            done, _ = await asyncio.wait({task}, timeout=self._time_limit)
            if done:
                return task.result()
            self._abandoned.add(task)
            task.add_done_callback(self._forget)
            notes.append(f"{trigger}: time-out {attempt}")
        raise _unexpected(trigger, "Socket timeout while invoking Lambda function")

    def _forget(self, task: "asyncio.Task[Response]") -> None:
        self._abandoned.discard(task)
        if not task.cancelled():
            task.exception()  # nobody waits for it any more: read it, or asyncio complains at exit


def _unexpected(trigger: str, reason: str) -> AwsError:
    return AwsError("UnexpectedLambdaException", f"{trigger} invocation failed due to error {reason}.")


def _response_object(answer: Response) -> dict[str, Any]:
    try:
        document = answer.json()
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise AwsError("InvalidLambdaResponseException", "Invalid lambda function output : Invalid JSON")
    response = document.get("response")
    if not isinstance(response, dict):
        raise AwsError("InvalidLambdaResponseException", "Unrecognizable lambda output")
    return response
