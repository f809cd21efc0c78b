"""Fire a user pool's Lambda triggers as Cognito does: permission, time limit, retries and errors."""

from typing import Any

from pulumi_localaws.gateway.aws_lambda.lambda_client import FunctionRef, LambdaClient, parse_function_error
from pulumi_localaws.gateway.cognito.pool_models import EMAIL, PHONE, PoolUser, UserPool
from pulumi_localaws.gateway.cognito.trigger_runs import MAX_TRIGGER_CALLS, TriggerRuns
from pulumi_localaws.gateway.wire.errors import AwsError, parse_error_code
from pulumi_localaws.gateway.wire.http_messages import Response

PRINCIPAL = "cognito-idp.amazonaws.com"
NO_CLIENT = "CLIENT_ID_NOT_APPLICABLE"
"""``callerContext.clientId`` of events without an app client, as in admin calls."""

TRIGGER_TIMEOUT_SECONDS = 5.0
"""Time limit of one call (developer guide: 5 seconds, it can't be changed)."""

SUPPORTED_LAMBDA_CONFIG_KEYS = frozenset({
    "PreSignUp", "PostConfirmation", "PreAuthentication", "PostAuthentication", "UserMigration",
    "PreTokenGeneration", "PreTokenGenerationConfig", "CustomMessage", "CustomSMSSender", "CustomEmailSender",
    "DefineAuthChallenge", "CreateAuthChallenge", "VerifyAuthChallengeResponse",
    "InboundFederation",  # the emulator fires it, without a check of the function's permission
    "KMSKeyID",  # not a trigger, but a key of LambdaConfig
})  # fmt: skip
"""The keys of LambdaConfig that take effect locally."""


def build_event(
    pool: UserPool,
    source: str,
    *,
    user_name: str,
    client_id: str,
    request: dict[str, Any],
    response: dict[str, Any],
) -> dict[str, Any]:
    """Build a trigger's event (developer guide, "User pool Lambda trigger event")."""
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


def build_user_attributes(user: PoolUser) -> dict[str, str]:
    """Build an event's ``userAttributes``: all attributes, the status, and ``*_verified`` of each address."""
    attributes = {**user.attributes, "cognito:user_status": user.status}
    for address in (EMAIL, PHONE):
        if attributes.get(address):
            attributes.setdefault(f"{address}_verified", "false")
    return attributes


class Triggers:
    """Fires triggers, with up to three calls of the function, and returns errors with Cognito's texts.

    Args:
        lambda_client: Checks the permission and invokes the function.
        timeout: Seconds that one call may take.
        runs: The number of runs that tests have set.
    """

    def __init__(
        self,
        lambda_client: LambdaClient,
        timeout: float = TRIGGER_TIMEOUT_SECONDS,
        runs: TriggerRuns | None = None,
    ) -> None:
        self._lambda_client = lambda_client
        self._timeout = timeout
        self._runs = runs or TriggerRuns()

    async def check_permission(self, pool: UserPool, trigger: str, notes: list[str]) -> FunctionRef:
        """Return a trigger's function, if the pool may invoke it.

        Raises:
            AwsError: UnexpectedLambdaException (no permission, no function).
        """
        function = FunctionRef.parse(pool.trigger_arn(trigger))
        if function is None:
            raise _unexpected_lambda_error(trigger, "ResourceNotFoundException")
        if not await self._lambda_client.may_invoke(
            function, principal=PRINCIPAL, source_arn=pool.arn, account=pool.account_id
        ):
            notes.append(f"{trigger}: no invoke permission")
            raise _unexpected_lambda_error(trigger, "AccessDeniedException")
        return function

    async def fire(
        self, pool: UserPool, trigger: str, event: dict[str, Any], notes: list[str]
    ) -> dict[str, Any]:
        """Call a trigger's function and return the ``response`` object of the event that it returns.

        Args:
            pool: The pool, which names the function.
            trigger: The key in LambdaConfig, such as ``PostConfirmation``.
            event: The event.
            notes: Receives a note for the journal.

        Raises:
            AwsError: UnexpectedLambdaException (no permission, no function, no response in time),
                UserLambdaValidationException (the function failed), InvalidLambdaResponseException.
        """
        function = await self.check_permission(pool, trigger, notes)
        response = await self._invoke(function, trigger, event, notes, runs=self._runs.get(pool.id, trigger))
        if response.is_error:
            notes.append(f"{trigger}: Lambda returned an error")
            raise _unexpected_lambda_error(trigger, parse_error_code(response) or "ServiceException")
        error_message = parse_function_error(response)
        if error_message is not None:
            notes.append(f"{trigger}: function failed")
            raise AwsError("UserLambdaValidationException", f"{trigger} failed with error {error_message}.")
        notes.append(f"{trigger}: fired")
        return _parse_response_object(response)

    async def fire_asynchronously(
        self, pool: UserPool, trigger: str, event: dict[str, Any], notes: list[str]
    ) -> None:
        """Queue an event for a trigger's function; its result and its errors are ignored.

        Raises:
            AwsError: UnexpectedLambdaException (no permission, no function).
        """
        function = await self.check_permission(pool, trigger, notes)
        response = await self._lambda_client.invoke_asynchronously(function, event)
        if response.is_error:
            notes.append(f"{trigger}: Lambda returned an error")
            raise _unexpected_lambda_error(trigger, parse_error_code(response) or "ServiceException")
        notes.append(f"{trigger}: fired")

    async def _invoke(
        self, function: FunctionRef, trigger: str, event: dict[str, Any], notes: list[str], *, runs: int
    ) -> Response:
        for attempt in range(1, MAX_TRIGGER_CALLS + 1):
            response = await self._lambda_client.invoke(function, event, self._timeout)
            if response is not None and attempt >= runs:
                return response
            notes.append(f"{trigger}: timeout {attempt}")
        raise _unexpected_lambda_error(trigger, "Socket timeout while invoking Lambda function")


def _unexpected_lambda_error(trigger: str, reason: str) -> AwsError:
    return AwsError("UnexpectedLambdaException", f"{trigger} invocation failed due to error {reason}.")


def _parse_response_object(response: Response) -> dict[str, Any]:
    try:
        document = response.json()
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise AwsError("InvalidLambdaResponseException", "Invalid lambda function output : Invalid JSON")
    response_object = document.get("response")
    if not isinstance(response_object, dict):
        raise AwsError("InvalidLambdaResponseException", "Unrecognizable lambda output")
    return response_object
